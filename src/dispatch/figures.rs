//! What has become of the connections, as numbers that any thread may read.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that one thread changes and others read.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    pub(super) fn subtract(&self, less: u64) {
        self.0.fetch_sub(less, Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) accepted: Count,
    pub(super) handed: Count,
    pub(super) taken: Count,
    pub(super) taken_back: Count,
    pub(super) given_back: Count,
    pub(super) moved: Count,
    pub(super) closed: Count,
    pub(super) evicted: Count,
    pub(super) shed: Count,
    pub(super) waiting: Count,
    pub(super) parked: Count,
}

impl Counts {
    pub(super) fn read(&self) -> Figures {
        Figures {
            accepted: self.accepted.get(),
            handed: self.handed.get(),
            taken: self.taken.get(),
            taken_back: self.taken_back.get(),
            given_back: self.given_back.get(),
            moved: self.moved.get(),
            closed: self.closed.get(),
            evicted: self.evicted.get(),
            shed: self.shed.get(),
            waiting: self.waiting.get(),
            parked: self.parked.get(),
        }
    }
}

/// Numbers of connections since the dispatcher started. When it is at rest they add up:
/// `accepted + taken_back + given_back + moved == handed + closed + waiting + parked`, and `handed == taken + taken_back`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Accepted from the kernel.
    pub accepted: u64,
    /// Put into the queue of a worker. A connection may be handed over more than once.
    pub handed: u64,
    /// Received by a worker from its queue, as far as is known yet.
    pub taken: u64,
    /// Received back from the queue of a worker that was stuck, left or died.
    pub taken_back: u64,
    /// Sent back by a worker that had taken them, and could not serve them.
    pub given_back: u64,
    /// Sent back by a worker between two requests, to be parked. A connection may move more than once.
    pub moved: u64,
    /// Closed: their listener was, or, while they were parked, their client hung up or their idle time was over, or this
    /// process had no descriptor left for them.
    pub closed: u64,
    /// Those of the closed that had to make room while they were parked.
    pub evicted: u64,
    /// Those of the closed that had waited too long for a worker, and were refused.
    pub shed: u64,
    /// Accepted, and waiting in the primary for a worker that can take them.
    pub waiting: u64,
    /// Between two requests, and waiting in the primary for their clients to speak.
    pub parked: u64,
}

impl Figures {
    /// Connections in the queues of the workers, as far as is known.
    pub fn queued(&self) -> u64 {
        // They are read one by one, so that they may not fit together.
        let gone = self.taken.saturating_add(self.taken_back);
        self.handed.saturating_sub(gone)
    }
}
