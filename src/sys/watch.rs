//! Descriptors that a thread with a tokio runtime waits for.

use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdRegisterError};

/// Watches whether there is something to read. Must be called within the runtime.
///
/// Errors: those of `epoll_ctl`, with the descriptor.
pub fn readable(descriptor: OwnedFd) -> Result<AsyncFd<OwnedFd>, AsyncFdRegisterError<OwnedFd>> {
    // SAFETY: an OwnedFd is open, stays the same, and is closed only after it has left the runtime.
    unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }
}
