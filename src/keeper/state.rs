//! What is kept, and what becomes of each request. Pure: it is told what time it is, in milliseconds, and what it has to say
//! waits in an [`Outbox`] for each process.

use std::collections::{HashMap, HashSet};

use super::CallerId;
use super::locks::{Asked, Event, Locks};
use super::outbox::Outbox;
use super::request::{Bounds, Request};
use super::snapshot::{CallerSnapshot, Snapshot, StoreSnapshot};
use super::store::{Change, Refusal, Store};

/// The bounds of a store of which nobody has said any.
const BOUNDS: Bounds = Bounds {
    max_entries: None,
    max_bytes: 64 << 20,
    ttl: 0,
    evicts: true,
};

/// How long what has expired may stay before it is removed, in milliseconds: nobody sees it, and it is less work so.
const SWEEP_EVERY: u64 = 50;

struct Watch {
    caller: CallerId,
    number: u64,
    prefix: Box<str>,
}

struct Kept {
    store: Store,
    watches: Vec<Watch>,
}

#[derive(Default)]
struct Caller {
    outbox: Outbox,
    /// The stores that it has opened, by its own numbers.
    stores: Vec<usize>,
}

/// Everything that the keeper keeps.
pub struct State {
    callers: HashMap<CallerId, Caller>,
    stores: Vec<Kept>,
    names: HashMap<Box<str>, usize>,
    locks: Locks,
    topics: HashMap<Box<str>, Vec<CallerId>>,
    last_watch: u64,
    last_sweep: u64,
    /// Whose outboxes have been added to.
    touched: HashSet<CallerId>,
}

/// What a request is answered with: text behind its number.
enum Reply {
    /// `undefined`.
    Nothing,
    Flag(bool),
    Number(i64),
    Refused(Refusal),
    /// It has been written, or comes later.
    Written,
}

impl From<Result<bool, Refusal>> for Reply {
    fn from(outcome: Result<bool, Refusal>) -> Reply {
        outcome.map_or_else(Reply::Refused, Reply::Flag)
    }
}

fn append_string(bytes: &mut Vec<u8>, text: &str) {
    // Writing text into memory does not fail.
    let _ = serde_json::to_writer(bytes, text);
}

impl State {
    /// Fences of locks are larger than `first_fence`.
    pub fn new(first_fence: u64) -> State {
        State {
            callers: HashMap::new(),
            stores: Vec::new(),
            names: HashMap::new(),
            locks: Locks::new(first_fence),
            topics: HashMap::new(),
            last_watch: 0,
            last_sweep: 0,
            touched: HashSet::new(),
        }
    }

    /// All that another keeper [had](Self::take_all), and whose fences are larger than `first_fence` as well. Its callers have
    /// asked already.
    pub fn restore(snapshot: Snapshot, first_fence: u64, now: u64) -> State {
        let mut state = State::new(first_fence.max(snapshot.last_fence));
        state.last_watch = snapshot.last_watch;
        for kept in snapshot.stores {
            let mut store = Store::new(kept.bounds);
            for (key, value, left) in kept.entries {
                store.restore(&key, &value, left, now);
            }
            let watch = |(caller, number, prefix): (u64, u64, String)| Watch {
                caller: CallerId(caller),
                number,
                prefix: prefix.into(),
            };
            let watches: Vec<Watch> = kept.watches.into_iter().map(watch).collect();
            store.note_changes(!watches.is_empty());
            state.names.insert(kept.name.into(), state.stores.len());
            state.stores.push(Kept { store, watches });
        }
        for caller in snapshot.callers {
            let id = CallerId(caller.caller);
            let outbox = Outbox::of(caller.output);
            let stores = caller.stores;
            state.callers.insert(id, Caller { outbox, stores });
        }
        for (topic, subscribers) in snapshot.topics {
            let subscribers = subscribers.into_iter().map(CallerId).collect();
            state.topics.insert(topic.into(), subscribers);
        }
        state.locks.restore(snapshot.locks, now);
        state
    }

    /// Takes all out, for another keeper, where `number` says what callers are called; those without a number have gone, or
    /// go. `inputs` are the beginnings of frames that have been read.
    pub fn take_all(
        &mut self,
        inputs: Vec<(CallerId, Vec<u8>)>,
        number: impl Fn(CallerId) -> Option<u64>,
        now: u64,
    ) -> Snapshot {
        let gone: Vec<CallerId> = self
            .callers
            .keys()
            .copied()
            .filter(|caller| number(*caller).is_none())
            .collect();
        for caller in gone {
            self.leave(caller, now);
        }
        let number = |caller| number(caller).unwrap_or_default();
        let mut inputs: HashMap<CallerId, Vec<u8>> = inputs.into_iter().collect();
        let callers = self.callers.iter_mut().map(|(id, caller)| CallerSnapshot {
            caller: number(*id),
            stores: caller.stores.clone(),
            input: inputs.remove(id).unwrap_or_default(),
            output: caller.outbox.take_all(),
        });
        let callers = callers.collect();
        let mut names: Vec<(&Box<str>, &usize)> = self.names.iter().collect();
        names.sort_unstable_by_key(|(_, index)| **index);
        let stores = names.iter().zip(&mut self.stores);
        let stores = stores.map(|((name, _), kept)| StoreSnapshot {
            name: name.to_string(),
            bounds: kept.store.bounds(),
            entries: kept.store.take_all(now),
            watches: kept
                .watches
                .iter()
                .map(|watch| (number(watch.caller), watch.number, watch.prefix.to_string()))
                .collect(),
        });
        let stores = stores.collect();
        let topics = self.topics.iter().map(|(topic, subscribers)| {
            let subscribers = subscribers.iter().copied().map(number).collect();
            (topic.to_string(), subscribers)
        });
        Snapshot {
            last_fence: self.locks.last_fence(),
            last_watch: self.last_watch,
            stores,
            callers,
            topics: topics.collect(),
            locks: self.locks.snapshot(number, now),
        }
    }

    /// A process may ask from now on.
    pub fn join(&mut self, caller: CallerId) {
        self.callers.insert(caller, Caller::default());
    }

    /// A process has gone: what it held, watched and waited for ends.
    pub fn leave(&mut self, caller: CallerId, now: u64) {
        self.callers.remove(&caller);
        for kept in &mut self.stores {
            kept.watches.retain(|watch| watch.caller != caller);
            kept.store.note_changes(!kept.watches.is_empty());
        }
        self.topics.retain(|_, subscribers| {
            subscribers.retain(|subscriber| *subscriber != caller);
            !subscribers.is_empty()
        });
        let mut events = Vec::new();
        self.locks.leave(caller, now, &mut events);
        self.tell_of_locks(events);
    }

    /// What waits to be written to a process.
    pub fn outbox(&mut self, caller: CallerId) -> Option<&mut Outbox> {
        self.callers
            .get_mut(&caller)
            .map(|caller| &mut caller.outbox)
    }

    /// Those for whom there is something new in their outboxes.
    pub fn take_touched(&mut self) -> impl Iterator<Item = CallerId> {
        std::mem::take(&mut self.touched).into_iter()
    }

    /// When [`pass`](Self::pass) has something to do.
    pub fn next_deadline(&self) -> Option<u64> {
        let expiry = self
            .stores
            .iter()
            .filter_map(|kept| kept.store.next_expiry())
            .min();
        let sweep = expiry.map(|expiry| expiry.max(self.last_sweep + SWEEP_EVERY));
        self.locks.next_deadline().into_iter().chain(sweep).min()
    }

    /// Does what is to be done at this time.
    pub fn pass(&mut self, now: u64) {
        let mut events = Vec::new();
        self.locks.expire(now, &mut events);
        self.tell_of_locks(events);
        if now >= self.last_sweep + SWEEP_EVERY {
            self.last_sweep = now;
            for kept in &mut self.stores {
                kept.store.expire(now);
            }
            for index in 0..self.stores.len() {
                self.tell_changes(index);
            }
        }
    }

    /// Does what a process asks for. `None` if that is nonsense.
    pub fn handle(
        &mut self,
        caller: CallerId,
        number: u64,
        request: Request<'_>,
        now: u64,
    ) -> Option<()> {
        self.touched.insert(caller);
        let index = |state: &State, store: usize| {
            let caller = state.callers.get(&caller)?;
            caller.stores.get(store).copied()
        };
        let mut events = Vec::new();
        let reply = match request {
            Request::Open(name, bounds) => {
                let index = self.open(&name, bounds);
                self.callers.get_mut(&caller)?.stores.push(index);
                self.tell_changes(index);
                Reply::Nothing
            }
            Request::Watch(store, prefix) => {
                let index = index(self, store)?;
                self.last_watch += 1;
                let number = self.last_watch;
                let kept = self.stores.get_mut(index)?;
                kept.store.note_changes(true);
                let prefix = prefix.into();
                kept.watches.push(Watch {
                    caller,
                    number,
                    prefix,
                });
                Reply::Number(number as i64)
            }
            Request::Unwatch(watch) => {
                for kept in &mut self.stores {
                    kept.watches
                        .retain(|one| one.number != watch || one.caller != caller);
                    kept.store.note_changes(!kept.watches.is_empty());
                }
                Reply::Nothing
            }
            Request::Lock(name, ttl, wait) => {
                let asked = Asked {
                    caller,
                    number,
                    ttl,
                    wait,
                };
                self.locks.lock(&name, asked, now, &mut events);
                Reply::Written
            }
            Request::Unlock(name, fence) => {
                Reply::Flag(self.locks.unlock(&name, caller, fence, now, &mut events))
            }
            Request::Forget(asked) => {
                self.locks.forget(caller, asked, &mut events);
                Reply::Nothing
            }
            Request::Publish(topic, message) => {
                Reply::Number(self.publish(&topic, message.get()) as i64)
            }
            Request::Subscribe(topic) => {
                let subscribers = self.topics.entry(topic.into()).or_default();
                if !subscribers.contains(&caller) {
                    subscribers.push(caller);
                }
                Reply::Nothing
            }
            Request::Unsubscribe(topic) => {
                if let Some(subscribers) = self.topics.get_mut(&*topic) {
                    subscribers.retain(|subscriber| *subscriber != caller);
                    if subscribers.is_empty() {
                        self.topics.remove(&*topic);
                    }
                }
                Reply::Nothing
            }
            Request::Get(store, ..)
            | Request::GetMany(store, ..)
            | Request::Has(store, ..)
            | Request::Ttl(store, ..)
            | Request::Set(store, ..)
            | Request::Add(store, ..)
            | Request::Incr(store, ..)
            | Request::CompareAndSet(store, ..)
            | Request::Touch(store, ..)
            | Request::Delete(store, ..)
            | Request::Size(store)
            | Request::Clear(store)
            | Request::Keys(store, ..) => {
                let index = index(self, store)?;
                let outbox = &mut self.callers.get_mut(&caller)?.outbox;
                let kept = self.stores.get_mut(index)?;
                let reply = handle_in(&mut kept.store, outbox, number, request, now)?;
                self.tell_changes(index);
                reply
            }
        };
        self.reply(caller, number, reply);
        self.tell_of_locks(events);
        Some(())
    }

    fn open(&mut self, name: &str, bounds: Option<Bounds>) -> usize {
        if let Some(&index) = self.names.get(name) {
            if let (Some(bounds), Some(kept)) = (bounds, self.stores.get_mut(index)) {
                kept.store.set_bounds(bounds);
            }
            return index;
        }
        let index = self.stores.len();
        self.stores.push(Kept {
            store: Store::new(bounds.unwrap_or(BOUNDS)),
            watches: Vec::new(),
        });
        self.names.insert(name.into(), index);
        index
    }

    fn reply(&mut self, caller: CallerId, number: u64, reply: Reply) {
        let Some(Caller { outbox, .. }) = self.callers.get_mut(&caller) else {
            return;
        };
        match reply {
            Reply::Written => {}
            Reply::Nothing => outbox.reply(number, |_| {}),
            Reply::Flag(yes) => {
                outbox.reply(number, |bytes| bytes.extend(format!(",{yes}").bytes()));
            }
            Reply::Number(sum) => {
                outbox.reply(number, |bytes| bytes.extend(format!(",{sum}").bytes()));
            }
            Reply::Refused(refusal) => outbox.reply(number, |bytes| {
                bytes.extend_from_slice(match refusal {
                    Refusal::Full => b",null,\"full\"",
                    Refusal::NotNumber => b",null,\"notNumber\"",
                });
            }),
        }
    }

    fn publish(&mut self, topic: &str, message: &str) -> usize {
        let Some(subscribers) = self.topics.get(topic) else {
            return 0;
        };
        for subscriber in subscribers {
            if let Some(Caller { outbox, .. }) = self.callers.get_mut(subscriber) {
                outbox.tell(|bytes| {
                    bytes.extend_from_slice(b",\"message\",");
                    append_string(bytes, topic);
                    bytes.push(b',');
                    bytes.extend_from_slice(message.as_bytes());
                });
                self.touched.insert(*subscriber);
            }
        }
        subscribers.len()
    }

    fn tell_of_locks(&mut self, events: Vec<Event>) {
        // Where the next has gone already, it gives the lock on when it leaves.
        for event in events {
            let (Event::Given { caller, .. }
            | Event::GivenUp { caller, .. }
            | Event::Expired { caller, .. }) = event;
            let Some(Caller { outbox, .. }) = self.callers.get_mut(&caller) else {
                continue;
            };
            self.touched.insert(caller);
            match event {
                Event::Given { number, fence, .. } => {
                    outbox.reply(number, |bytes| bytes.extend(format!(",{fence}").bytes()));
                }
                Event::GivenUp { number, .. } => {
                    outbox.reply(number, |bytes| bytes.extend_from_slice(b",null"));
                }
                // However much waits: whoever has lost a lock has to hear of it.
                Event::Expired { fence, .. } => outbox.reply(0, |bytes| {
                    bytes.extend(format!(",\"expired\",{fence}").bytes());
                }),
            }
        }
    }

    fn tell_changes(&mut self, index: usize) {
        let Some(kept) = self.stores.get_mut(index) else {
            return;
        };
        if kept.watches.is_empty() {
            return;
        }
        for change in kept.store.take_changes() {
            for watch in &kept.watches {
                if !change.key().starts_with(&*watch.prefix) {
                    continue;
                }
                if let Some(Caller { outbox, .. }) = self.callers.get_mut(&watch.caller) {
                    outbox.tell(|bytes| append_change(bytes, watch.number, &change));
                    self.touched.insert(watch.caller);
                }
            }
        }
    }
}

fn append_change(bytes: &mut Vec<u8>, watch: u64, change: &Change) {
    let (kind, value) = match change {
        Change::Set(_, value) => ("set", Some(value)),
        Change::Deleted(_) => ("delete", None),
        Change::Expired(_) => ("expire", None),
        Change::Evicted(_) => ("evict", None),
    };
    bytes.extend(format!(",\"change\",{watch},\"{kind}\",").bytes());
    append_string(bytes, change.key());
    if let Some(value) = value {
        bytes.push(b',');
        bytes.extend_from_slice(value.as_bytes());
    }
}

/// Does what is asked of one store.
fn handle_in(
    store: &mut Store,
    outbox: &mut Outbox,
    number: u64,
    request: Request<'_>,
    now: u64,
) -> Option<Reply> {
    Some(match request {
        Request::Get(_, key) => match store.get(&key, now) {
            None => Reply::Nothing,
            Some(value) => {
                outbox.reply(number, |bytes| {
                    bytes.push(b',');
                    bytes.extend_from_slice(value.as_bytes());
                });
                Reply::Written
            }
        },
        Request::GetMany(_, keys) => {
            // An array of arrays, empty where there is no value.
            outbox.reply(number, |bytes| {
                bytes.extend_from_slice(b",[");
                for (at, key) in keys.iter().enumerate() {
                    bytes.extend_from_slice(if at == 0 { b"[" } else { b",[" });
                    if let Some(value) = store.get(key, now) {
                        bytes.extend_from_slice(value.as_bytes());
                    }
                    bytes.push(b']');
                }
                bytes.push(b']');
            });
            Reply::Written
        }
        Request::Has(_, key) => Reply::Flag(store.has(&key, now)),
        Request::Ttl(_, key) => match store.ttl(&key, now) {
            None => Reply::Nothing,
            Some(None) => Reply::Number(-1),
            Some(Some(left)) => Reply::Number(left as i64),
        },
        Request::Set(_, key, value, ttl) => match store.set(&key, value.get(), ttl, now) {
            Ok(()) => Reply::Nothing,
            Err(refusal) => Reply::Refused(refusal),
        },
        Request::Add(_, key, value, ttl) => store.add(&key, value.get(), ttl, now).into(),
        Request::Incr(_, key, by, ttl) => store
            .incr(&key, by, ttl, now)
            .map_or_else(Reply::Refused, Reply::Number),
        Request::CompareAndSet(_, key, expected, value, ttl) => {
            let expected = expected.first().map(|value| value.get());
            let value = value.first().map(|value| value.get());
            store
                .compare_and_set(&key, expected, value, ttl, now)
                .into()
        }
        Request::Touch(_, key, ttl) => Reply::Flag(store.touch(&key, ttl, now)),
        Request::Delete(_, key) => Reply::Flag(store.delete(&key, now)),
        Request::Size(_) => Reply::Number(store.size(now) as i64),
        Request::Clear(_) => {
            store.clear(now);
            Reply::Nothing
        }
        Request::Keys(_, prefix) => {
            outbox.reply(number, |bytes| {
                bytes.extend_from_slice(b",[");
                for (at, key) in store.keys(&prefix, now).enumerate() {
                    if at > 0 {
                        bytes.push(b',');
                    }
                    append_string(bytes, key);
                }
                bytes.push(b']');
            });
            Reply::Written
        }
        _ => return None,
    })
}
