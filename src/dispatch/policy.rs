//! Whose turn it is.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::account::{Account, STRIDE, Weight};
use super::queue::{Handoff, Nanoseconds};
use super::rebalance;
use super::{Key, Place, Policy, WorkerId};

/// A worker that gave a connection back is offered one more after so long, to see whether it takes it.
pub(super) const DECLINE: Nanoseconds = 10_000_000;
/// By how many turns a worker can lag behind and still catch up. It makes the spread even where workers are passed over
/// at random, and is too little for those that were stuck or have just joined to be flooded.
const CATCH_UP: u64 = 128 * STRIDE;

/// A worker that serves a listener.
pub(super) struct Member {
    pub(super) worker: WorkerId,
    /// What the turns that it has had have cost, but never much less than another's.
    turns: u64,
    /// How many connections it had open when it last gave one back; none since then.
    full_at: Option<u64>,
    /// It gave that one back because it takes none at all.
    takes_none: bool,
    next_try: Nanoseconds,
}

impl Member {
    /// A worker that has just joined these.
    pub(super) fn new(worker: WorkerId, members: &[Member]) -> Member {
        Member {
            worker,
            turns: members.last().map_or(0, |last| last.turns),
            full_at: None,
            takes_none: false,
            next_try: 0,
        }
    }

    /// It gave a connection back, with so many open.
    pub(super) fn declined(&mut self, open: u64, takes_none: bool, now: Nanoseconds) {
        self.full_at = Some(open);
        self.takes_none = takes_none;
        self.next_try = now + DECLINE;
    }

    pub(super) fn is_asked_again(&mut self) {
        self.full_at = None;
        self.takes_none = false;
    }

    /// Whether it takes no connection at all, as far as is known.
    pub(super) fn takes_none<H: Handoff>(&self, account: &Account<H>) -> bool {
        self.takes_none
            && self
                .full_at
                .is_some_and(|full_at| account.handoff.open() <= full_at)
    }

    /// Whether it takes connections as far as is known.
    pub(super) fn has_room<H: Handoff>(&self, account: &Account<H>) -> bool {
        self.full_at.is_none_or(|full_at| load(account) < full_at)
    }

    fn may_be_offered<H: Handoff>(&mut self, account: &Account<H>, now: Nanoseconds) -> bool {
        // It has taken more than before: its limit has changed, or others of its servers count too.
        if let Some(full_at) = &mut self.full_at
            && account.handoff.open() > *full_at
        {
            *full_at = account.handoff.open().saturating_mul(2);
            self.takes_none = false;
        }
        self.has_room(account) || now >= self.next_try
    }
}

/// How many connections a worker has, open or on their way.
fn load<H: Handoff>(account: &Account<H>) -> u64 {
    let queued = account.queued() as u64;
    account.handoff.open().saturating_add(queued)
}

/// Notes that a member was sent a connection. They are kept with those first that have had the fewest turns, and among
/// equals the least recently used.
pub(super) fn had_its_turn<H: Handoff>(
    members: &mut Vec<Member>,
    index: usize,
    account: &Account<H>,
    now: Nanoseconds,
) {
    let most = members.last().map_or(0, |last| last.turns);
    let mut member = members.remove(index);
    if member
        .full_at
        .is_some_and(|full_at| load(account) > full_at)
    {
        member.next_try = now + DECLINE;
    }
    member.turns = (member.turns + account.weight.stride()).max(most.saturating_sub(CATCH_UP));
    let index = members.partition_point(|other| other.turns <= member.turns);
    members.insert(index, member);
}

/// A member takes connections again: like one that has just joined, it doesn't get what it has missed.
pub(super) fn has_returned(members: &mut Vec<Member>, worker: WorkerId) {
    let Some(index) = members.iter().position(|member| member.worker == worker) else {
        return;
    };
    let mut member = members.remove(index);
    let most = members.last().map_or(0, |last| last.turns);
    member.turns = member.turns.max(most);
    members.push(member);
}

/// How much a client belongs to a worker: whether its place has claimed the client, how near that place is to its key,
/// and, of two workers with this place, the older one.
type Affinity = (bool, f64, Reverse<WorkerId>);

/// For whom a connection is chosen.
pub(super) struct Choice<'a> {
    pub(super) policy: &'a Policy,
    /// What the connection is recognised by, and where that has been claimed.
    pub(super) key: Option<Key>,
    pub(super) claimed: Option<Place>,
    /// Whether a worker has served it before: then it goes where the fewest are open, to even them out.
    pub(super) served: bool,
    /// Whether no member takes any: then it is for whoever comes next, to turn the client away.
    pub(super) unwanted: bool,
    /// After how long without taking anything a worker is still.
    pub(super) still_after: Nanoseconds,
    pub(super) now: Nanoseconds,
}

impl Choice<'_> {
    /// The member whose turn it is. Among equals it is the one with the fewest turns, which is the one used
    /// least recently unless some were passed over. Those that are stuck come after all others; for a connection that has
    /// been served before, also those that are so again and again, since it may have moved because of that. New ones would
    /// flood the few that have stalled least, until they stall most. Those that are still come not at all, as long as
    /// another goes on: it will have room.
    pub(super) fn among<H: Handoff>(
        &self,
        members: &mut [Member],
        workers: &mut BTreeMap<WorkerId, Account<H>>,
    ) -> Option<usize> {
        let mut best: Option<((bool, bool, bool, u64), usize)> = None;
        let mut nearest: Option<(Affinity, usize)> = None;
        let mut somebody_goes_on = false;
        for (index, member) in members.iter_mut().enumerate() {
            let Some(worker) = workers.get_mut(&member.worker) else {
                continue;
            };
            worker.refresh(self.now);
            let is_still = worker.is_still(self.now, self.still_after);
            somebody_goes_on |= !is_still && worker.is_there();
            let may_be_offered = member.may_be_offered(worker, self.now) || self.unwanted;
            if !worker.can_take() || !may_be_offered {
                continue;
            }
            let is_stuck = worker.is_stuck(self.now);
            match (self.policy, self.key) {
                // A worker that is only stuck keeps its clients: they would find nothing of theirs elsewhere.
                (Policy::Sticky(_), Some(key)) if !is_still => {
                    let is_claimed = self.claimed == Some(worker.place);
                    let nearness = nearness(key, worker.place, worker.weight);
                    let affinity = (is_claimed, nearness, Reverse(member.worker));
                    if nearest.is_none_or(|(most, _)| affinity > most) {
                        nearest = Some((affinity, index));
                    }
                }
                (Policy::Program, Some(key))
                    if key == Key::of_worker(member.worker) && !is_still && !is_stuck =>
                {
                    return Some(index);
                }
                _ => {}
            }
            let is_shedding =
                self.served && rebalance::is_shedding(worker.stalls.expected_wait(self.now));
            let rank = (is_still, is_stuck, is_shedding, self.cost(worker));
            if self.key.is_none() && rank == (false, false, false, 0) {
                return Some(index);
            }
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, index));
            }
        }
        nearest.map(|(_, index)| index).or(best
            .filter(|((is_still, ..), _)| !is_still || !somebody_goes_on)
            .map(|(_, index)| index))
    }

    fn cost<H: Handoff>(&self, worker: &Account<H>) -> u64 {
        let connections = match self.policy {
            Policy::LeastConnections => load(worker),
            Policy::RoundRobin if self.served => load(worker),
            _ => worker.queued() as u64,
        };
        connections.saturating_mul(worker.weight.stride())
    }
}

/// Rendezvous hashing: the place that is nearest to a key gets it, so that a place that comes takes over only its share of
/// the keys, and one that goes leaves only its own.
fn nearness(key: Key, place: Place, weight: Weight) -> f64 {
    let number = mixed(key.0 ^ mixed(place.0));
    // Between 0 and 1, and neither of them.
    let share = ((number >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    weight.0 / -share.ln()
}

/// The finisher of SplitMix64: each bit of the result depends on each of the number's.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
