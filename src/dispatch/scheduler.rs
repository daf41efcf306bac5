//! Who gets a connection, and when it is taken back: decisions alone, with neither clock nor socket of their own.
//!
//! A connection is a value that moves: it waits here, is in the queue of a worker, or is dropped, which closes it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::account::{Account, Weight};
use super::claims::Claims;
use super::figures::Counts;
use super::parking::{ParkedId, Parking};
use super::policy::{Choice, Member, had_its_turn, has_returned};
use super::queue::{Handoff, Nanoseconds, Refusal, TakenBack};
use super::rebalance::{self, Budget, Evening, Load};
use super::{Key, ListenerId, Place, Policy, WorkerId};
use crate::ipc::ticket::Ticket;

/// How many connections of one listener wait here before the rest is left to the kernel.
pub(super) const WAITING_LIMIT: usize = 256;
const TAKE_BACK_AFTER: Nanoseconds = 20_000_000;
/// A worker that takes nothing for so many times as long as a connection may wait is still, and not only behind.
const STILL_FACTOR: Nanoseconds = 10;

struct Listener<C> {
    /// Fewest turns first, then least recently used first.
    members: Vec<Member>,
    /// Workers that were members: they may still give back what they had taken.
    former: BTreeSet<WorkerId>,
    /// Connections that nobody can take for now, oldest first.
    waiting: VecDeque<(Ticket, C)>,
}

impl<C> Listener<C> {
    fn has(&self, worker: WorkerId) -> bool {
        self.members.iter().any(|member| member.worker == worker)
    }

    /// Puts a connection where it belongs among those that wait: they are served in the order of their arrival.
    fn put(&mut self, ticket: Ticket, connection: C) {
        let index = self
            .waiting
            .partition_point(|(other, _)| other.arrival <= ticket.arrival);
        self.waiting.insert(index, (ticket, connection));
    }
}

/// A connection that goes to the primary that follows.
#[derive(Debug)]
pub(super) enum Crossing<C> {
    /// It waits for a worker.
    Waiting(Ticket, C),
    /// Its client is quiet, see [`Scheduler::park`].
    Quiet(ListenerId, C, Option<Nanoseconds>),
}

pub(super) struct Scheduler<H: Handoff> {
    workers: BTreeMap<WorkerId, Account<H>>,
    listeners: BTreeMap<ListenerId, Listener<H::Connection>>,
    policy: Policy,
    claims: Claims,
    parking: Parking<H::Connection>,
    budget: Budget,
    evening: Evening,
    take_back_after: Nanoseconds,
    max_wait: Option<Nanoseconds>,
    /// Those that have waited for longer, and are to be refused.
    shed: Vec<H::Connection>,
    arrivals: u64,
    /// What crosses over, oldest first, while there is a primary that follows.
    crossing: Option<VecDeque<Crossing<H::Connection>>>,
    counts: Arc<Counts>,
}

impl<H: Handoff> Scheduler<H> {
    pub(super) fn new(counts: Arc<Counts>) -> Self {
        Scheduler {
            workers: BTreeMap::new(),
            listeners: BTreeMap::new(),
            policy: Policy::default(),
            claims: Claims::default(),
            parking: Parking::new(),
            budget: Budget::new(),
            evening: Evening::Idle,
            take_back_after: TAKE_BACK_AFTER,
            max_wait: None,
            shed: Vec::new(),
            arrivals: 0,
            crossing: None,
            counts,
        }
    }

    pub(super) fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
    }

    pub(super) fn set_take_back_after(&mut self, after: Nanoseconds) {
        self.take_back_after = after;
    }

    /// Sets for how long a connection may wait for a worker; for ever, if nothing is said.
    pub(super) fn set_max_wait(&mut self, most: Option<Nanoseconds>) {
        self.max_wait = most;
    }

    /// Gives the connections that have waited for too long, which are to be refused and closed.
    pub(super) fn take_shed(&mut self) -> Vec<H::Connection> {
        std::mem::take(&mut self.shed)
    }

    pub(super) fn take_back_after(&self) -> Nanoseconds {
        self.take_back_after
    }

    pub(super) fn set_weight(&mut self, worker: WorkerId, weight: f64) {
        if let Some(account) = self.workers.get_mut(&worker) {
            account.weight = Weight::new(weight);
        }
    }

    /// The worker gets no connections while it is paused; what it has not taken goes to others.
    pub(super) fn set_paused(&mut self, worker: WorkerId, paused: bool, now: Nanoseconds) {
        let Some(account) = self.workers.get_mut(&worker) else {
            return;
        };
        let was_paused = std::mem::replace(&mut account.paused, paused);
        if paused {
            return self.empty_queue(worker, now);
        }
        if was_paused {
            for listener in self.listeners.values_mut() {
                has_returned(&mut listener.members, worker);
            }
        }
        let listeners: Vec<ListenerId> = self.listeners.keys().copied().collect();
        for listener in listeners {
            self.serve(listener, now);
        }
    }

    /// The worker has this place.
    pub(super) fn set_place(&mut self, worker: WorkerId, place: Place) {
        if let Some(account) = self.workers.get_mut(&worker) {
            account.place = place;
        }
    }

    /// The worker has given this key to a client, who belongs to its place.
    pub(super) fn claim(&mut self, worker: WorkerId, key: Key) {
        if let Some(account) = self.workers.get(&worker) {
            self.claims.add(key, account.place);
        }
    }

    /// Whether a worker has given this key to a client.
    pub(super) fn is_claimed(&mut self, key: Key) -> bool {
        self.claims.find(key).is_some()
    }

    pub(super) fn add_worker(&mut self, worker: WorkerId, handoff: H) {
        let account = Account::new(handoff, Place::of_worker(worker), self.counts.clone());
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
            let parked = self.parking.take_all_of(listener);
            self.counts.parked.subtract(parked.len() as u64);
            self.counts.closed.add(parked.len() as u64);
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
            Some(member) => member.is_asked_again(),
            None => {
                let member = Member::new(worker, &joined.members);
                joined.members.push(member);
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
        if self.is_handing_over() {
            return false;
        }
        self.listeners.get(&listener).is_some_and(|listener| {
            self.is_served(listener) && listener.waiting.len() < WAITING_LIMIT
        })
    }

    /// Whether there is a worker for it that is not paused.
    fn is_served(&self, listener: &Listener<H::Connection>) -> bool {
        listener.members.iter().any(|member| {
            self.workers
                .get(&member.worker)
                .is_some_and(|account| !account.paused)
        })
    }

    /// A connection has been accepted, and is to be looked at before it [arrives](Self::arrived).
    pub(super) fn accepted(&mut self) {
        self.counts.accepted.add(1);
        self.counts.waiting.add(1);
    }

    /// A connection comes that has been accepted or has come again, and is known by this key.
    pub(super) fn arrived(
        &mut self,
        ticket: Ticket,
        key: Option<Key>,
        connection: H::Connection,
        now: Nanoseconds,
    ) {
        self.counts.waiting.subtract(1);
        self.arrivals += 1;
        let ticket = Ticket {
            arrival: self.arrivals,
            key: key.map_or(0, |key| key.0),
            ..ticket
        };
        self.enqueue(ticket, connection);
        self.serve(ListenerId(ticket.listener), now);
    }

    /// A worker sends back a connection that it can't serve. One that it was never sent is not let in.
    pub(super) fn given_back(
        &mut self,
        worker: WorkerId,
        ticket: Ticket,
        connection: H::Connection,
        now: Nanoseconds,
    ) {
        let listener = ListenerId(ticket.listener);
        if !self.returns(worker, listener) {
            return;
        }
        self.counts.given_back.add(1);
        if let Some(account) = self.workers.get(&worker)
            && let Some(of) = self.listeners.get_mut(&listener)
            && let Some(member) = of.members.iter_mut().find(|member| member.worker == worker)
        {
            member.declined(account.handoff.open(), ticket.unwanted, now);
        }
        self.enqueue(ticket, connection);
        self.serve(listener, now);
    }

    /// A worker sends back a connection that is between two requests; whether it can have had it. Then it is to be
    /// [parked](Self::park), or [has spoken](Self::has_spoken) already.
    pub(super) fn moves(&mut self, worker: WorkerId, listener: ListenerId) -> bool {
        let may = self.returns(worker, listener);
        if may {
            self.counts.moved.add(1);
            self.counts.waiting.add(1);
            if let Some(account) = self.workers.get_mut(&worker)
                && account.has_moved()
            {
                self.budget.spend(1);
            }
        }
        may
    }

    /// Parks a connection that [moves](Self::moves), until its client speaks, hangs up, or the time comes. Where its listener
    /// is closed, so is the connection.
    pub(super) fn park(
        &mut self,
        id: ParkedId,
        listener: ListenerId,
        connection: H::Connection,
        until: Option<Nanoseconds>,
    ) {
        if let Some(crossing) = &mut self.crossing {
            return crossing.push_back(Crossing::Quiet(listener, connection, until));
        }
        self.counts.waiting.subtract(1);
        if !self.listeners.contains_key(&listener) {
            return self.counts.closed.add(1);
        }
        self.counts.parked.add(1);
        self.parking.park(id, listener, connection, until);
    }

    /// A number for the next connection to [park](Self::park).
    pub(super) fn next_parked(&mut self) -> ParkedId {
        self.parking.next_id()
    }

    /// When the idle time of the next parked connection is over.
    pub(super) fn next_deadline(&self) -> Option<Nanoseconds> {
        self.parking.next_deadline()
    }

    /// The client of a parked connection has spoken or hung up: gives the connection, to be looked at before it
    /// [arrives](Self::arrived), or [closed](Self::hung_up).
    pub(super) fn has_spoken(&mut self, id: ParkedId) -> Option<(ListenerId, H::Connection)> {
        let found = self.parking.take(id)?;
        self.counts.parked.subtract(1);
        self.counts.waiting.add(1);
        Some(found)
    }

    /// A connection that [has spoken](Self::has_spoken) or [moves](Self::moves) has been closed by its client, and so it was here.
    pub(super) fn hung_up(&self) {
        self.counts.waiting.subtract(1);
        self.counts.closed.add(1);
    }

    /// Closes the connections whose idle time is over, and says when to do so again.
    pub(super) fn close_expired(&mut self, now: Nanoseconds) -> Option<Nanoseconds> {
        while self.parking.take_expired(now).is_some() {
            self.counts.parked.subtract(1);
            self.counts.closed.add(1);
        }
        self.parking.next_deadline()
    }

    /// Closes as many parked connections as are needed for want of descriptors, those that have been idle for longest; gives
    /// how many it were.
    pub(super) fn evict(&mut self, most: usize) -> usize {
        let evicted = (0..most)
            .map_while(|_| self.parking.take_longest_idle())
            .count();
        self.counts.parked.subtract(evicted as u64);
        self.counts.closed.add(evicted as u64);
        self.counts.evicted.add(evicted as u64);
        evicted
    }

    /// Accepts nothing from now on: all that waits or is parked, now or later, is to [cross over](Self::next_crossing).
    pub(super) fn hand_over(&mut self) {
        let mut crossing = VecDeque::new();
        for of in self.listeners.values_mut() {
            let waiting = of.waiting.drain(..);
            crossing
                .extend(waiting.map(|(ticket, connection)| Crossing::Waiting(ticket, connection)));
        }
        while let Some((listener, connection, until)) = self.parking.take_next() {
            self.counts.parked.subtract(1);
            self.counts.waiting.add(1);
            crossing.push_back(Crossing::Quiet(listener, connection, until));
        }
        self.crossing = Some(crossing);
    }

    /// Whether all that waits is to cross over.
    pub(super) fn is_handing_over(&self) -> bool {
        self.crossing.is_some()
    }

    /// The next connection to be sent to the primary that follows.
    pub(super) fn next_crossing(&mut self) -> Option<Crossing<H::Connection>> {
        self.crossing.as_mut()?.pop_front()
    }

    /// It could not be sent for now.
    pub(super) fn put_back(&mut self, connection: Crossing<H::Connection>) {
        if let Some(crossing) = &mut self.crossing {
            crossing.push_front(connection);
        }
    }

    /// It has been sent. Here, it counts as closed.
    pub(super) fn crossed(&self) {
        self.counts.waiting.subtract(1);
        self.counts.closed.add(1);
    }

    /// One that has been sent is here again.
    pub(super) fn came_back(&self) {
        self.counts.waiting.add(1);
        self.counts.moved.add(1);
    }

    /// Ends handing over. Gives what has not crossed over yet.
    pub(super) fn stay(&mut self) -> VecDeque<Crossing<H::Connection>> {
        self.crossing.take().unwrap_or_default()
    }

    /// Has a connection that was to cross over wait here again.
    pub(super) fn stays(&mut self, ticket: Ticket, connection: H::Connection, now: Nanoseconds) {
        self.counts.waiting.subtract(1);
        self.enqueue(ticket, connection);
        self.serve(ListenerId(ticket.listener), now);
    }

    /// Notes that a worker sends back a connection; whether it can have had it.
    fn returns(&mut self, worker: WorkerId, listener: ListenerId) -> bool {
        let Some(account) = self.workers.get_mut(&worker) else {
            return false;
        };
        let is_its_own = self.listeners.get(&listener).is_none_or(|of| {
            of.former.contains(&worker) || of.members.iter().any(|member| member.worker == worker)
        });
        if account.holding == 0 || !is_its_own {
            return false;
        }
        account.holding -= 1;
        true
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

    /// Looks which workers are stuck, and asks those for kept-alive connections whose clients are better off elsewhere. Returns
    /// whether a worker has done something since the last time.
    pub(super) fn rebalance(&mut self, now: Nanoseconds) -> bool {
        let free: BTreeSet<WorkerId> = self
            .workers
            .iter()
            .filter(|(_, account)| account.is_free(now))
            .map(|(&worker, _)| worker)
            .collect();
        let mut helped = BTreeSet::new(); // those whose clients another could serve now
        for listener in self.listeners.values() {
            let members = || listener.members.iter().map(|member| member.worker);
            let of_these = members().filter(|worker| free.contains(worker)).count();
            helped.extend(members().filter(|worker| of_these > usize::from(free.contains(worker))));
        }
        let mut is_active = false;
        let mut loads = Vec::with_capacity(self.workers.len());
        for (&worker, account) in &mut self.workers {
            is_active |= account.look(helped.contains(&worker), now);
            loads.push(Load {
                worker,
                open: account.handoff.open(),
                weight: account.weight.0,
                expected_wait: account.stalls.expected_wait(now),
                takes: account.is_there() && self.listeners.values().any(|of| of.has(worker)),
            });
        }
        let by_key = matches!(self.policy, Policy::Sticky(_) | Policy::Program);
        let evening = if by_key { Evening::Never } else { self.evening };
        let (moves, evening) = rebalance::moves(&loads, evening);
        if !by_key {
            self.evening = evening;
        }
        let mut left = match self.policy {
            // The client would come back to the same worker.
            Policy::Sticky(_) => 0,
            _ => self.budget.left(now),
        };
        for (worker, wanted) in moves {
            let granted = wanted.min(left);
            left -= granted;
            if let Some(account) = self.workers.get_mut(&worker) {
                account.ask(granted);
            }
        }
        is_active
    }

    /// Asks nobody for connections any more.
    pub(super) fn stop_asking(&mut self) {
        for account in self.workers.values_mut() {
            account.ask(0);
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
        for &worker in &workers {
            self.take_back_overdue(worker, now);
        }
        if let Some(most) = self.max_wait {
            self.shed_overdue(&workers, most, now);
        }
        let listeners: Vec<ListenerId> = self.listeners.keys().copied().collect();
        for listener in listeners {
            self.serve(listener, now);
        }
        let sheds = self.max_wait.is_some();
        let somebody_waits =
            |of: &Listener<_>| !of.waiting.is_empty() && (sheds || self.is_served(of));
        self.listeners.values().any(somebody_waits)
            || self
                .workers
                .values()
                .any(|account| account.gone || account.queued() > 0)
    }

    /// Takes out what has waited for too long, in the queues and here.
    fn shed_overdue(&mut self, workers: &[WorkerId], most: Nanoseconds, now: Nanoseconds) {
        let is_overdue = |ticket: &Ticket| now.saturating_sub(ticket.since) > most;
        for worker in workers {
            while let Some(account) = self.workers.get(worker)
                && account.oldest(now).is_some_and(|(_, age)| age > most)
                && let Some((ticket, connection)) = self.take_back_one(*worker)
            {
                self.enqueue(ticket, connection);
            }
        }
        for of in self.listeners.values_mut() {
            if !of.waiting.iter().any(|(ticket, _)| is_overdue(ticket)) {
                continue;
            }
            let (overdue, waiting) = std::mem::take(&mut of.waiting)
                .into_iter()
                .partition(|(ticket, _)| is_overdue(ticket));
            of.waiting = waiting;
            let overdue: VecDeque<(Ticket, H::Connection)> = overdue;
            let number = overdue.len() as u64;
            self.counts.waiting.subtract(number);
            self.counts.closed.add(number);
            self.counts.shed.add(number);
            self.shed
                .extend(overdue.into_iter().map(|(_, connection)| connection));
        }
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
            && age > self.patience_with(worker, now)
            && self.another_is_free(listener, worker, now)
        {
            let Some((ticket, connection)) = self.take_back_one(worker) else {
                break;
            };
            if !found_stuck && let Some(account) = self.workers.get_mut(&worker) {
                account.mark_stuck();
                found_stuck = true;
            }
            self.enqueue(ticket, connection);
            self.serve(ListenerId(ticket.listener), now);
        }
    }

    /// For how long a connection may wait in a queue. Those that are for this worker and no other may wait longer.
    fn patience_with(&self, worker: WorkerId, now: Nanoseconds) -> Nanoseconds {
        let is_still = |account: &Account<H>| account.is_still(now, self.still_after());
        match self.policy {
            Policy::Sticky(_) if !self.workers.get(&worker).is_some_and(is_still) => {
                self.still_after()
            }
            _ => self.take_back_after,
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
                && self.workers.get(&member.worker).is_some_and(|account| {
                    if !member.has_room(account) || account.is_still(now, still_after) {
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
        let mut listeners = BTreeSet::new();
        for (ticket, connection) in taken_back {
            listeners.insert(ListenerId(ticket.listener));
            self.enqueue(ticket, connection);
        }
        for listener in listeners {
            self.serve(listener, now);
        }
    }

    /// Receives the oldest connection of a worker's queue back, if there is one and it can be had.
    fn take_back_one(&mut self, worker: WorkerId) -> Option<(Ticket, H::Connection)> {
        let account = self.workers.get_mut(&worker)?;
        loop {
            match account.handoff.take_back() {
                TakenBack::Connection(ticket, connection) => {
                    account.taken_back();
                    return Some((ticket, connection));
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

    /// A connection is here, and waits. If its listener is closed, so is it.
    fn enqueue(&mut self, ticket: Ticket, connection: H::Connection) {
        if let Some(crossing) = &mut self.crossing {
            self.counts.waiting.add(1);
            return crossing.push_back(Crossing::Waiting(ticket, connection));
        }
        match self.listeners.get_mut(&ListenerId(ticket.listener)) {
            Some(of) => {
                of.put(ticket, connection);
                self.counts.waiting.add(1);
            }
            None => self.counts.closed.add(1),
        }
    }

    /// Hands over what waits, in order, as long as somebody can take it.
    fn serve(&mut self, listener: ListenerId, now: Nanoseconds) {
        while let Some(of) = self.listeners.get_mut(&listener)
            && let Some((ticket, connection)) = of.waiting.pop_front()
        {
            if let Err(connection) = self.place(ticket, connection, now) {
                if let Some(of) = self.listeners.get_mut(&listener) {
                    of.waiting.push_front((ticket, connection));
                }
                return;
            }
            self.counts.waiting.subtract(1);
        }
    }

    /// Puts a connection into the queue of the worker that comes next, or returns it if nobody can take it.
    fn place(
        &mut self,
        ticket: Ticket,
        mut connection: H::Connection,
        now: Nanoseconds,
    ) -> Result<(), H::Connection> {
        let still_after = self.still_after();
        let listener = ListenerId(ticket.listener);
        let Some(of) = self.listeners.get_mut(&listener) else {
            return Err(connection);
        };
        let key = Some(Key(ticket.key)).filter(|key| key.0 != 0);
        let takes_none = |member: &Member| {
            let account = self.workers.get(&member.worker);
            account.is_some_and(|account| member.takes_none(account))
        };
        let unwanted = !of.members.is_empty() && of.members.iter().all(takes_none);
        let ticket = Ticket { unwanted, ..ticket };
        let choice = Choice {
            policy: &self.policy,
            key,
            claimed: key.and_then(|key| self.claims.find(key)),
            served: ticket.served,
            unwanted,
            still_after,
            now,
        };
        while let Some(index) = choice.among(&mut of.members, &mut self.workers) {
            let Some(account) = self.workers.get_mut(&of.members[index].worker) else {
                break;
            };
            match account.handoff.send(ticket, connection) {
                Ok(()) => {
                    account.sent(listener, now);
                    had_its_turn(&mut of.members, index, account, now);
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
