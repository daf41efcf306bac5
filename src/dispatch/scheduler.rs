//! Who gets a connection, and when it is taken back: decisions alone, with neither clock nor socket of their own.
//!
//! A connection is a value that moves: it waits here, is in the queue of a worker, or is dropped, which closes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::account::Account;
use super::figures::Counts;
use super::{ListenerId, Policy, WorkerId};
use crate::sys::page::Loop;

/// A time of the monotonic clock, or a span of it.
pub(super) type Nanoseconds = u64;

/// How many connections of one listener wait here before the rest is left to the kernel.
pub(super) const WAITING_LIMIT: usize = 256;
/// A worker that gave a connection back is offered no other of that listener for so long.
pub(super) const DECLINE: Nanoseconds = 10_000_000;
/// By how many turns a worker can lag behind and still catch up. It makes the spread even where workers are passed over
/// at random, and is too little for those that were stuck or have just joined to be flooded.
const CATCH_UP: u64 = 128;
const TAKE_BACK_AFTER: Nanoseconds = 20_000_000;
/// A worker that takes nothing for so many times as long as a connection may wait is still, and not only behind.
const STILL_FACTOR: Nanoseconds = 10;

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
    Connection(ListenerId, C),
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
        listener: ListenerId,
        connection: Self::Connection,
    ) -> Result<(), (Self::Connection, Refusal)>;
    fn take_back(&self) -> TakenBack<Self::Connection>;
    /// Puts a message without a connection into the queue, to wake the worker; whether it went in.
    fn nudge(&self) -> bool;
    /// The worker's count of the messages that it has taken.
    fn taken(&self) -> u64;
    fn loop_state(&self) -> Loop;
    /// How many connections the worker says it has open.
    fn open(&self) -> u64;
}

/// A worker that serves a listener.
struct Member {
    worker: WorkerId,
    declines_until: Nanoseconds,
    /// How many connections it has had, but never much less than another.
    turns: u64,
}

struct Listener<C> {
    /// Fewest turns first, then least recently used first.
    members: Vec<Member>,
    /// Workers that were members: they may still give back what they had taken.
    former: BTreeSet<WorkerId>,
    /// Connections that nobody can take for now, oldest first.
    waiting: VecDeque<C>,
}

impl<C> Listener<C> {
    fn had_its_turn(&mut self, index: usize) {
        let most = self.members.last().map_or(0, |last| last.turns);
        let mut member = self.members.remove(index);
        member.turns = (member.turns + 1).max(most.saturating_sub(CATCH_UP));
        let place = self
            .members
            .partition_point(|other| other.turns <= member.turns);
        self.members.insert(place, member);
    }
}

type Accounts<H> = BTreeMap<WorkerId, Account<H>>;

pub(super) struct Scheduler<H: Handoff> {
    workers: Accounts<H>,
    listeners: BTreeMap<ListenerId, Listener<H::Connection>>,
    policy: Policy,
    take_back_after: Nanoseconds,
    counts: Arc<Counts>,
}

/// The member whose turn it is by `policy`. Among equals it is the one with the fewest turns, which is the one used
/// least recently unless some were passed over. Those that are stuck come after all others.
/// Those that are still come not at all, as long as another goes on: it will have room.
fn choose<H: Handoff>(
    policy: Policy,
    members: &[Member],
    workers: &mut Accounts<H>,
    still_after: Nanoseconds,
    now: Nanoseconds,
) -> Option<usize> {
    let mut best: Option<((bool, bool, u64), usize)> = None;
    let mut somebody_goes_on = false;
    for (index, member) in members.iter().enumerate() {
        let Some(worker) = workers.get_mut(&member.worker) else {
            continue;
        };
        worker.refresh(now);
        let is_still = worker.is_still(now, still_after);
        somebody_goes_on |= !is_still && worker.is_there();
        if !worker.can_take() || now < member.declines_until {
            continue;
        }
        let queued = worker.queued() as u64;
        let load = match policy {
            Policy::RoundRobin => queued,
            Policy::LeastConnections => queued.saturating_add(worker.handoff.open()),
        };
        let rank = (is_still, worker.is_stuck(now), load);
        if rank == (false, false, 0) {
            return Some(index);
        }
        if best.is_none_or(|(least, _)| rank < least) {
            best = Some((rank, index));
        }
    }
    best.filter(|((is_still, ..), _)| !is_still || !somebody_goes_on)
        .map(|(_, index)| index)
}

impl<H: Handoff> Scheduler<H> {
    pub(super) fn new(counts: Arc<Counts>) -> Self {
        Scheduler {
            workers: BTreeMap::new(),
            listeners: BTreeMap::new(),
            policy: Policy::default(),
            take_back_after: TAKE_BACK_AFTER,
            counts,
        }
    }

    pub(super) fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    pub(super) fn set_take_back_after(&mut self, after: Nanoseconds) {
        self.take_back_after = after;
    }

    pub(super) fn add_worker(&mut self, worker: WorkerId, handoff: H) {
        let account = Account::new(handoff, self.counts.clone());
        self.workers.insert(worker, account);
    }

    /// This worker has died or is to be forgotten: what it has not taken goes to others.
    pub(super) fn worker_gone(&mut self, worker: WorkerId, now: Nanoseconds) {
        if let Some(account) = self.workers.get_mut(&worker) {
            account.gone = true;
            self.empty_queue(worker, now);
        }
    }

    pub(super) fn open_listener(&mut self, listener: ListenerId) {
        let fresh = Listener {
            members: Vec::new(),
            former: BTreeSet::new(),
            waiting: VecDeque::new(),
        };
        self.listeners.entry(listener).or_insert(fresh);
    }

    /// The listener is closed: so are the connections that wait for it, here or in a queue. What a worker gives
    /// back later is closed when it comes.
    pub(super) fn close_listener(&mut self, listener: ListenerId, now: Nanoseconds) {
        if let Some(closed) = self.listeners.remove(&listener) {
            self.counts.waiting.subtract(closed.waiting.len() as u64);
            self.counts.closed.add(closed.waiting.len() as u64);
            for member in closed.members {
                self.empty_queue(member.worker, now);
            }
        }
    }

    /// The worker serves the listener from now on; one that declined is asked again at once.
    pub(super) fn join(&mut self, listener: ListenerId, worker: WorkerId, now: Nanoseconds) {
        let Some(joined) = self.listeners.get_mut(&listener) else {
            return;
        };
        if self.workers.get(&worker).is_none_or(|account| account.gone) {
            return;
        }
        joined.former.remove(&worker);
        match joined
            .members
            .iter_mut()
            .find(|member| member.worker == worker)
        {
            Some(member) => member.declines_until = 0,
            None => {
                let turns = joined.members.last().map_or(0, |last| last.turns);
                joined.members.push(Member {
                    worker,
                    declines_until: 0,
                    turns,
                });
            }
        }
        self.serve(listener, now);
    }

    /// The worker no longer serves the listener: what it has not taken goes to others.
    pub(super) fn leave(&mut self, listener: ListenerId, worker: WorkerId, now: Nanoseconds) {
        let Some(left) = self.listeners.get_mut(&listener) else {
            return;
        };
        let before = left.members.len();
        left.members.retain(|member| member.worker != worker);
        if left.members.len() < before {
            left.former.insert(worker);
            self.empty_queue(worker, now);
        }
    }

    /// Whether a connection more of this listener may be accepted.
    pub(super) fn accepts(&self, listener: ListenerId) -> bool {
        self.listeners.get(&listener).is_some_and(|listener| {
            !listener.members.is_empty() && listener.waiting.len() < WAITING_LIMIT
        })
    }

    /// A connection that has been accepted.
    pub(super) fn accepted(
        &mut self,
        listener: ListenerId,
        connection: H::Connection,
        now: Nanoseconds,
    ) {
        self.counts.accepted.add(1);
        let Some(of) = self.listeners.get_mut(&listener) else {
            return self.counts.closed.add(1);
        };
        of.waiting.push_back(connection);
        self.counts.waiting.add(1);
        self.serve(listener, now);
    }

    /// A worker sends back a connection that it can't serve. One that it was never sent is not let in.
    pub(super) fn given_back(
        &mut self,
        worker: WorkerId,
        listener: ListenerId,
        connection: H::Connection,
        now: Nanoseconds,
    ) {
        let Some(account) = self.workers.get_mut(&worker) else {
            return;
        };
        if account.holding == 0 {
            return;
        }
        if let Some(of) = self.listeners.get_mut(&listener) {
            let member = of.members.iter_mut().find(|member| member.worker == worker);
            match member {
                Some(member) => member.declines_until = now + DECLINE,
                None if of.former.contains(&worker) => {}
                None => return,
            }
        }
        account.holding -= 1;
        self.counts.given_back.add(1);
        self.again(listener, connection);
        self.serve(listener, now);
    }

    /// A worker sent back a connection that was lost on the way.
    pub(super) fn given_back_lost(&mut self, worker: WorkerId) {
        if let Some(account) = self.workers.get_mut(&worker)
            && account.holding > 0
        {
            account.holding -= 1;
            self.counts.given_back.add(1);
            self.counts.closed.add(1);
        }
    }

    /// Takes back what has waited too long, and offers again what nobody could take. Returns whether there is reason
    /// to do so again in a few milliseconds.
    pub(super) fn tick(&mut self, now: Nanoseconds) -> bool {
        let workers: Vec<WorkerId> = self.workers.keys().copied().collect();
        for account in self.workers.values_mut() {
            account.refresh(now);
            account.full = false;
        }
        for worker in workers {
            self.take_back_overdue(worker, now);
        }
        let listeners: Vec<ListenerId> = self.listeners.keys().copied().collect();
        for listener in listeners {
            self.serve(listener, now);
        }
        let somebody_waits = |of: &Listener<_>| !of.waiting.is_empty() && !of.members.is_empty();
        self.listeners.values().any(somebody_waits)
            || self
                .workers
                .values()
                .any(|account| account.gone || account.queued() > 0)
    }

    fn take_back_overdue(&mut self, worker: WorkerId, now: Nanoseconds) {
        if self
            .workers
            .get(&worker)
            .is_some_and(|account| account.gone || account.broken)
        {
            return self.empty_queue(worker, now);
        }
        let mut found_stuck = false;
        while let Some(account) = self.workers.get_mut(&worker)
            && let Some((listener, age)) = account.oldest(now)
            && age > self.take_back_after
            && self.another_is_free(listener, worker, now)
        {
            let Some((listener, connection)) = self.take_back_one(worker) else {
                break;
            };
            if !found_stuck && let Some(account) = self.workers.get_mut(&worker) {
                account.mark_stuck();
                found_stuck = true;
            }
            self.again(listener, connection);
            self.serve(listener, now);
        }
    }

    fn still_after(&self) -> Nanoseconds {
        self.take_back_after.saturating_mul(STILL_FACTOR)
    }

    /// Whether a connection waits less with another member: one that keeps up with what it is sent or, if this worker
    /// is still, one that goes on.
    fn another_is_free(&self, listener: ListenerId, than: WorkerId, now: Nanoseconds) -> bool {
        let Some(of) = self.listeners.get(&listener) else {
            return true;
        };
        let still_after = self.still_after();
        let is_still = self
            .workers
            .get(&than)
            .is_some_and(|account| account.is_still(now, still_after));
        of.members.iter().any(|member| {
            member.worker != than
                && member.declines_until <= now
                && self.workers.get(&member.worker).is_some_and(|account| {
                    if account.is_still(now, still_after) {
                        return false;
                    }
                    if is_still && account.is_there() {
                        return true;
                    }
                    let behind = account.oldest(now).map_or(0, |(_, age)| age);
                    account.can_take()
                        && !account.is_stuck(now)
                        && behind < self.take_back_after / 4
                })
        })
    }

    /// Takes back all that the worker has not taken, and offers it anew. A worker that is gone goes for good then.
    fn empty_queue(&mut self, worker: WorkerId, now: Nanoseconds) {
        let mut taken_back = Vec::new();
        while let Some(found) = self.take_back_one(worker) {
            taken_back.push(found);
        }
        if self
            .workers
            .get(&worker)
            .is_some_and(|account| account.gone)
        {
            if self.workers[&worker].empty {
                self.workers.remove(&worker);
            }
            for listener in self.listeners.values_mut() {
                listener.members.retain(|member| member.worker != worker);
                listener.former.remove(&worker);
            }
        }
        let listeners: BTreeSet<ListenerId> = taken_back.iter().map(|(of, _)| *of).collect();
        // They are older than those that wait, and the first shall be the first again.
        for (listener, connection) in taken_back.into_iter().rev() {
            self.again(listener, connection);
        }
        for listener in listeners {
            self.serve(listener, now);
        }
    }

    /// Receives the oldest connection of a worker's queue back, if there is one and it can be had.
    fn take_back_one(&mut self, worker: WorkerId) -> Option<(ListenerId, H::Connection)> {
        let account = self.workers.get_mut(&worker)?;
        loop {
            match account.handoff.take_back() {
                TakenBack::Connection(listener, connection) => {
                    account.taken_back();
                    return Some((listener, connection));
                }
                TakenBack::Nudge => account.nudge_taken_back(),
                TakenBack::Lost => {
                    account.taken_back();
                    self.counts.closed.add(1);
                }
                TakenBack::Empty => {
                    account.found_empty();
                    return None;
                }
                TakenBack::NoRoom => return None,
            }
        }
    }

    /// A connection that had left is back, ahead of those that wait. If its listener is closed, so is it.
    fn again(&mut self, listener: ListenerId, connection: H::Connection) {
        match self.listeners.get_mut(&listener) {
            Some(of) => {
                of.waiting.push_front(connection);
                self.counts.waiting.add(1);
            }
            None => self.counts.closed.add(1),
        }
    }

    /// Hands over what waits, in order, as long as somebody can take it.
    fn serve(&mut self, listener: ListenerId, now: Nanoseconds) {
        while let Some(of) = self.listeners.get_mut(&listener)
            && let Some(connection) = of.waiting.pop_front()
        {
            if let Err(connection) = self.place(listener, connection, now) {
                if let Some(of) = self.listeners.get_mut(&listener) {
                    of.waiting.push_front(connection);
                }
                return;
            }
            self.counts.waiting.subtract(1);
        }
    }

    /// Puts a connection into the queue of the worker that comes next, or returns it if nobody can take it.
    fn place(
        &mut self,
        listener: ListenerId,
        mut connection: H::Connection,
        now: Nanoseconds,
    ) -> Result<(), H::Connection> {
        let still_after = self.still_after();
        let Some(of) = self.listeners.get_mut(&listener) else {
            return Err(connection);
        };
        while let Some(index) = choose(
            self.policy,
            &of.members,
            &mut self.workers,
            still_after,
            now,
        ) {
            let Some(account) = self.workers.get_mut(&of.members[index].worker) else {
                break;
            };
            match account.handoff.send(listener, connection) {
                Ok(()) => {
                    account.sent(listener, now);
                    of.had_its_turn(index);
                    return Ok(());
                }
                Err((returned, refusal)) => {
                    connection = returned;
                    match refusal {
                        Refusal::Full => account.full = true,
                        Refusal::Broken => account.broken = true,
                    }
                }
            }
        }
        Err(connection)
    }
}
