//! The keeper: a thread of the primary that has what its processes share (stores, locks, topics), so that the JavaScript
//! thread is never on the way to it.
//!
//! - `store`, `locks` and `state` decide, and know neither clock nor socket;
//! - `request` and `outbox` are what is said: what comes in, and what goes out;
//! - `thread` carries out; this file is what the JavaScript thread sees.

mod locks;
mod outbox;
mod request;
mod state;
mod store;
mod thread;

use std::io;
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

use tokio::sync::mpsc::{self, UnboundedSender};

/// A process that asks the keeper, by a number that is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallerId(pub u64);

/// The keeper's thread, as the JavaScript thread sees it. Dropping it ends the thread, and with it all that is kept.
#[derive(Debug)]
pub struct Keeper {
    sockets: Option<UnboundedSender<OwnedFd>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread. `panicked` is called in it with the text of a panic, which ends it.
    ///
    /// Errors: those of `epoll_create1`, `eventfd` and of creating a thread.
    pub fn start(panicked: impl Fn(String) + Send + 'static) -> io::Result<Keeper> {
        let (sockets, receiver) = mpsc::unbounded_channel();
        let thread = thread::start(receiver, panicked)?;
        Ok(Keeper {
            sockets: Some(sockets),
            thread: Some(thread),
        })
    }

    /// Serves the process that has the other end of this socket, one of [`crate::sys::stream::pair`], until that is closed:
    /// then what it held is free.
    pub fn serve(&self, socket: OwnedFd) {
        if let Some(sockets) = &self.sockets {
            // It fails only when the thread has ended; then the other end is closed, and says so.
            let _ = sockets.send(socket);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.sockets = None;
        if let Some(thread) = self.thread.take() {
            // An error would be a panic while a panic was reported, and has been printed.
            let _ = thread.join();
        }
    }
}
