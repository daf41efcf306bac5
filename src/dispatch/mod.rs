//! The dispatcher: a thread of the primary that accepts connections, chooses a worker for each and hands it over, so
//! that the JavaScript thread is never on a connection's path.
//!
//! - `scheduler`, `policy`, `account`, `claims` and `first_bytes` decide, and know neither clock nor socket;
//! - `thread` carries out, and `identify` finds out what there is to know of a connection before it is handed over;
//! - this file is what the JavaScript thread sees.

mod account;
mod claims;
mod figures;
mod first_bytes;
mod identify;
mod ledger;
mod lot;
mod parking;
mod policy;
mod queue;
mod rebalance;
mod scheduler;
#[cfg(test)]
mod scheduler_test;
mod shed;
mod stalls;
mod thread;
#[cfg(test)]
mod thread_test;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::{Arc, mpsc as sync};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::errno::Errno;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::oneshot;

pub use figures::Figures;
pub use first_bytes::StickyBy;
pub use stalls::STALL_FROM;

use crate::admin::{Application, Told, Totals};
use crate::sys::page::Page;
use figures::Counts;

/// A worker, by the number that `cluster` gives it. A number is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkerId(pub u32);

/// A listening socket, by a number of the caller's, which travels with each connection. A number is used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListenerId(pub u32);

/// What a connection's client is recognised by, as a number that is not 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// That of the worker itself, for [`Policy::Program`].
    fn of_worker(worker: WorkerId) -> Key {
        Key(u64::from(worker.0) + 1)
    }
}

/// Whose clients a worker has with sticky scheduling: they belong to its place, and stay with it when another worker takes
/// it. Where two have the same place for a while, the older one has the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(u64);

impl Place {
    /// The place of a worker that nobody else ever has.
    fn of_worker(worker: WorkerId) -> Place {
        Place(u64::from(worker.0) + 1)
    }

    /// One of the places that the program has numbered.
    pub fn numbered(number: u32) -> Place {
        Place(u64::from(number) | 1 << 32)
    }

    /// The program's number of it, if it has one.
    fn number(self) -> Option<u32> {
        (self.0 >> 32 == 1).then_some(self.0 as u32)
    }
}

/// How a worker is chosen for a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Each in its turn, those first that have nothing waiting (`SCHED_RR`).
    #[default]
    RoundRobin,
    /// The one with the fewest connections, open or waiting (`SCHED_LEAST`).
    LeastConnections,
    /// The same one for each client (`SCHED_STICKY`).
    Sticky(StickyBy),
    /// The one that the program's own scheduler names; in its turn, if it names none in time.
    Program,
}

/// What the program's own scheduler gets to know of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Where the client is; none on a Unix socket.
    pub peer: Option<SocketAddr>,
    /// Where the connection was made to; none on a Unix socket.
    pub local: Option<SocketAddr>,
}

/// Asks the program for a worker. It answers, or drops the sender, in any thread, at any time.
pub type Chooser = Box<dyn Fn(Arrival, oneshot::Sender<Option<WorkerId>>) + Send>;

/// What joins a worker to the dispatcher.
#[derive(Debug)]
pub struct Seat {
    /// The primary's end of the handoff socket, see [`crate::sys::handoff::pair`].
    pub ours: OwnedFd,
    /// The primary's copy of the worker's end, to take back what the worker has not taken.
    pub theirs: OwnedFd,
    /// The worker's process, see [`crate::sys::pidfd::open`]. It is only polled here, and reaped elsewhere.
    pub pidfd: OwnedFd,
    /// The page that the worker writes.
    pub page: Arc<Page>,
    /// The worker's process, as a number: to be read of, and never to be sent a signal.
    pub pid: i32,
}

/// The way to the primary that follows this one.
#[derive(Debug)]
pub struct Successor {
    /// This process's end of a handoff socket, see [`crate::sys::handoff::pair`].
    pub ours: OwnedFd,
    /// A copy of the other end, to take back what the successor has not taken.
    pub theirs: OwnedFd,
}

impl Successor {
    /// Errors: those of duplicating descriptors.
    pub fn try_clone(&self) -> io::Result<Successor> {
        Ok(Successor {
            ours: self.ours.try_clone()?,
            theirs: self.theirs.try_clone()?,
        })
    }
}

/// What the dispatcher has to tell. It is told in the dispatcher's thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// Descriptors or memory are used up, so accepting or handing over pauses and is tried again. Told once, and again
    /// only after things have gone well for a second.
    Exhausted { errno: Errno },
    /// A worker has written what it must not into its end of the handoff socket, or shut it down. It gets no more
    /// connections, and what it had not taken goes to others.
    Broken { worker: WorkerId },
    /// A worker or a listener could not be watched and is left out.
    Failed { errno: Errno },
    /// A worker does not receive at this address: its own socket can't be bound there any more.
    Unbound {
        worker: WorkerId,
        address: String,
        port: u16,
        errno: Errno,
    },
    /// The thread has panicked, with this text. It has ended, all its connections are closed, and nobody accepts.
    Panicked { text: String },
}

enum Command {
    OpenAdmin(OwnedFd, Arc<Told>, Arc<Application>),
    CloseAdmin,
    ServeAdmin(bool),
    HandOver(Successor),
    TakeBack,
    Totals(sync::SyncSender<Totals>),
    InheritTotals(Box<Totals>),
    Inherit(OwnedFd, BTreeMap<u32, ListenerId>),
    AddWorker(WorkerId, Seat),
    RemoveWorker(WorkerId),
    OpenListener(ListenerId, OwnedFd),
    Join(ListenerId, WorkerId),
    Leave(ListenerId, WorkerId),
    CloseListener(ListenerId, sync::SyncSender<()>),
    SetPolicy(Policy),
    SetChooser(Option<Chooser>),
    SetWeight(WorkerId, f64),
    SetPaused(WorkerId, bool),
    SetPlace(WorkerId, Place),
    SetTakeBackAfter(Duration),
    SetMaxUnidentified(usize),
    SetRebalance(bool),
    SetMaxWait(Option<Duration>),
}

/// The dispatcher's thread, as the JavaScript thread sees it. Commands are carried out in the order they are given;
/// those about a worker or listener that doesn't exist (any more) do nothing. Dropping it ends the thread and closes
/// all that it holds.
#[derive(Debug)]
pub struct Dispatcher {
    commands: Option<UnboundedSender<Command>>,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

impl Dispatcher {
    /// Starts the thread. `report` is called in it.
    ///
    /// Errors: those of `epoll_create1`, `eventfd` and of creating a thread.
    pub fn start(report: impl Fn(Report) + Send + 'static) -> io::Result<Dispatcher> {
        let (commands, receiver) = mpsc::unbounded_channel();
        let counts = Arc::new(Counts::default());
        let thread = thread::start(receiver, counts.clone(), report)?;
        Ok(Dispatcher {
            commands: Some(commands),
            counts,
            thread: Some(thread),
        })
    }

    fn command(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // It fails only when the thread has ended, with all that the command could be about.
            let _ = commands.send(command);
        }
    }

    /// Lets a worker in. It gets no connection before it joins a listener.
    pub fn add_worker(&self, worker: WorkerId, seat: Seat) {
        self.command(Command::AddWorker(worker, seat));
    }

    /// Forgets a worker, dead or not: what it has not taken goes to others. A worker that dies is forgotten without it,
    /// as far as connections are concerned.
    pub fn remove_worker(&self, worker: WorkerId) {
        self.command(Command::RemoveWorker(worker));
    }

    /// Takes over a socket, TCP or Unix, that is bound, listening and non-blocking. Connections stay with the kernel
    /// until a worker joins.
    pub fn open_listener(&self, listener: ListenerId, socket: OwnedFd) {
        self.command(Command::OpenListener(listener, socket));
    }

    /// The worker takes connections of this listener from now on. One that gave a connection back, and joins again,
    /// is offered the next at once.
    pub fn join(&self, listener: ListenerId, worker: WorkerId) {
        self.command(Command::Join(listener, worker));
    }

    /// The worker takes no more connections of this listener: those it has not taken yet go to others. If it was the
    /// last, what has been accepted waits until another joins or the listener is closed.
    pub fn leave(&self, listener: ListenerId, worker: WorkerId) {
        self.command(Command::Leave(listener, worker));
    }

    /// Closes a listener and the connections that wait for it. Returns when it is closed, so that its address can be
    /// bound again at once.
    pub fn close_listener(&self, listener: ListenerId) {
        let (closed, wait) = sync::sync_channel(1);
        self.command(Command::CloseListener(listener, closed));
        // An error means that the thread has ended, and with it the socket.
        let _ = wait.recv();
    }

    /// Sets how a worker is chosen from now on.
    pub fn set_policy(&self, policy: Policy) {
        self.command(Command::SetPolicy(policy));
    }

    /// Has the program choose from now on, or, with `None`, the policy again.
    pub fn set_chooser(&self, chooser: Option<Chooser>) {
        self.command(Command::SetChooser(chooser));
    }

    /// How much of the load a worker gets, in comparison with others, which have 1 if nothing is said.
    pub fn set_weight(&self, worker: WorkerId, weight: f64) {
        self.command(Command::SetWeight(worker, weight));
    }

    /// Gives a worker no connections as long as it is paused; what it has not taken goes to others.
    pub fn set_paused(&self, worker: WorkerId, paused: bool) {
        self.command(Command::SetPaused(worker, paused));
    }

    /// Says what place a worker has, if not one of its own.
    pub fn set_place(&self, worker: WorkerId, place: Place) {
        self.command(Command::SetPlace(worker, place));
    }

    /// Sets how many clients at most are waited for at the same time to send what they are recognised by. If there are
    /// more, the one that has been waited for longest is known by its address. It is 4096 at first.
    pub fn set_max_unidentified(&self, most: usize) {
        self.command(Command::SetMaxUnidentified(most));
    }

    /// Sets for how long a connection may wait in the queue of a worker, before it goes to another that is free. It is
    /// 20 ms at first, and looked at every 5 ms.
    pub fn set_take_back_after(&self, after: Duration) {
        self.command(Command::SetTakeBackAfter(after));
    }

    /// Whether workers are asked to give back kept-alive connections where that saves their clients more than it costs.
    pub fn set_rebalance(&self, yes: bool) {
        self.command(Command::SetRebalance(yes));
    }

    /// Sets for how long a connection may wait for a worker before it is refused: with an answer, if it is for HTTP. Without it,
    /// connections wait for as long as it takes.
    pub fn set_max_wait(&self, most: Option<Duration>) {
        self.command(Command::SetMaxWait(most));
    }

    /// Takes over a socket that is bound, listening and non-blocking, for the admin port of a supervisor that tells of itself.
    /// What it is to tell of has to come later.
    pub fn open_admin(&self, socket: OwnedFd, told: Arc<Told>, application: Arc<Application>) {
        self.command(Command::OpenAdmin(socket, told, application));
    }

    /// Answers on the admin port, or leaves that to another primary which has the same socket.
    pub fn serve_admin(&self, yes: bool) {
        self.command(Command::ServeAdmin(yes));
    }

    /// Accepts nothing from now on, and has all connections that wait, or would, cross over to the primary that follows.
    pub fn hand_over(&self, successor: Successor) {
        self.command(Command::HandOver(successor));
    }

    /// Ends that: what has not been taken by the other waits here again.
    pub fn take_back(&self) {
        self.command(Command::TakeBack);
    }

    /// What the admin port has counted until now; nothing if there is none.
    pub fn totals(&self) -> Option<Totals> {
        let (told, wait) = sync::sync_channel(1);
        self.command(Command::Totals(told));
        wait.recv().ok()
    }

    /// Has the admin port count on from what a predecessor has counted until now.
    pub fn inherit_totals(&self, totals: Totals) {
        self.command(Command::InheritTotals(Box::new(totals)));
    }

    /// Serves connections that cross over from a predecessor, whose listeners are these here.
    pub fn inherit(&self, handoff: OwnedFd, listeners: BTreeMap<u32, ListenerId>) {
        self.command(Command::Inherit(handoff, listeners));
    }

    /// Closes the admin port.
    pub fn close_admin(&self) {
        self.command(Command::CloseAdmin);
    }

    /// What has become of the connections so far.
    pub fn figures(&self) -> Figures {
        self.counts.read()
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // An error would be a panic while a panic was reported, and has been printed.
            let _ = thread.join();
        }
    }
}
