//! A worker's queue, as the scheduler sees it: what can be done with it, and what comes of that.

use crate::ipc::ticket::Ticket;
use crate::sys::page::LoopState;

/// A time of the monotonic clock, or a span of it.
pub(super) type Nanoseconds = u64;

/// Why a connection could not be put into a queue.
#[derive(Debug)]
pub(super) enum Refusal {
    /// Nothing more fits in for now.
    Full,
    /// The worker's end is unusable for good.
    Broken,
}

/// What was received back from a queue.
#[derive(Debug)]
pub(super) enum TakenBack<C> {
    Connection(Ticket, C),
    /// A message without a connection.
    Nudge,
    /// A connection, but its descriptor could not be had; the kernel has closed it.
    Lost,
    /// There is nothing in the queue.
    Empty,
    /// Nothing can be received now without losing it.
    NoRoom,
}

/// The handoff queue and the page of one worker.
pub(super) trait Handoff {
    type Connection;
    fn send(
        &self,
        ticket: Ticket,
        connection: Self::Connection,
    ) -> Result<(), (Self::Connection, Refusal)>;
    fn take_back(&self) -> TakenBack<Self::Connection>;
    /// Puts a message without a connection into the queue, to wake the worker; whether it went in.
    fn nudge(&self) -> bool;
    /// The worker's count of the messages that it has taken.
    fn taken(&self) -> u64;
    fn loop_state(&self) -> LoopState;
    /// How many connections the worker says it has open.
    fn open(&self) -> u64;
    /// The sum of the squares of its past stalls in callbacks for I/O, in µs².
    fn stalled(&self) -> u64;
    /// Asks the worker to have given back so many kept-alive connections, all in all.
    fn ask(&self, total: u64);
}
