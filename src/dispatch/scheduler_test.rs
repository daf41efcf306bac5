//! The scheduler in a world without sockets, where connections are tokens and queues are lists.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use proptest::prelude::*;

use super::account::{BUSY_AFTER, QUEUE_LIMIT};
use super::figures::Counts;
use super::parking::ParkedId;
use super::policy::DECLINE;
use super::queue::{Handoff, Nanoseconds, Refusal, TakenBack};
use super::rebalance::UNTIL_THE_NEXT_LOOK;
use super::scheduler::{Scheduler, WAITING_LIMIT};
use super::{Figures, Key, ListenerId, Place, Policy, StickyBy, WorkerId};
use crate::ipc::ticket::Ticket;
use crate::sys::page::LoopState;

const MILLISECOND: Nanoseconds = 1_000_000;

/// A connection. It can't be copied, and is counted when it is dropped, as a descriptor would be closed.
#[derive(Debug)]
struct Token {
    number: u64,
    closed: Rc<Cell<u64>>,
}

impl Drop for Token {
    fn drop(&mut self) {
        self.closed.set(self.closed.get() + 1);
    }
}

enum Message {
    Connection(Ticket, Token),
    Nudge,
}

struct Worker {
    queue: RefCell<VecDeque<Message>>,
    capacity: Cell<usize>,
    page_taken: Cell<u64>,
    page_loop: Cell<LoopState>,
    page_open: Cell<u64>,
    page_asked: Cell<u64>,
    page_stalled: Cell<u64>,
    broken: Cell<bool>,
    no_room: Cell<bool>,
    /// What it has received, and how much that is: not yet on its page, perhaps.
    held: RefCell<Vec<(Ticket, Token)>>,
    received: Cell<u64>,
}

impl Handoff for Rc<Worker> {
    type Connection = Token;

    fn send(&self, ticket: Ticket, connection: Token) -> Result<(), (Token, Refusal)> {
        let mut queue = self.queue.borrow_mut();
        if self.broken.get() {
            Err((connection, Refusal::Broken))
        } else if queue.len() >= self.capacity.get() {
            Err((connection, Refusal::Full))
        } else {
            queue.push_back(Message::Connection(ticket, connection));
            Ok(())
        }
    }

    fn take_back(&self) -> TakenBack<Token> {
        if self.no_room.get() {
            return TakenBack::NoRoom;
        }
        match self.queue.borrow_mut().pop_front() {
            Some(Message::Connection(ticket, token)) => TakenBack::Connection(ticket, token),
            Some(Message::Nudge) => TakenBack::Nudge,
            None => TakenBack::Empty,
        }
    }

    fn nudge(&self) -> bool {
        let fits = !self.broken.get() && self.queue.borrow().len() < self.capacity.get();
        if fits {
            self.queue.borrow_mut().push_back(Message::Nudge);
        }
        fits
    }

    fn taken(&self) -> u64 {
        self.page_taken.get()
    }

    fn loop_state(&self) -> LoopState {
        self.page_loop.get()
    }

    fn open(&self) -> u64 {
        self.page_open.get()
    }

    fn stalled(&self) -> u64 {
        self.page_stalled.get()
    }

    fn ask(&self, total: u64) {
        self.page_asked.set(total);
    }
}

impl Worker {
    fn take(&self, most: usize) {
        for _ in 0..most {
            let Some(message) = self.queue.borrow_mut().pop_front() else {
                return;
            };
            self.received.set(self.received.get() + 1);
            if let Message::Connection(ticket, token) = message {
                self.held.borrow_mut().push((ticket, token));
            }
        }
    }

    fn count(&self) {
        self.page_taken.set(self.received.get());
    }

    fn take_all(&self) -> usize {
        let before = self.held.borrow().len();
        self.take(usize::MAX);
        self.count();
        self.held.borrow().len() - before
    }

    fn queued(&self) -> usize {
        let connections = |message: &&Message| matches!(message, Message::Connection(..));
        self.queue.borrow().iter().filter(connections).count()
    }
}

struct World {
    scheduler: Scheduler<Rc<Worker>>,
    workers: BTreeMap<WorkerId, Rc<Worker>>,
    counts: Arc<Counts>,
    closed: Rc<Cell<u64>>,
    now: Nanoseconds,
    tokens: u64,
    /// Tokens that were never accepted.
    foreign: u64,
    /// All that were ever parked.
    parked: Vec<ParkedId>,
}

fn key_of(client: u64) -> Key {
    Key::of(&client.to_le_bytes())
}

const L: ListenerId = ListenerId(1);
const M: ListenerId = ListenerId(2);

impl World {
    /// Has the dispatcher look at the workers 20 times, every 10 ms.
    fn look_for_a_while(&mut self) {
        for _ in 0..20 {
            self.now += 10 * MILLISECOND;
            self.scheduler.rebalance(self.now);
        }
    }

    fn new() -> World {
        let counts = Arc::new(Counts::default());
        World {
            scheduler: Scheduler::new(counts.clone()),
            workers: BTreeMap::new(),
            counts,
            closed: Rc::default(),
            now: 1000 * MILLISECOND,
            tokens: 0,
            foreign: 0,
            parked: Vec::new(),
        }
    }

    /// So many workers, numbered from 0, that all serve the listeners L and M.
    fn with(workers: u32) -> World {
        let mut world = World::new();
        world.scheduler.open_listener(L);
        world.scheduler.open_listener(M);
        for number in 0..workers {
            world.add(WorkerId(number));
            for listener in [L, M] {
                let now = world.now;
                world.scheduler.join(listener, WorkerId(number), now);
            }
        }
        world
    }

    fn add(&mut self, id: WorkerId) {
        let worker = Rc::new(Worker {
            queue: RefCell::default(),
            capacity: Cell::new(QUEUE_LIMIT * 2),
            page_taken: Cell::new(0),
            page_loop: Cell::new(LoopState::Asleep { since_ns: 0 }),
            page_open: Cell::new(0),
            page_asked: Cell::new(0),
            page_stalled: Cell::new(0),
            broken: Cell::new(false),
            no_room: Cell::new(false),
            held: RefCell::default(),
            received: Cell::new(0),
        });
        self.workers.insert(id, worker.clone());
        self.scheduler.add_worker(id, worker);
    }

    fn worker(&self, number: u32) -> &Worker {
        &self.workers[&WorkerId(number)]
    }

    fn token(&mut self) -> Token {
        self.tokens += 1;
        Token {
            number: self.tokens,
            closed: self.closed.clone(),
        }
    }

    fn accept(&mut self, listener: ListenerId, number: usize) {
        for _ in 0..number {
            self.accept_from(listener, None);
        }
    }

    fn accept_from(&mut self, listener: ListenerId, client: Option<u64>) {
        if self.scheduler.accepts(listener) {
            let token = self.token();
            self.scheduler.accepted();
            let now = self.now;
            self.scheduler
                .arrived(Ticket::new(listener.0, 0), client.map(key_of), token, now);
        }
    }

    /// Which worker a client's connection goes to; it is taken at once.
    fn served_by(&mut self, client: u64) -> u32 {
        self.accept_from(L, Some(client));
        let mut of = None;
        for (id, worker) in &self.workers {
            if worker.take_all() > 0 {
                assert!(of.replace(id.0).is_none());
            }
        }
        of.expect("a worker")
    }

    fn give_back_foreign(&mut self, worker: WorkerId, listener: ListenerId) {
        let token = self.token();
        self.foreign += 1;
        let ticket = Ticket::new(listener.0, 0);
        self.scheduler.given_back(worker, ticket, token, self.now);
    }

    fn give_back(&mut self, number: u32) {
        self.give_back_as(number, false);
    }

    /// The worker gives back what it has received last; `unwanted` because it takes none at all.
    fn give_back_as(&mut self, number: u32, unwanted: bool) {
        let (ticket, token) = self.worker(number).held.borrow_mut().pop().unwrap();
        let ticket = Ticket { unwanted, ..ticket };
        let (worker, now) = (WorkerId(number), self.now);
        self.scheduler.given_back(worker, ticket, token, now);
    }

    /// The worker gives back a connection between two requests, which is parked.
    fn park(&mut self, number: u32, until: Option<Nanoseconds>) {
        let (ticket, token) = self.worker(number).held.borrow_mut().pop().unwrap();
        let listener = ListenerId(ticket.listener);
        if self.scheduler.moves(WorkerId(number), listener) {
            let id = self.scheduler.next_parked();
            self.scheduler.park(id, listener, token, until);
            self.parked.push(id);
        } else {
            self.foreign += 1;
        }
    }

    /// The client of a connection that was parked once speaks or hangs up, if it is parked still.
    fn hear(&mut self, id: ParkedId, hangs_up: bool) {
        let Some((listener, token)) = self.scheduler.has_spoken(id) else {
            return;
        };
        if hangs_up {
            return self.scheduler.hung_up();
        }
        let ticket = Ticket::again(listener.0, self.now);
        self.scheduler.arrived(ticket, None, token, self.now);
    }

    /// The worker gives back a connection whose client has spoken already.
    fn come_again(&mut self, number: u32) {
        let (ticket, token) = self.worker(number).held.borrow_mut().pop().unwrap();
        let listener = ListenerId(ticket.listener);
        if self.scheduler.moves(WorkerId(number), listener) {
            let ticket = Ticket::again(listener.0, self.now);
            self.scheduler.arrived(ticket, None, token, self.now);
        } else {
            self.foreign += 1;
        }
    }

    fn tick_after(&mut self, milliseconds: u64) -> bool {
        self.now += milliseconds * MILLISECOND;
        self.scheduler.tick(self.now)
    }

    fn figures(&self) -> Figures {
        self.counts.read()
    }

    fn queued(&self) -> Vec<usize> {
        self.workers
            .values()
            .map(|worker| worker.queued())
            .collect()
    }

    /// Each connection is in one place, and the figures say how many are where.
    fn check(&self) {
        let figures = self.figures();
        let queued: usize = self.workers.values().map(|worker| worker.queued()).sum();
        let held: usize = self
            .workers
            .values()
            .map(|worker| worker.held.borrow().len())
            .sum();
        let here = figures.waiting + figures.parked;
        let places = queued as u64 + held as u64 + here + self.closed.get();
        assert_eq!(self.tokens, places, "{figures:?}");
        assert_eq!(
            self.closed.get(),
            figures.closed + self.foreign,
            "{figures:?}"
        );
        assert_eq!(
            figures.accepted + figures.taken_back + figures.given_back + figures.moved,
            figures.handed + figures.closed + here,
            "{figures:?}"
        );
    }
}

#[test]
fn idle_workers_get_the_same_number() {
    let mut world = World::with(8);
    for round in 0..10_000 {
        world.accept(L, 1);
        // They take what they have at different times.
        world.worker(round % 3).take_all();
        world.worker(round % 8).take_all();
    }
    let all = world.workers.values();
    let numbers: Vec<usize> = all
        .map(|worker| worker.held.borrow().len() + worker.queued())
        .collect();
    let (most, least) = (numbers.iter().max().unwrap(), numbers.iter().min().unwrap());
    assert!(most - least <= 8, "{numbers:?}");
}

#[test]
fn the_fewest_queued_comes_first_and_then_the_least_recently_used() {
    let mut world = World::with(3);
    world.accept(L, 3);
    world.worker(1).take_all();
    world.accept(L, 1);
    assert_eq!(world.queued(), [1, 1, 1]);
    world.accept(L, 2);
    assert_eq!(world.queued(), [2, 1, 2]);
}

#[test]
fn by_least_connections_the_fewest_open_or_queued_comes_first() {
    let mut world = World::with(3);
    world.scheduler.set_policy(Policy::LeastConnections);
    world.worker(0).page_open.set(3);
    world.worker(1).page_open.set(u64::MAX); // nonsense costs only its own share
    world.accept(L, 3);
    assert_eq!(world.queued(), [0, 0, 3]);
    world.accept(L, 3);
    assert_eq!(world.queued(), [2, 0, 4]);
}

#[test]
fn under_more_load_than_the_others_can_bear_nothing_stays_with_one_that_is_still() {
    let mut world = World::with(2);
    world.accept(L, 2 * QUEUE_LIMIT);
    assert_eq!(world.queued(), [QUEUE_LIMIT, QUEUE_LIMIT]);
    // The second takes one now and then, and there is always more to come.
    for _ in 0..400 {
        world.worker(1).take(1);
        world.worker(1).count();
        world.tick_after(5);
        world.accept(L, 1);
        world.check();
    }
    assert_eq!(world.worker(0).queued(), 0);
    assert_eq!(world.worker(1).held.borrow().len(), 400);
}

#[test]
fn a_worker_busy_for_long_comes_last() {
    let mut world = World::with(2);
    let since_ns = world.now - BUSY_AFTER;
    world.worker(0).page_loop.set(LoopState::Awake { since_ns });
    world.accept(L, 5);
    assert_eq!(world.queued(), [0, 5]);
    // It is better than nobody.
    world.worker(1).capacity.set(5);
    world.accept(L, 1);
    assert_eq!(world.queued(), [1, 5]);
}

#[test]
fn nonsense_about_the_loop_costs_only_balance() {
    let mut world = World::with(2);
    world
        .worker(0)
        .page_loop
        .set(LoopState::Awake { since_ns: u64::MAX });
    world
        .worker(1)
        .page_loop
        .set(LoopState::Asleep { since_ns: u64::MAX });
    world.accept(L, 4);
    assert_eq!(world.queued(), [2, 2]);
}

#[test]
fn what_waits_too_long_is_taken_back_if_another_is_free() {
    let mut world = World::with(3);
    world.accept(L, 3);
    world.worker(1).take_all();
    world.worker(2).take_all();
    assert!(world.tick_after(15));
    assert_eq!(world.queued(), [1, 0, 0]);
    world.tick_after(6);
    assert_eq!(world.queued(), [0, 1, 0]);
    world.worker(1).take_all();
    assert!(!world.tick_after(5));
    world.check();
}

#[test]
fn nothing_is_taken_back_while_nobody_is_free() {
    let mut world = World::with(2);
    world.accept(L, 2);
    for _ in 0..20 {
        assert!(world.tick_after(5));
    }
    assert_eq!(world.queued(), [1, 1]);
    assert_eq!(world.figures().taken_back, 0);
}

#[test]
fn the_time_to_take_back_can_be_set() {
    let mut world = World::with(2);
    world.scheduler.set_take_back_after(200 * MILLISECOND);
    world.accept(L, 1);
    world.tick_after(199);
    assert_eq!(world.queued(), [1, 0]);
    world.tick_after(2);
    assert_eq!(world.queued(), [0, 1]);
}

#[test]
fn a_stopped_worker_is_nudged_and_not_used_until_it_lives() {
    let mut world = World::with(2);
    world.accept(L, 2);
    world.worker(1).take_all();
    world.tick_after(25);
    assert_eq!(world.queued(), [0, 1]);
    assert_eq!(world.worker(0).queue.borrow().len(), 1);
    // It looks idle, but it is known to be stuck.
    for _ in 0..5 {
        world.worker(1).take_all();
        world.accept(L, 2);
        world.tick_after(5);
    }
    assert_eq!(world.worker(0).queued(), 0);
    world.worker(1).take_all();
    assert!(!world.tick_after(5));
    // It goes on, and takes the nudge.
    assert_eq!(world.worker(0).take_all(), 0);
    world.accept(L, 2);
    assert_eq!(world.queued(), [1, 1]);
    world.check();
    assert_eq!(world.figures().queued(), 2);
}

#[test]
fn a_worker_that_gave_back_is_left_alone_for_a_while() {
    let mut world = World::with(2);
    world.accept(L, 1);
    world.worker(0).take_all();
    world.give_back(0);
    assert_eq!(world.queued(), [0, 1]);
    world.accept(L, 3);
    assert_eq!(world.queued(), [0, 4]);
    // Of another listener it gets its share.
    world.accept(M, 2);
    assert_eq!(world.queued(), [2, 4]);
    world.now += DECLINE;
    world.accept(L, 1);
    assert_eq!(world.queued(), [3, 4]);
}

#[test]
fn what_no_worker_takes_at_all_is_turned_away_at_once() {
    let mut world = World::with(2);
    let unwanted_by = |world: &World, number| {
        world.worker(number).take_all();
        let held = world.worker(number).held.borrow();
        held.last().is_some_and(|(ticket, _)| ticket.unwanted)
    };
    world.accept(L, 1);
    assert!(!unwanted_by(&world, 0));
    world.give_back_as(0, true);
    // The other may take it, and waits for room first.
    assert_eq!(world.queued(), [0, 1]);
    assert!(!unwanted_by(&world, 1));
    world.give_back_as(1, false);
    assert_eq!((world.queued(), world.figures().waiting), (vec![0, 0], 1));
    world.tick_after(DECLINE / MILLISECOND);
    let next = world.queued().iter().position(|queued| *queued == 1);
    assert!(!unwanted_by(&world, next.unwrap() as u32));
    // Nobody takes any.
    world.give_back_as(next.unwrap() as u32, true);
    world.tick_after(DECLINE / MILLISECOND);
    assert!(!unwanted_by(&world, 1));
    world.give_back_as(1, true);
    assert_eq!(world.figures().waiting, 0);
    assert!(unwanted_by(&world, 0) || unwanted_by(&world, 1));
    world.accept(L, 2);
    assert_eq!(world.figures().waiting, 0);
    // One does again.
    world.worker(0).take_all();
    world.worker(0).page_open.set(1);
    world.accept(L, 1);
    assert_eq!(world.worker(0).queued(), 1);
    assert!(!unwanted_by(&world, 0));
    world.check();
}

#[test]
fn when_all_give_back_connections_wait_and_are_offered_in_turn() {
    let mut world = World::with(2);
    world.accept(L, 1);
    for number in [0, 1] {
        world.worker(number).take_all();
        world.give_back(number);
    }
    world.accept(L, 2);
    assert_eq!(world.figures().waiting, 3);
    assert!(world.tick_after(5));
    assert_eq!(world.figures().waiting, 3);
    // One joins again.
    world.scheduler.join(L, WorkerId(1), world.now);
    assert_eq!(world.queued(), [0, 3]);
    world.worker(1).take_all();
    let numbers: Vec<u64> = world
        .worker(1)
        .held
        .borrow()
        .iter()
        .map(|(_, token)| token.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3]);
    world.check();
}

#[test]
fn when_all_are_full_connections_wait_and_then_stay_with_the_kernel() {
    let mut world = World::with(1);
    world.accept(L, QUEUE_LIMIT + WAITING_LIMIT + 100);
    assert_eq!(world.queued(), [QUEUE_LIMIT]);
    assert_eq!(world.figures().waiting, WAITING_LIMIT as u64);
    assert!(!world.scheduler.accepts(L));
    world.worker(0).take_all();
    world.tick_after(5);
    assert!(world.scheduler.accepts(L));
    world.worker(0).take_all();
    world.tick_after(5);
    world.worker(0).take_all();
    assert!(!world.tick_after(5));
    let held = world.worker(0).held.borrow();
    assert_eq!(held.len(), QUEUE_LIMIT + WAITING_LIMIT);
    assert!(held.is_sorted_by_key(|(_, token)| token.number));
}

#[test]
fn what_a_dead_worker_had_queued_goes_to_others() {
    let mut world = World::with(3);
    world.accept(L, 30);
    world.scheduler.worker_gone(WorkerId(1), world.now);
    assert_eq!(world.queued(), [15, 0, 15]);
    world.scheduler.worker_gone(WorkerId(0), world.now);
    world.scheduler.worker_gone(WorkerId(2), world.now);
    assert_eq!(world.figures().waiting, 30);
    assert!(!world.scheduler.accepts(L));
    // Nobody to look after them, so no reason to tick.
    assert!(!world.tick_after(5));
    world.scheduler.close_listener(L, world.now);
    assert_eq!(world.closed.get(), 30);
    world.check();
}

#[test]
fn a_dead_workers_queue_waits_for_room() {
    let mut world = World::with(2);
    world.accept(L, 2);
    world.worker(0).no_room.set(true);
    world.scheduler.worker_gone(WorkerId(0), world.now);
    assert!(world.tick_after(5));
    assert_eq!(world.queued(), [1, 1]);
    world.worker(0).no_room.set(false);
    world.tick_after(5);
    assert_eq!(world.queued(), [0, 2]);
}

#[test]
fn leaving_takes_back_what_was_queued_of_that_listener() {
    let mut world = World::with(2);
    world.accept(L, 4);
    world.accept(M, 4);
    world.scheduler.leave(L, WorkerId(0), world.now);
    world.worker(0).take_all();
    assert!(
        world
            .worker(0)
            .held
            .borrow()
            .iter()
            .all(|(ticket, _)| ticket.listener == M.0)
    );
    world.check();
    assert_eq!(world.figures().waiting, 0);
}

#[test]
fn a_closed_listeners_connections_are_closed_wherever_they_are() {
    let mut world = World::with(2);
    world.accept(L, 4);
    world.accept(M, 2);
    world.worker(0).take(1);
    world.worker(0).count();
    world.scheduler.close_listener(L, world.now);
    assert_eq!(world.closed.get(), 3);
    assert_eq!(world.queued().iter().sum::<usize>(), 2);
    world.give_back(0);
    assert_eq!(world.closed.get(), 4);
    assert_eq!(world.figures().closed, 4);
    world.check();
}

#[test]
fn a_worker_gives_back_no_more_than_it_was_sent_and_only_what_is_its() {
    let mut world = World::with(1);
    let now = world.now;
    world.give_back_foreign(WorkerId(0), L);
    world.add(WorkerId(7));
    world.scheduler.join(M, WorkerId(7), now);
    world.accept(M, 2);
    world.worker(7).take_all();
    world.give_back_foreign(WorkerId(7), L);
    assert_eq!(world.figures().given_back, 0);
    assert_eq!(world.closed.get(), 2);
    // What it had before it left is still its to give back.
    world.scheduler.leave(M, WorkerId(7), now);
    world.give_back(7);
    assert_eq!(world.queued(), [2, 0]);
}

#[test]
fn a_broken_worker_is_left_out() {
    let mut world = World::with(2);
    world.accept(L, 2);
    world.worker(0).broken.set(true);
    world.accept(L, 4);
    assert!(world.tick_after(5));
    assert_eq!(world.queued(), [0, 6]);
}

/// Serves what comes, on workers that have so many at most, and gives back what is more. Each connection ends after
/// 20 ms. Returns the numbers in the order of their end, and how many were given back.
fn serve_with_limit(world: &mut World, limit: usize, number: usize) -> (Vec<u64>, u64) {
    let mut begun: Vec<VecDeque<Nanoseconds>> = vec![VecDeque::new(); world.workers.len()];
    let mut served = Vec::new();
    while served.len() < number {
        for id in 0..world.workers.len() as u32 {
            let open = &mut begun[id as usize];
            open.retain(|end| *end > world.now);
            world.worker(id).page_open.set(open.len() as u64);
            world.worker(id).take(8);
            world.worker(id).count();
            let taken = std::mem::take(&mut *world.worker(id).held.borrow_mut());
            for (ticket, token) in taken {
                if open.len() < limit {
                    open.push_back(world.now + 20 * MILLISECOND);
                    world.worker(id).page_open.set(open.len() as u64);
                    served.push(token.number);
                } else {
                    let now = world.now;
                    world.scheduler.given_back(WorkerId(id), ticket, token, now);
                }
            }
        }
        world.now += MILLISECOND;
        if world.now.is_multiple_of(5 * MILLISECOND) {
            world.scheduler.tick(world.now);
        }
    }
    (served, world.figures().given_back)
}

#[test]
fn when_all_workers_are_full_connections_are_served_in_order() {
    for limit in [1, 5, 20] {
        let mut world = World::with(2);
        world.accept(L, 300);
        let begin = world.now;
        let (served, given_back) = serve_with_limit(&mut world, limit, 300);
        let milliseconds = (world.now - begin) / MILLISECOND;
        // What was in the queues when the workers were found to be full comes out of order, and nothing after it.
        let first = &served[2 * limit..];
        let behind = first.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert!(
            behind <= first.len() / 10,
            "limit {limit}: {behind} {served:?}"
        );
        let last = served.iter().position(|number| *number == 300).unwrap();
        assert!(last >= 300 - 2 * limit - 8, "limit {limit}: {last}");
        // Each worker is tried now and then.
        assert!(given_back <= 300 + 2 * milliseconds / 10, "{given_back}");
    }
}

#[test]
fn a_limit_that_is_raised_is_noticed() {
    let mut world = World::with(1);
    world.accept(L, 100);
    serve_with_limit(&mut world, 1, 3);
    let begin = world.now;
    serve_with_limit(&mut world, 50, 90);
    let milliseconds = (world.now - begin) / MILLISECOND;
    assert!(milliseconds < 300, "{milliseconds}");
}

#[test]
fn the_same_client_comes_to_the_same_worker() {
    let mut world = World::with(4);
    world
        .scheduler
        .set_policy(Policy::Sticky(StickyBy::Address));
    let clients = 0..1000;
    let before: Vec<u32> = clients
        .clone()
        .map(|client| world.served_by(client))
        .collect();
    let again: Vec<u32> = clients
        .clone()
        .map(|client| world.served_by(client))
        .collect();
    assert_eq!(before, again);
    for worker in 0..4 {
        let share = before.iter().filter(|of| **of == worker).count();
        assert!((200..300).contains(&share), "{share}");
    }
    // One that goes leaves only its own, and gets them back.
    world.scheduler.set_paused(WorkerId(2), true, world.now);
    for client in clients.clone() {
        let of = world.served_by(client);
        let was = before[client as usize];
        assert!(of == was || was == 2);
        assert_ne!(of, 2);
    }
    world.scheduler.set_paused(WorkerId(2), false, world.now);
    let again: Vec<u32> = clients
        .clone()
        .map(|client| world.served_by(client))
        .collect();
    assert_eq!(before, again);
    // One that comes takes only what is its own from now on.
    world.add(WorkerId(4));
    world.scheduler.join(L, WorkerId(4), world.now);
    let moved = clients
        .filter(|client| {
            let of = world.served_by(*client);
            assert!(of == 4 || of == before[*client as usize]);
            of == 4
        })
        .count();
    assert!((150..=220).contains(&moved), "{moved}");
}

#[test]
fn a_client_comes_to_the_worker_that_has_claimed_it() {
    let mut world = World::with(4);
    world
        .scheduler
        .set_policy(Policy::Sticky(StickyBy::Query("sid".into())));
    for client in 0..40 {
        let worker = (client % 4) as u32;
        world.scheduler.claim(WorkerId(worker), key_of(client));
        assert_eq!(world.served_by(client), worker);
    }
    world.scheduler.worker_gone(WorkerId(1), world.now);
    world.workers.remove(&WorkerId(1));
    let heir = world.served_by(1);
    assert_eq!(world.served_by(1), heir);
    // Those without a key go round.
    world.accept(L, 3);
    assert_eq!(world.queued(), [1, 1, 1]);
}

#[test]
fn clients_belong_to_a_place_whoever_has_it() {
    let mut world = World::with(4);
    world
        .scheduler
        .set_policy(Policy::Sticky(StickyBy::Query("sid".into())));
    for number in 0..4 {
        let place = Place::numbered(number);
        world.scheduler.set_place(WorkerId(number), place);
    }
    for client in 0..100 {
        world.scheduler.claim(WorkerId(0), key_of(client));
    }
    let mut before: Vec<u32> = (0..1000).map(|client| world.served_by(client)).collect();
    assert!(before[..100].iter().all(|worker| *worker == 0));
    for number in 0..4 {
        let (old, new) = (WorkerId(number), WorkerId(number + 4));
        world.add(new);
        world.scheduler.set_place(new, Place::numbered(number));
        world.scheduler.join(L, new, world.now);
        let both: Vec<u32> = (0..1000).map(|client| world.served_by(client)).collect();
        assert_eq!(both, before, "the older one has the clients of both");
        world.scheduler.leave(L, old, world.now);
        let after: Vec<u32> = (0..1000).map(|client| world.served_by(client)).collect();
        for (was, is) in before.iter_mut().zip(after) {
            if *was == old.0 {
                *was = new.0;
            }
            assert_eq!(*was, is, "only those of the place move, and all to one");
        }
    }
}

#[test]
fn a_client_waits_for_its_worker_as_long_as_that_lives() {
    let mut world = World::with(2);
    world
        .scheduler
        .set_policy(Policy::Sticky(StickyBy::Address));
    let client = (0..).find(|client| world.served_by(*client) == 0).unwrap();
    world.accept_from(L, Some(client));
    world.tick_after(100);
    assert_eq!(world.queued(), [1, 0]);
    world.tick_after(101);
    assert_eq!(world.queued(), [0, 1]);
}

#[test]
fn the_program_chooses_and_otherwise_they_go_round() {
    let mut world = World::with(3);
    world.scheduler.set_policy(Policy::Program);
    for _ in 0..4 {
        let token = world.token();
        world.scheduler.accepted();
        let key = Some(Key::of_worker(WorkerId(1)));
        world
            .scheduler
            .arrived(Ticket::new(L.0, 0), key, token, world.now);
    }
    assert_eq!(world.queued(), [0, 4, 0]);
    let token = world.token();
    world.scheduler.accepted();
    let key = Some(Key::of_worker(WorkerId(77)));
    world
        .scheduler
        .arrived(Ticket::new(L.0, 0), key, token, world.now);
    world.accept(L, 1);
    assert_eq!(world.queued(), [1, 4, 1]);
}

#[test]
fn a_weight_is_a_share() {
    let mut world = World::with(3);
    world.scheduler.set_weight(WorkerId(0), 2.0);
    world.scheduler.set_weight(WorkerId(1), 0.5);
    for _ in 0..700 {
        world.accept(L, 1);
        for worker in world.workers.values() {
            worker.take_all();
        }
    }
    let held = |number| world.worker(number).held.borrow().len();
    let shares = [held(0), held(1), held(2)];
    for (share, expected) in shares.iter().zip([400, 100, 200]) {
        assert!(share.abs_diff(expected) <= 2, "{shares:?}");
    }
}

#[test]
fn a_paused_worker_gets_nothing_and_keeps_nothing() {
    let mut world = World::with(2);
    world.accept(L, 4);
    world.scheduler.set_paused(WorkerId(0), true, world.now);
    assert_eq!(world.queued(), [0, 4]);
    world.scheduler.set_paused(WorkerId(1), true, world.now);
    assert_eq!(world.figures().waiting, 4);
    assert!(!world.scheduler.accepts(L));
    assert!(!world.tick_after(5));
    world.scheduler.set_paused(WorkerId(0), false, world.now);
    assert_eq!(world.queued(), [4, 0]);
    assert!(world.scheduler.accepts(L));
    world.check();
}

#[test]
fn a_worker_that_was_paused_does_not_get_what_it_has_missed() {
    let mut world = World::with(2);
    let serve = |world: &mut World, number| {
        for _ in 0..number {
            world.accept(L, 1);
            for worker in world.workers.values() {
                worker.take_all();
            }
        }
        [0, 1].map(|worker| world.worker(worker).held.borrow().len())
    };
    world.scheduler.set_paused(WorkerId(0), true, world.now);
    assert_eq!(serve(&mut world, 100), [0, 100]);
    world.scheduler.set_paused(WorkerId(0), false, world.now);
    assert_eq!(serve(&mut world, 10), [5, 105]);
}

#[test]
fn a_connection_that_was_served_comes_again_as_a_new_one() {
    let mut world = World::with(2);
    world.accept(L, 2);
    world.worker(0).take_all();
    world.scheduler.leave(L, WorkerId(0), world.now);
    world.come_again(0);
    assert_eq!(world.queued(), [0, 2]);
    world.check();
}

#[test]
fn a_parked_connection_goes_to_the_worker_with_the_fewest_when_its_client_speaks() {
    let mut world = World::with(3);
    world.accept(L, 1);
    world.worker(0).take_all();
    for (number, open) in [(0, 9), (1, 7), (2, 8)] {
        world.worker(number).page_open.set(open);
    }
    world.park(0, None);
    world.check();
    assert_eq!((world.figures().parked, world.queued()), (1, vec![0, 0, 0]));
    world.hear(world.parked[0], false);
    assert_eq!((world.figures().parked, world.queued()), (0, vec![0, 1, 0]));
}

#[test]
fn a_closed_listener_takes_its_parked_along() {
    let mut world = World::with(1);
    world.accept(L, 2);
    world.worker(0).take_all();
    world.park(0, None);
    world.scheduler.close_listener(L, world.now);
    world.park(0, None);
    assert_eq!((world.figures().parked, world.figures().closed), (0, 2));
    world.check();
}

#[test]
fn a_worker_that_stalls_is_asked_for_its_connections_and_gets_none_of_others_for_a_while() {
    let mut world = World::with(3);
    for number in 0..3 {
        world.worker(number).page_open.set(10);
    }
    let since = world.now;
    world
        .worker(0)
        .page_loop
        .set(LoopState::Awake { since_ns: since });
    world.look_for_a_while();
    let asked = |world: &World| -> Vec<u64> {
        world
            .workers
            .values()
            .map(|worker| worker.page_asked.get())
            .collect()
    };
    assert_eq!(asked(&world), [10 + UNTIL_THE_NEXT_LOOK, 0, 0]);
    // It is free again, for the moment.
    world.worker(0).page_loop.set(LoopState::Asleep {
        since_ns: world.now,
    });
    // New ones go in turn: if those that stall least got all, they would soon stall most.
    world.accept(L, 3);
    assert_eq!(world.queued(), [1, 1, 1]);
    for number in 0..3 {
        world.worker(number).take_all();
    }
    world.worker(0).page_open.set(0);
    world.scheduler.rebalance(world.now);
    assert_eq!(asked(&world), [UNTIL_THE_NEXT_LOOK, 0, 0]);
    world.come_again(1);
    world.come_again(2);
    assert_eq!(world.queued(), [0, 1, 1]);
}

#[test]
fn stalls_in_request_handlers_count_when_they_are_over() {
    let mut world = World::with(2);
    for number in 0..2 {
        world.worker(number).page_open.set(10);
    }
    world.look_for_a_while();
    assert_eq!(world.worker(0).page_asked.get(), 0);
    world.worker(0).page_stalled.set(200_000 * 200_000);
    world.scheduler.rebalance(world.now);
    assert_eq!(world.worker(0).page_asked.get(), 10 + UNTIL_THE_NEXT_LOOK);
}

#[test]
fn all_that_stall_are_asked_for_what_may_move_together() {
    let mut world = World::with(3);
    for number in 0..2 {
        world.worker(number).page_open.set(200);
    }
    world.look_for_a_while();
    for number in 0..2 {
        world.worker(number).page_stalled.set(200_000 * 200_000);
    }
    world.scheduler.rebalance(world.now);
    let asked: u64 = world
        .workers
        .values()
        .map(|worker| worker.page_asked.get())
        .sum();
    assert_eq!(asked, 250);
}

#[test]
fn with_sticky_scheduling_nobody_is_asked() {
    let mut world = World::with(2);
    world
        .scheduler
        .set_policy(Policy::Sticky(StickyBy::Address));
    world.worker(0).page_open.set(10);
    world.worker(0).page_loop.set(LoopState::Awake {
        since_ns: world.now,
    });
    world.look_for_a_while();
    assert_eq!(world.worker(0).page_asked.get(), 0);
}

/// One thing that happens. Numbers of workers and listeners wrap around those that exist.
#[derive(Clone, Debug)]
enum Event {
    Add,
    Gone(usize),
    Open,
    Close(usize),
    Join(usize, usize),
    Leave(usize, usize),
    Accept(usize, usize),
    Take(usize, usize),
    Count(usize),
    GiveBack(usize),
    GiveBackForeign(usize, usize),
    ComeAgain(usize),
    Park(usize, Option<u64>),
    Hear(usize, bool),
    Expire,
    Evict(usize),
    Rebalance,
    AcceptFrom(usize, u64),
    Claim(usize, u64),
    Pause(usize, bool),
    Weigh(usize, f64),
    Serve(usize, u64),
    Choose(u8),
    Lie(usize, u64),
    Busy(usize, bool),
    Capacity(usize, usize),
    Break(usize),
    Room(usize, bool),
    Tick(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let which = 0..64usize;
    prop_oneof![
        2 => Just(Event::Add),
        1 => which.clone().prop_map(Event::Gone),
        1 => Just(Event::Open),
        1 => which.clone().prop_map(Event::Close),
        6 => (which.clone(), which.clone()).prop_map(|(l, w)| Event::Join(l, w)),
        2 => (which.clone(), which.clone()).prop_map(|(l, w)| Event::Leave(l, w)),
        8 => (which.clone(), 1..200usize).prop_map(|(l, n)| Event::Accept(l, n)),
        6 => (which.clone(), 1..200usize).prop_map(|(w, n)| Event::Take(w, n)),
        6 => which.clone().prop_map(Event::Count),
        4 => which.clone().prop_map(Event::GiveBack),
        1 => (which.clone(), which.clone()).prop_map(|(w, l)| Event::GiveBackForeign(w, l)),
        2 => which.clone().prop_map(Event::ComeAgain),
        5 => (which.clone(), proptest::option::of(0..50u64)).prop_map(|(w, t)| Event::Park(w, t)),
        5 => (which.clone(), proptest::bool::weighted(0.2)).prop_map(|(id, end)| Event::Hear(id, end)),
        2 => Just(Event::Expire),
        1 => (1..4usize).prop_map(Event::Evict),
        2 => Just(Event::Rebalance),
        4 => (which.clone(), 0..20u64).prop_map(|(l, c)| Event::AcceptFrom(l, c)),
        1 => (which.clone(), 0..20u64).prop_map(|(w, c)| Event::Claim(w, c)),
        2 => (which.clone(), any::<bool>()).prop_map(|(w, p)| Event::Pause(w, p)),
        1 => (which.clone(), any::<f64>()).prop_map(|(w, n)| Event::Weigh(w, n)),
        2 => (which.clone(), 0..200u64).prop_map(|(w, n)| Event::Serve(w, n)),
        1 => any::<u8>().prop_map(Event::Choose),
        1 => (which.clone(), any::<u64>()).prop_map(|(w, n)| Event::Lie(w, n)),
        2 => (which.clone(), any::<bool>()).prop_map(|(w, busy)| Event::Busy(w, busy)),
        2 => (which.clone(), 0..QUEUE_LIMIT * 2).prop_map(|(w, n)| Event::Capacity(w, n)),
        1 => which.clone().prop_map(Event::Break),
        2 => (which, any::<bool>()).prop_map(|(w, room)| Event::Room(w, room)),
        6 => (0..30u64).prop_map(Event::Tick),
    ]
}

/// The one of these that a number means, if there are any.
fn pick<T: Copy>(all: impl Iterator<Item = T>, number: usize) -> Option<T> {
    let all: Vec<T> = all.collect();
    (!all.is_empty()).then(|| all[number % all.len()])
}

#[derive(Default)]
struct Model {
    alive: BTreeSet<WorkerId>,
    open: BTreeSet<ListenerId>,
    workers_ever: u32,
    listeners_ever: u32,
}

fn happen(world: &mut World, model: &mut Model, event: Event) {
    let now = world.now;
    let worker = |number| pick(model.alive.iter().copied(), number);
    let listener = |number| pick(model.open.iter().copied(), number);
    match event {
        Event::Add => {
            let id = WorkerId(model.workers_ever);
            model.workers_ever += 1;
            model.alive.insert(id);
            world.add(id);
        }
        Event::Open => {
            let id = ListenerId(model.listeners_ever);
            model.listeners_ever += 1;
            model.open.insert(id);
            world.scheduler.open_listener(id);
        }
        Event::Gone(w) => {
            if let Some(w) = worker(w) {
                model.alive.remove(&w);
                world.scheduler.worker_gone(w, now);
            }
        }
        Event::Close(l) => {
            if let Some(l) = listener(l) {
                model.open.remove(&l);
                world.scheduler.close_listener(l, now);
            }
        }
        Event::Join(l, w) => {
            if let (Some(l), Some(w)) = (listener(l), worker(w)) {
                world.scheduler.join(l, w, now);
            }
        }
        Event::Leave(l, w) => {
            if let (Some(l), Some(w)) = (listener(l), worker(w)) {
                world.scheduler.leave(l, w, now);
            }
        }
        Event::Accept(l, number) => {
            if let Some(l) = listener(l) {
                world.accept(l, number);
            }
        }
        Event::Tick(milliseconds) => {
            world.tick_after(milliseconds);
        }
        Event::Take(w, number) => with(world, worker(w), |worker| worker.take(number)),
        Event::Count(w) => with(world, worker(w), Worker::count),
        Event::Lie(w, taken) => with(world, worker(w), |worker| worker.page_taken.set(taken)),
        Event::Capacity(w, number) => with(world, worker(w), |worker| worker.capacity.set(number)),
        Event::Break(w) => with(world, worker(w), |worker| worker.broken.set(true)),
        Event::Room(w, room) => with(world, worker(w), |worker| worker.no_room.set(!room)),
        Event::Busy(w, busy) => with(world, worker(w), |worker| {
            worker.page_loop.set(match busy {
                true => LoopState::Awake { since_ns: now },
                false => LoopState::Asleep { since_ns: now },
            });
        }),
        Event::GiveBack(w) => {
            if let Some(w) = worker(w)
                && !world.workers[&w].held.borrow().is_empty()
            {
                world.give_back(w.0);
            }
        }
        Event::ComeAgain(w) => {
            if let Some(w) = worker(w)
                && !world.workers[&w].held.borrow().is_empty()
            {
                world.come_again(w.0);
            }
        }
        Event::Park(w, idle) => {
            if let Some(w) = worker(w)
                && !world.workers[&w].held.borrow().is_empty()
            {
                world.park(w.0, idle.map(|idle| now + idle * MILLISECOND));
            }
        }
        Event::Hear(id, hangs_up) => {
            if let Some(id) = pick(world.parked.iter().copied(), id) {
                world.hear(id, hangs_up);
            }
        }
        Event::Expire => {
            let next = world.scheduler.close_expired(now);
            assert!(next.is_none_or(|next| next > now));
        }
        Event::Evict(most) => {
            world.scheduler.evict(most);
        }
        Event::Rebalance => {
            world.scheduler.rebalance(now);
        }
        Event::AcceptFrom(l, client) => {
            if let Some(l) = listener(l) {
                world.accept_from(l, Some(client));
            }
        }
        Event::Claim(w, client) => {
            if let Some(w) = worker(w) {
                world.scheduler.claim(w, key_of(client));
            }
        }
        Event::Pause(w, paused) => {
            if let Some(w) = worker(w) {
                world.scheduler.set_paused(w, paused, now);
            }
        }
        Event::Weigh(w, weight) => {
            if let Some(w) = worker(w) {
                world.scheduler.set_weight(w, weight);
            }
        }
        Event::Choose(number) => world.scheduler.set_policy(match number % 4 {
            0 => Policy::RoundRobin,
            1 => Policy::LeastConnections,
            2 => Policy::Sticky(StickyBy::Address),
            _ => Policy::Program,
        }),
        Event::Serve(w, open) => with(world, worker(w), |worker| worker.page_open.set(open)),
        Event::GiveBackForeign(w, l) => {
            if let (Some(w), Some(l)) = (worker(w), listener(l))
                && world.workers[&w].received.get() == 0
                && world.workers[&w].queue.borrow().is_empty()
            {
                world.give_back_foreign(w, l);
            }
        }
    }
}

fn with(world: &World, worker: Option<WorkerId>, act: impl FnOnce(&Worker)) {
    if let Some(worker) = worker {
        act(&world.workers[&worker]);
    }
}

proptest! {
    #[test]
    fn each_connection_has_one_owner_and_every_one_ends(
        events in proptest::collection::vec(event(), 1..300),
    ) {
        let mut world = World::new();
        let mut model = Model::default();
        for event in [Event::Add, Event::Add, Event::Open, Event::Join(0, 0), Event::Join(0, 1)] {
            happen(&mut world, &mut model, event);
        }
        for event in events {
            happen(&mut world, &mut model, event);
            world.check();
        }
        // All is well from now on, and each open listener has a worker more.
        for worker in world.workers.values() {
            worker.no_room.set(false);
            worker.capacity.set(QUEUE_LIMIT * 2);
        }
        for id in &model.alive {
            world.scheduler.set_paused(*id, false, world.now);
        }
        happen(&mut world, &mut model, Event::Add);
        for listener in &model.open {
            let last = WorkerId(model.workers_ever - 1);
            world.scheduler.join(*listener, last, world.now);
        }
        // Those that are parked are heard of, one way or another.
        for (i, id) in world.parked.clone().into_iter().enumerate() {
            match i % 3 {
                0 => world.hear(id, false),
                1 => world.hear(id, true),
                _ => {}
            }
        }
        world.scheduler.close_expired(u64::MAX);
        world.scheduler.evict(usize::MAX);
        let mut again = true;
        for _ in 0..40 {
            for id in &model.alive {
                world.workers[id].take_all();
            }
            again = world.tick_after(5);
            world.check();
        }
        prop_assert!(!again, "there is nothing left to look after");
        let figures = world.figures();
        prop_assert_eq!(figures.waiting, 0);
        prop_assert_eq!(figures.parked, 0);
        prop_assert_eq!(figures.queued(), 0);
        prop_assert_eq!(world.queued().iter().sum::<usize>(), 0);
        let held: usize = world.workers.values().map(|worker| worker.held.borrow().len()).sum();
        prop_assert_eq!(figures.accepted, held as u64 + figures.closed);
        prop_assert_eq!(figures.handed, figures.taken + figures.taken_back);
    }
}
