//! The keeper: a thread of the primary that has what its processes share (stores, locks, topics), so that the JavaScript
//! thread is never on the way to it.
//!
//! - `store`, `locks` and `state` decide, and know neither clock nor socket;
//! - `request` and `outbox` are what is said: what comes in, and what goes out;
//! - `snapshot` is all of it, for the primary that follows in an upgrade;
//! - `thread` carries out; this file is what the JavaScript thread sees.

mod locks;
mod outbox;
mod request;
mod snapshot;
mod state;
mod store;
mod thread;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc as sync;
use std::thread::JoinHandle;

use tokio::sync::mpsc::{self, UnboundedSender};

/// A process that asks the keeper, by a number that is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CallerId(pub u64);

/// What the thread is told.
enum Command {
    Serve(OwnedFd),
    Prepare(OwnedFd),
    Leave(sync::SyncSender<bool>),
}

/// The keeper's thread, as the JavaScript thread sees it. Dropping it ends the thread, and with it all that is kept.
#[derive(Debug)]
pub struct Keeper {
    commands: Option<UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread. `panicked` is called in it with the text of a panic, which ends it. Where a predecessor keeps, its
    /// link of [`prepare`](Self::prepare) is given: that keeper serves until it leaves all to this one, or dies.
    ///
    /// Errors: those of `epoll_create1`, `eventfd` and of creating a thread.
    pub fn start(
        predecessor: Option<OwnedFd>,
        panicked: impl Fn(String) + Send + 'static,
    ) -> io::Result<Keeper> {
        let (commands, receiver) = mpsc::unbounded_channel();
        let thread = thread::start(receiver, predecessor, panicked)?;
        Ok(Keeper {
            commands: Some(commands),
            thread: Some(thread),
        })
    }

    /// Serves the processes of a successor, too, whose keeper has the other end of this link, one of
    /// [`crate::sys::handoff::pair`].
    pub fn prepare(&self, link: OwnedFd) {
        self.command(Command::Prepare(link));
    }

    /// Leaves all to the successor, and serves nobody any more. Waits until that is done; whether it could be.
    pub fn leave(&self) -> bool {
        let (left, wait) = sync::sync_channel(1);
        self.command(Command::Leave(left));
        wait.recv().unwrap_or(false)
    }

    fn command(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // It fails only when the thread has ended; then the other ends are closed, and say so.
            let _ = commands.send(command);
        }
    }

    /// Serves the process that has the other end of this socket, one of [`crate::sys::stream::pair`], until that is closed:
    /// then what it held is free.
    pub fn serve(&self, socket: OwnedFd) {
        self.command(Command::Serve(socket));
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // An error would be a panic while a panic was reported, and has been printed.
            let _ = thread.join();
        }
    }
}
