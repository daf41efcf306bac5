//! What the dispatcher knows about one worker: what it has been sent, and what it has not taken yet.

use std::collections::VecDeque;
use std::sync::Arc;

use super::figures::Counts;
use super::queue::{Handoff, Nanoseconds};
use super::stalls::Stalls;
use super::{ListenerId, Place};
use crate::sys::page::LoopState;

/// How many connections one worker may have queued. The kernel's own limit is about twice as high.
pub(super) const QUEUE_LIMIT: usize = 128;
/// A worker is stuck that leaves its queue alone for so long.
const STUCK_AFTER: Nanoseconds = 10_000_000;
/// A worker is stuck that runs callbacks without a break for so long. It is longer than the kernel lets a process wait for
/// a core on a machine that is only loaded.
pub(super) const BUSY_AFTER: Nanoseconds = 30_000_000;

/// What a turn costs a worker of weight 1.
pub(super) const STRIDE: u64 = 1 << 16;

/// How much of the load a worker gets, in comparison with others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Weight(pub(super) f64);

impl Weight {
    pub(super) fn new(weight: f64) -> Weight {
        Weight(weight.clamp(0.001, 1000.0))
    }

    /// What one turn costs.
    pub(super) fn stride(self) -> u64 {
        (STRIDE as f64 / self.0) as u64
    }
}

impl Default for Weight {
    fn default() -> Self {
        Weight(1.0)
    }
}

/// A message that was sent and, as far as is known, not taken.
enum Sent {
    Connection {
        listener: ListenerId,
        at: Nanoseconds,
    },
    Nudge,
}

impl Sent {
    fn is_connection(&self) -> bool {
        matches!(self, Sent::Connection { .. })
    }
}

pub(super) struct Account<H> {
    pub(super) handoff: H,
    pub(super) weight: Weight,
    pub(super) place: Place,
    /// It is to get no connections until it isn't any more.
    pub(super) paused: bool,
    counts: Arc<Counts>,
    /// Oldest first, as in the queue.
    queued: VecDeque<Sent>,
    /// How many of these are connections.
    connections: usize,
    /// The worker's count of messages taken, when last read.
    taken: u64,
    /// How many more the worker will count that are not in `queued`: it had received them, but not counted them yet,
    /// when its queue was found empty.
    uncounted: u64,
    /// Connections that are, or have ended, with the worker: the most that it can give back.
    pub(super) holding: u64,
    /// When the worker last took something, or was sent something while it had nothing queued.
    moved_at: Nanoseconds,
    /// The kernel let no more in, and the worker has taken nothing since.
    pub(super) full: bool,
    pub(super) stalls: Stalls,
    /// How many kept-alive connections it has given back, and how many it was asked for, all in all.
    moved: u64,
    asked: u64,
    /// What its page says of past stalls.
    stalled: u64,
    /// What its loop did when last looked at.
    seen: Option<LoopState>,
    /// It was found stuck, and a nudge is in its queue: when it has taken that, it is well again.
    nudged: bool,
    /// Nothing was sent since the queue was found empty.
    pub(super) empty: bool,
    /// Nothing can be sent to it any more.
    pub(super) broken: bool,
    /// No connections for it any more; it goes when its queue is empty.
    pub(super) gone: bool,
}

impl<H: Handoff> Account<H> {
    pub(super) fn new(handoff: H, place: Place, counts: Arc<Counts>) -> Self {
        Account {
            taken: handoff.taken(),
            stalled: handoff.stalled(),
            handoff,
            weight: Weight::default(),
            place,
            paused: false,
            counts,
            queued: VecDeque::with_capacity(QUEUE_LIMIT + 1),
            connections: 0,
            uncounted: 0,
            holding: 0,
            moved_at: 0,
            full: false,
            stalls: Stalls::default(),
            moved: 0,
            asked: 0,
            seen: None,
            nudged: false,
            empty: true,
            broken: false,
            gone: false,
        }
    }

    /// Reads the worker's page. Its numbers may be nonsense: what they say is never more than what was sent.
    pub(super) fn refresh(&mut self, now: Nanoseconds) {
        let taken = self.handoff.taken();
        let news = taken.wrapping_sub(self.taken);
        if news > 0 {
            self.taken = taken;
            self.moved_at = now;
            let counted_late = news.min(self.uncounted);
            self.uncounted -= counted_late;
            let left_queue = (news - counted_late).min(self.queued.len() as u64);
            self.drop_oldest(left_queue as usize);
            self.full = false;
        }
    }

    /// The worker has the oldest messages of its queue.
    fn drop_oldest(&mut self, number: usize) {
        for sent in self.queued.drain(..number) {
            match sent {
                Sent::Connection { .. } => {
                    self.connections -= 1;
                    self.counts.taken.add(1);
                }
                Sent::Nudge => self.nudged = false,
            }
        }
    }

    /// How many connections are queued.
    pub(super) fn queued(&self) -> usize {
        self.connections
    }

    /// The listener of the connection that has been queued for longest, and for how long.
    pub(super) fn oldest(&self, now: Nanoseconds) -> Option<(ListenerId, Nanoseconds)> {
        self.queued.iter().find_map(|sent| match sent {
            Sent::Connection { listener, at } => Some((*listener, now.saturating_sub(*at))),
            Sent::Nudge => None,
        })
    }

    /// Whether it can take connections, now or soon.
    pub(super) fn is_there(&self) -> bool {
        !self.gone && !self.broken && !self.paused
    }

    pub(super) fn can_take(&self) -> bool {
        self.is_there() && !self.full && self.connections < QUEUE_LIMIT
    }

    pub(super) fn is_stuck(&self, now: Nanoseconds) -> bool {
        let busy = match self.handoff.loop_state() {
            LoopState::Awake { since_ns } => now.saturating_sub(since_ns),
            LoopState::Asleep { .. } => 0,
        };
        let waits = self.oldest(now).map_or(0, |(_, age)| age);
        busy >= BUSY_AFTER || waits >= STUCK_AFTER
    }

    /// Whether it would take a connection at once.
    pub(super) fn is_free(&self, now: Nanoseconds) -> bool {
        self.can_take() && self.connections == 0 && !self.is_stuck(now)
    }

    /// Looks whether the worker stalls, while its clients could be served by another or not; whether its loop has gone on since
    /// the last look.
    pub(super) fn look(&mut self, another_is_free: bool, now: Nanoseconds) -> bool {
        let state = self.handoff.loop_state();
        let awake_since = match state {
            LoopState::Awake { since_ns } => Some(since_ns),
            LoopState::Asleep { .. } => None,
        };
        self.stalls.look(awake_since, another_is_free, now);
        let stalled = self.handoff.stalled();
        self.stalls.ended(stalled.wrapping_sub(self.stalled), now);
        self.stalled = stalled;
        self.seen.replace(state) != Some(state) || awake_since.is_some()
    }

    /// Asks for so many kept-alive connections.
    pub(super) fn ask(&mut self, number: u64) {
        let total = self.moved + number;
        if total == self.asked {
            return;
        }
        let is_new = self.asked <= self.moved && number > 0;
        self.asked = total;
        self.handoff.ask(total);
        // A worker that sleeps does not see it.
        if is_new && self.queued.is_empty() && self.handoff.nudge() {
            self.queued.push_back(Sent::Nudge);
        }
    }

    /// It has given back a kept-alive connection; whether it was asked to.
    pub(super) fn has_moved(&mut self) -> bool {
        self.moved += 1;
        self.moved <= self.asked
    }

    /// Whether the worker has connections queued and has taken none for so long, or was found so. One that is only
    /// behind, like everybody under more load than there are workers for, takes some now and then.
    pub(super) fn is_still(&self, now: Nanoseconds, long: Nanoseconds) -> bool {
        self.nudged || (self.connections > 0 && now.saturating_sub(self.moved_at) >= long)
    }

    pub(super) fn sent(&mut self, listener: ListenerId, now: Nanoseconds) {
        if self.connections == 0 {
            self.moved_at = now;
        }
        self.queued
            .push_back(Sent::Connection { listener, at: now });
        self.connections += 1;
        self.empty = false;
        self.holding += 1;
        self.counts.handed.add(1);
    }

    /// A connection has been received back from the queue.
    pub(super) fn taken_back(&mut self) {
        if self.forget(Sent::is_connection) {
            self.connections -= 1;
        } else {
            // The page said that the worker had it, which was a lie.
            self.counts.taken.subtract(1);
        }
        self.holding = self.holding.saturating_sub(1);
        self.counts.taken_back.add(1);
        self.full = false;
    }

    pub(super) fn nudge_taken_back(&mut self) {
        self.nudged = false;
        self.forget(|sent| !sent.is_connection());
    }

    /// Forgets the oldest message of a kind. Not simply the oldest of all: the worker may have that, and not have
    /// counted it yet.
    fn forget(&mut self, kind: impl Fn(&Sent) -> bool) -> bool {
        let oldest = self.queued.iter().position(kind);
        oldest.and_then(|index| self.queued.remove(index)).is_some()
    }

    /// The queue was found empty: the worker has all that was sent, whatever it has counted.
    pub(super) fn found_empty(&mut self) {
        self.uncounted += self.queued.len() as u64;
        self.drop_oldest(self.queued.len());
        self.empty = true;
    }

    /// Remembers that the worker is stuck, and nudges it: an idle worker shows by itself no sign of life.
    pub(super) fn mark_stuck(&mut self) {
        if !self.nudged && self.handoff.nudge() {
            self.queued.push_back(Sent::Nudge);
            self.nudged = true;
        }
    }
}
