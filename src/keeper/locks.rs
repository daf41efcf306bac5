//! Locks, given in the order in which they were asked for. Pure: it is told what time it is, in milliseconds.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::CallerId;
use super::snapshot::{LockSnapshot, WaiterSnapshot};

/// What somebody has to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is theirs. Each fence is larger than all before it.
    Given {
        caller: CallerId,
        number: u64,
        fence: u64,
    },
    /// They have waited for as long as they wanted to.
    GivenUp { caller: CallerId, number: u64 },
    /// They have held it for as long as they might.
    Expired { caller: CallerId, fence: u64 },
}

/// Who asks for a lock, and with which number.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub caller: CallerId,
    pub number: u64,
    /// For how long it may be held; 0 until it is given back.
    pub ttl: u64,
    /// For how long to wait for it.
    pub wait: Option<u64>,
}

struct Holder {
    caller: CallerId,
    fence: u64,
    until: Option<Deadline>,
}

struct Waiter {
    asked: Asked,
    until: Option<Deadline>,
}

/// A time, and a number that no other deadline has.
type Deadline = (u64, u64);

/// The deadlines of all locks, each with the name of its lock.
#[derive(Default)]
struct Deadlines {
    last: u64,
    names: BTreeMap<Deadline, Box<str>>,
}

impl Deadlines {
    fn set(&mut self, name: &str, now: u64, after: Option<u64>) -> Option<Deadline> {
        let after = after?;
        self.last += 1;
        let deadline = (now.saturating_add(after), self.last);
        self.names.insert(deadline, name.into());
        Some(deadline)
    }

    fn unset(&mut self, deadline: Option<Deadline>) {
        if let Some(deadline) = deadline {
            self.names.remove(&deadline);
        }
    }
}

struct Lock {
    holder: Holder,
    waiting: VecDeque<Waiter>,
}

/// All locks, by name.
pub struct Locks {
    /// Those that somebody holds.
    held: HashMap<Box<str>, Lock>,
    deadlines: Deadlines,
    last_fence: u64,
}

impl Locks {
    /// Fences are larger than `first`.
    pub fn new(first: u64) -> Locks {
        Locks {
            held: HashMap::new(),
            deadlines: Deadlines::default(),
            last_fence: first,
        }
    }

    /// The largest fence so far.
    pub fn last_fence(&self) -> u64 {
        self.last_fence
    }

    /// All that are held, for another process. `number` says what callers are called there.
    pub fn snapshot(&self, number: impl Fn(CallerId) -> u64, now: u64) -> Vec<LockSnapshot> {
        let left = |until: Option<Deadline>| until.map(|(time, _)| time.saturating_sub(now));
        let waiter = |waiter: &Waiter| WaiterSnapshot {
            caller: number(waiter.asked.caller),
            number: waiter.asked.number,
            ttl: waiter.asked.ttl,
            left: left(waiter.until),
        };
        let held = self.held.iter().map(|(name, lock)| LockSnapshot {
            name: name.to_string(),
            caller: number(lock.holder.caller),
            fence: lock.holder.fence,
            left: left(lock.holder.until),
            waiting: lock.waiting.iter().map(waiter).collect(),
        });
        held.collect()
    }

    /// Has these locks held as they were in another process.
    pub fn restore(&mut self, locks: Vec<LockSnapshot>, elapsed: u64, now: u64) {
        let left = |left: Option<u64>| left.map(|left| left.saturating_sub(elapsed));
        for lock in locks {
            let name = lock.name.as_str();
            let holder = Holder {
                caller: CallerId(lock.caller),
                fence: lock.fence,
                until: self.deadlines.set(name, now, left(lock.left)),
            };
            let waiter = |waiter: WaiterSnapshot| Waiter {
                until: self.deadlines.set(name, now, left(waiter.left)),
                asked: Asked {
                    caller: CallerId(waiter.caller),
                    number: waiter.number,
                    ttl: waiter.ttl,
                    wait: waiter.left,
                },
            };
            let waiting = lock.waiting.into_iter().map(waiter).collect();
            self.held.insert(name.into(), Lock { holder, waiting });
        }
    }

    /// Gives the lock, now or when it is free.
    pub fn lock(&mut self, name: &str, asked: Asked, now: u64, events: &mut Vec<Event>) {
        self.expire_lock(name, now, events);
        match self.held.get_mut(name) {
            None => {
                let holder = self.give(name, &asked, now, events);
                let waiting = VecDeque::new();
                self.held.insert(name.into(), Lock { holder, waiting });
            }
            Some(_) if asked.wait == Some(0) => events.push(given_up(&asked)),
            Some(lock) => {
                let until = self.deadlines.set(name, now, asked.wait);
                lock.waiting.push_back(Waiter { asked, until });
            }
        }
    }

    /// Takes a lock back from who holds it; whether they still did.
    pub fn unlock(
        &mut self,
        name: &str,
        caller: CallerId,
        fence: u64,
        now: u64,
        events: &mut Vec<Event>,
    ) -> bool {
        self.expire_lock(name, now, events);
        let is_holder = |lock: &Lock| lock.holder.caller == caller && lock.holder.fence == fence;
        let is_held = self.held.get(name).is_some_and(is_holder);
        if is_held {
            self.pass_on(name, now, events);
        }
        is_held
    }

    /// Somebody does not wait any more.
    pub fn forget(&mut self, caller: CallerId, number: u64, events: &mut Vec<Event>) {
        let is_meant =
            |waiter: &Waiter| waiter.asked.caller == caller && waiter.asked.number == number;
        for lock in self.held.values_mut() {
            if let Some(place) = lock.waiting.iter().position(is_meant)
                && let Some(waiter) = lock.waiting.remove(place)
            {
                self.deadlines.unset(waiter.until);
                events.push(given_up(&waiter.asked));
            }
        }
    }

    /// A process has gone, and its locks go on to others.
    pub fn leave(&mut self, caller: CallerId, now: u64, events: &mut Vec<Event>) {
        let mut left = Vec::new();
        for (name, lock) in &mut self.held {
            lock.waiting.retain(|waiter| {
                let stays = waiter.asked.caller != caller;
                if !stays {
                    self.deadlines.unset(waiter.until);
                }
                stays
            });
            if lock.holder.caller == caller {
                left.push(name.clone());
            }
        }
        for name in left {
            self.pass_on(&name, now, events);
        }
    }

    /// When something happens next without anybody doing anything.
    pub fn next_deadline(&self) -> Option<u64> {
        let ((time, _), _) = self.deadlines.names.first_key_value()?;
        Some(*time)
    }

    /// Sees to all whose time is over.
    pub fn expire(&mut self, now: u64, events: &mut Vec<Event>) {
        while let Some(first) = self.deadlines.names.first_entry()
            && first.key().0 <= now
        {
            let name = first.get().clone();
            self.expire_lock(&name, now, events);
        }
    }

    fn expire_lock(&mut self, name: &str, now: u64, events: &mut Vec<Event>) {
        let is_over = |until: Option<Deadline>| until.is_some_and(|(time, _)| time <= now);
        let Some(lock) = self.held.get_mut(name) else {
            return;
        };
        lock.waiting.retain(|waiter| {
            let goes = is_over(waiter.until);
            if goes {
                self.deadlines.unset(waiter.until);
                events.push(given_up(&waiter.asked));
            }
            !goes
        });
        let Holder {
            caller,
            fence,
            until,
        } = lock.holder;
        if is_over(until) {
            events.push(Event::Expired { caller, fence });
            self.pass_on(name, now, events);
        }
    }

    fn pass_on(&mut self, name: &str, now: u64, events: &mut Vec<Event>) {
        let Some(lock) = self.held.get_mut(name) else {
            return;
        };
        self.deadlines.unset(lock.holder.until);
        let Some(next) = lock.waiting.pop_front() else {
            self.held.remove(name);
            return;
        };
        self.deadlines.unset(next.until);
        let holder = self.give(name, &next.asked, now, events);
        if let Some(lock) = self.held.get_mut(name) {
            lock.holder = holder;
        }
    }

    fn give(&mut self, name: &str, asked: &Asked, now: u64, events: &mut Vec<Event>) -> Holder {
        self.last_fence += 1;
        let (caller, number, fence) = (asked.caller, asked.number, self.last_fence);
        events.push(Event::Given {
            caller,
            number,
            fence,
        });
        let until = self
            .deadlines
            .set(name, now, Some(asked.ttl).filter(|ttl| *ttl > 0));
        Holder {
            caller,
            fence,
            until,
        }
    }
}

fn given_up(asked: &Asked) -> Event {
    Event::GivenUp {
        caller: asked.caller,
        number: asked.number,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn asked(caller: u64, number: u64, ttl: u64, wait: Option<u64>) -> Asked {
        Asked {
            caller: CallerId(caller),
            number,
            ttl,
            wait,
        }
    }

    #[test]
    fn a_lock_is_given_in_order_and_ends_with_its_holder() {
        let mut locks = Locks::new(10);
        let mut events = Vec::new();
        for caller in 1..=3 {
            locks.lock("a", asked(caller, 1, 0, None), 0, &mut events);
        }
        locks.leave(CallerId(2), 0, &mut events);
        locks.leave(CallerId(1), 0, &mut events);
        let given = |caller, fence| Event::Given {
            caller: CallerId(caller),
            number: 1,
            fence,
        };
        assert_eq!(events, [given(1, 11), given(3, 12)]);
    }

    #[test]
    fn times_end_waiting_and_holding() {
        let mut locks = Locks::new(0);
        let mut events = Vec::new();
        locks.lock("a", asked(1, 1, 10, None), 0, &mut events);
        locks.lock("a", asked(2, 1, 0, Some(0)), 0, &mut events);
        locks.lock("a", asked(2, 2, 0, Some(5)), 0, &mut events);
        locks.lock("a", asked(2, 3, 0, None), 0, &mut events);
        assert_eq!(locks.next_deadline(), Some(5));
        events.clear();
        locks.expire(5, &mut events);
        locks.expire(10, &mut events);
        assert!(!locks.unlock("a", CallerId(1), 1, 10, &mut events));
        let expected = [
            Event::GivenUp {
                caller: CallerId(2),
                number: 2,
            },
            Event::Expired {
                caller: CallerId(1),
                fence: 1,
            },
            Event::Given {
                caller: CallerId(2),
                number: 3,
                fence: 2,
            },
        ];
        assert_eq!(events, expected);
    }

    proptest! {
        /// At no time two have it, fences grow, and each who asks hears once.
        #[test]
        fn one_has_it(steps in prop::collection::vec((0..5u8, 0..3u64, 0..4u64, prop::option::of(0..4u64)), 0..80)) {
            let mut locks = Locks::new(0);
            let mut holder: Option<(CallerId, u64)> = None;
            let mut waiting = HashSet::new();
            let mut last = 0;
            let mut now = 0;
            for (number, (step, caller, ttl, wait)) in (0..).zip(steps) {
                let mut events = Vec::new();
                let id = CallerId(caller);
                match step {
                    0 | 1 => {
                        waiting.insert((id, number));
                        locks.lock("a", asked(caller, number, ttl, wait), now, &mut events);
                    }
                    2 => if let Some((id, fence)) = holder && locks.unlock("a", id, fence, now, &mut events) {
                        holder = None;
                    },
                    3 => {
                        locks.leave(id, now, &mut events);
                        waiting.retain(|(caller, _)| *caller != id);
                        if holder.is_some_and(|(caller, _)| caller == id) { holder = None; }
                    }
                    _ => { now += ttl; locks.expire(now, &mut events); }
                }
                for event in events {
                    match event {
                        Event::Given { caller, number, fence } => {
                            prop_assert_eq!(holder, None);
                            prop_assert!(fence > last && waiting.remove(&(caller, number)));
                            last = fence;
                            holder = Some((caller, fence));
                        }
                        Event::GivenUp { caller, number } => prop_assert!(waiting.remove(&(caller, number))),
                        Event::Expired { caller, fence } => {
                            prop_assert_eq!(holder, Some((caller, fence)));
                            holder = None;
                        }
                    }
                }
                prop_assert!(holder.is_some() || waiting.is_empty());
                prop_assert!(holder.is_some() || locks.deadlines.names.is_empty());
            }
        }
    }
}
