//! Descriptors that a thread with a tokio runtime waits for.

use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdRegisterError};

/// A descriptor that is watched, or that can't be.
pub type Watched = Result<AsyncFd<OwnedFd>, AsyncFdRegisterError<OwnedFd>>;

/// Watches whether there is something to read. Must be called within the runtime.
///
/// Errors: those of `epoll_ctl`, with the descriptor.
pub fn readable(descriptor: OwnedFd) -> Watched {
    watch(descriptor, Interest::READABLE)
}

/// Watches whether there is room to write. Must be called within the runtime.
///
/// Errors: as above.
pub fn writable(descriptor: OwnedFd) -> Watched {
    watch(descriptor, Interest::WRITABLE)
}

fn watch(descriptor: OwnedFd, interest: Interest) -> Watched {
    // SAFETY: an OwnedFd is open, stays the same, and is closed only after it has left the runtime.
    unsafe { AsyncFd::register_with_interest(descriptor, interest) }
}
