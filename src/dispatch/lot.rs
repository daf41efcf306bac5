//! Watches parked connections, and tells whose client has spoken or hung up. A task and a timer for each would cost more
//! memory than the connection itself.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use tokio::io::unix::AsyncFd;

use super::parking::ParkedId;
use crate::sys::watch;

/// How many clients that have spoken are told of at once.
const MOST: usize = 64;

/// The set of parked connections, as the kernel watches it.
pub(super) struct Lot {
    watched: Epoll,
    /// Another descriptor of the same set, which is readable when there is something to tell.
    ready: AsyncFd<OwnedFd>,
}

impl Lot {
    /// An empty set. Must be called within a tokio runtime.
    ///
    /// Errors: those of `epoll_create1`, and of watching it.
    pub(super) fn new() -> io::Result<Lot> {
        let watched = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let ready = watch::readable(watched.0.try_clone()?)?;
        Ok(Lot { watched, ready })
    }

    /// Watches a connection until it is told of once.
    ///
    /// Errors: those of `epoll_ctl`.
    pub(super) fn add(&self, id: ParkedId, connection: impl AsFd) -> io::Result<()> {
        let speaks = EpollFlags::EPOLLIN | EpollFlags::EPOLLRDHUP | EpollFlags::EPOLLONESHOT;
        Ok(self
            .watched
            .add(connection, EpollEvent::new(speaks, id.0))?)
    }

    /// Watches a connection no more. One that is closed need not be removed.
    pub(super) fn remove(&self, connection: impl AsFd) {
        // It fails only for what is not watched.
        let _ = self.watched.delete(connection);
    }

    /// Waits for clients that speak or hang up. Some may be told of that are not parked any more.
    pub(super) async fn next(&self) -> Vec<ParkedId> {
        loop {
            let Ok(mut ready) = self.ready.readable().await else {
                return Vec::new();
            };
            let mut events = [EpollEvent::empty(); MOST];
            match self.watched.wait(&mut events, EpollTimeout::ZERO) {
                Ok(0) | Err(_) => ready.clear_ready(),
                Ok(count) => {
                    return events[..count]
                        .iter()
                        .map(|event| ParkedId(event.data()))
                        .collect();
                }
            }
        }
    }
}
