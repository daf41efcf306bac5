//! What is kept, and what becomes of each request. Pure: it is told what time it is, in milliseconds, and what it has to say
//! waits in an [`Outbox`] for each process.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::CallerId;
use super::locks::{Asked, Event, Locks};
use super::outbox::{MOST_REPLY, Outbox};
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
    name: Box<str>,
    store: Store,
    watches: Vec<Watch>,
    /// How often it is open.
    openings: usize,
    /// What [`State::expiries`] has of it.
    next_expiry: Option<u64>,
}

#[derive(Default)]
struct Caller {
    outbox: Outbox,
    /// The stores that it has opened, by its own numbers.
    stores: Vec<usize>,
    /// The numbers of its watches, and their stores.
    watches: HashMap<u64, usize>,
}

/// Everything that the keeper keeps.
pub struct State {
    callers: HashMap<CallerId, Caller>,
    /// Places without a store are for those to come.
    stores: Vec<Option<Kept>>,
    free: Vec<usize>,
    names: HashMap<Box<str>, usize>,
    /// When something in a store expires next, and in which.
    expiries: BTreeSet<(u64, usize)>,
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
            free: Vec::new(),
            names: HashMap::new(),
            expiries: BTreeSet::new(),
            locks: Locks::new(first_fence),
            topics: HashMap::new(),
            last_watch: 0,
            last_sweep: 0,
            touched: HashSet::new(),
        }
    }

    /// All that another keeper [had](Self::take_all), and whose fences are larger than `first_fence` as well. Its callers have
    /// asked already.
    pub fn restore(snapshot: Snapshot, first_fence: u64, elapsed: u64, now: u64) -> State {
        let mut state = State::new(first_fence.max(snapshot.last_fence));
        state.last_watch = snapshot.last_watch;
        for caller in snapshot.callers {
            let id = CallerId(caller.caller);
            let entry = Caller {
                outbox: Outbox::of(caller.output),
                stores: caller.stores,
                watches: HashMap::new(),
            };
            state.callers.insert(id, entry);
        }
        for kept in snapshot.stores {
            state.restore_store(kept, elapsed, now);
        }
        let free = state.stores.iter().enumerate();
        state.free = free
            .filter_map(|(index, place)| place.is_none().then_some(index))
            .collect();
        for (topic, subscribers) in snapshot.topics {
            let subscribers = subscribers.into_iter().map(CallerId).collect();
            state.topics.insert(topic.into(), subscribers);
        }
        state.locks.restore(snapshot.locks, elapsed, now);
        state
    }

    fn restore_store(&mut self, kept: StoreSnapshot, elapsed: u64, now: u64) {
        let index = kept.place;
        let mut store = Store::new(kept.bounds);
        for (key, value, left) in kept.entries {
            // What has expired meanwhile does so at once.
            let left = if left == 0 {
                0
            } else {
                left.saturating_sub(elapsed).max(1)
            };
            store.restore(&key, &value, left, now);
        }
        store.note_changes(!kept.watches.is_empty());
        let mut watches = Vec::new();
        for (caller, number, prefix) in kept.watches {
            let caller = CallerId(caller);
            if let Some(of) = self.callers.get_mut(&caller) {
                of.watches.insert(number, index);
            }
            watches.push(Watch {
                caller,
                number,
                prefix: prefix.into(),
            });
        }
        let openings = self
            .callers
            .values()
            .flat_map(|caller| &caller.stores)
            .filter(|opened| **opened == index)
            .count();
        let name: Box<str> = kept.name.into();
        self.names.insert(name.clone(), index);
        if self.stores.len() <= index {
            self.stores.resize_with(index + 1, || None);
        }
        self.stores[index] = Some(Kept {
            name,
            store,
            watches,
            openings,
            next_expiry: None,
        });
        self.has_changed(index);
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
        let stores = self.stores.iter_mut().enumerate();
        let stores = stores.filter_map(|(place, kept)| {
            let kept = kept.as_mut()?;
            let watch = |watch: &Watch| {
                let prefix = watch.prefix.to_string();
                (number(watch.caller), watch.number, prefix)
            };
            Some(StoreSnapshot {
                place,
                name: kept.name.to_string(),
                bounds: kept.store.bounds(),
                entries: kept.store.take_all(now),
                watches: kept.watches.iter().map(watch).collect(),
            })
        });
        let stores = stores.collect();
        let topics = self.topics.iter().map(|(topic, subscribers)| {
            let subscribers = subscribers.iter().copied().map(number).collect();
            (topic.to_string(), subscribers)
        });
        Snapshot {
            taken: 0, // Whoever has a clock says when.
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
        let gone = self.callers.remove(&caller).unwrap_or_default();
        for (watch, index) in gone.watches {
            self.unwatch(watch, index);
        }
        for index in gone.stores {
            if let Some(Some(kept)) = self.stores.get_mut(index) {
                kept.openings -= 1;
            }
            self.drop_if_unused(index);
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
        let expiry = self.expiries.first();
        let sweep = expiry.map(|(expiry, _)| (*expiry).max(self.last_sweep + SWEEP_EVERY));
        self.locks.next_deadline().into_iter().chain(sweep).min()
    }

    /// Does what is to be done at this time.
    pub fn pass(&mut self, now: u64) {
        let mut events = Vec::new();
        self.locks.expire(now, &mut events);
        self.tell_of_locks(events);
        if now >= self.last_sweep + SWEEP_EVERY {
            self.last_sweep = now;
            while let Some(&(expiry, index)) = self.expiries.first()
                && expiry <= now
            {
                if let Some(Some(kept)) = self.stores.get_mut(index) {
                    kept.store.expire(now);
                }
                self.expiries.pop_first();
                self.has_changed(index);
                self.drop_if_unused(index);
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
                self.has_changed(index);
                Reply::Nothing
            }
            Request::Bound(store, bounds) => {
                let index = index(self, store)?;
                self.stores
                    .get_mut(index)?
                    .as_mut()?
                    .store
                    .set_bounds(bounds);
                self.has_changed(index);
                Reply::Nothing
            }
            Request::Watch(store, prefix) => {
                let index = index(self, store)?;
                self.last_watch += 1;
                let number = self.last_watch;
                self.callers.get_mut(&caller)?.watches.insert(number, index);
                let kept = self.stores.get_mut(index)?.as_mut()?;
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
                if let Some(index) = self.callers.get_mut(&caller)?.watches.remove(&watch) {
                    self.unwatch(watch, index);
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
                let kept = self.stores.get_mut(index)?.as_mut()?;
                let reply = handle_in(&mut kept.store, outbox, number, request, now)?;
                self.has_changed(index);
                reply
            }
        };
        self.reply(caller, number, reply);
        self.tell_of_locks(events);
        Some(())
    }

    fn open(&mut self, name: &str, bounds: Option<Bounds>) -> usize {
        if let Some(&index) = self.names.get(name) {
            if let Some(Some(kept)) = self.stores.get_mut(index) {
                kept.openings += 1;
                if let Some(bounds) = bounds {
                    kept.store.set_bounds(bounds);
                }
            }
            return index;
        }
        let kept = Some(Kept {
            name: name.into(),
            store: Store::new(bounds.unwrap_or(BOUNDS)),
            watches: Vec::new(),
            openings: 1,
            next_expiry: None,
        });
        let index = self.free.pop().unwrap_or(self.stores.len());
        match self.stores.get_mut(index) {
            Some(place) => *place = kept,
            None => self.stores.push(kept),
        }
        self.names.insert(name.into(), index);
        index
    }

    fn unwatch(&mut self, watch: u64, index: usize) {
        if let Some(Some(kept)) = self.stores.get_mut(index) {
            kept.watches.retain(|one| one.number != watch);
            kept.store.note_changes(!kept.watches.is_empty());
        }
    }

    /// Forgets a store that is empty and that nobody has open.
    fn drop_if_unused(&mut self, index: usize) {
        let Some(place) = self.stores.get_mut(index) else {
            return;
        };
        if let Some(kept) = place.take_if(|kept| kept.openings == 0 && kept.store.is_empty()) {
            self.names.remove(&kept.name);
            self.free.push(index);
        }
    }

    /// Called after each step that may have changed a store.
    fn has_changed(&mut self, index: usize) {
        let Some(Some(kept)) = self.stores.get_mut(index) else {
            return;
        };
        let next = kept.store.next_expiry();
        if next != kept.next_expiry {
            let before = std::mem::replace(&mut kept.next_expiry, next);
            if let Some(before) = before {
                self.expiries.remove(&(before, index));
            }
            self.expiries.extend(next.map(|next| (next, index)));
        }
        self.tell_changes(index);
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
        let Some(Some(kept)) = self.stores.get_mut(index) else {
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
                let most = bytes.len() + MOST_REPLY;
                bytes.extend_from_slice(b",[");
                for (at, key) in keys.iter().enumerate() {
                    if bytes.len() > most {
                        break;
                    }
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
                let most = bytes.len() + MOST_REPLY;
                bytes.extend_from_slice(b",[");
                for (at, key) in store.keys(&prefix, now).enumerate() {
                    if bytes.len() > most {
                        break;
                    }
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

#[cfg(test)]
mod tests {
    use super::super::request::Place;
    use super::*;
    use crate::ipc::frame::HEADER;

    const CALLER: CallerId = CallerId(1);

    /// Does what is asked in JSON; gives what is answered.
    fn ask(state: &mut State, requests: &str, now: u64) -> String {
        let mut place = Place::default();
        while let Some((number, request)) = place.next(requests.as_bytes()).unwrap() {
            state.handle(CALLER, number, request, now).unwrap();
        }
        let outbox = state.outbox(CALLER).unwrap();
        let waiting = outbox.waiting();
        let text = String::from_utf8_lossy(&waiting[HEADER..]).into_owned();
        let count = waiting.len();
        outbox.wrote(count);
        text
    }

    #[test]
    fn the_next_deadline_is_that_of_the_store_that_has_the_first() {
        let mut state = State::new(0);
        state.join(CALLER);
        let set = r#"[[1,{"open":["a",null]}],[2,{"open":["b",null]}],[3,{"set":[0,"k",1,900]}],[4,{"set":[1,"k",1,100]}]]"#;
        ask(&mut state, set, 100);
        assert_eq!(state.next_deadline(), Some(200));
        ask(&mut state, r#"[[5,{"touch":[1,"k",2000]}]]"#, 100);
        assert_eq!(state.next_deadline(), Some(1000));
        state.pass(1000);
        assert_eq!(state.next_deadline(), Some(2100));
        assert_eq!(
            ask(&mut state, r#"[[6,{"size":0}],[7,{"size":1}]]"#, 1000),
            "[[6,0],[7,1]]"
        );
        ask(&mut state, r#"[[8,{"clear":1}]]"#, 1000);
        assert_eq!((state.next_deadline(), state.expiries.len()), (None, 0));
    }

    #[test]
    fn what_is_empty_and_open_nowhere_is_forgotten() {
        let mut state = State::new(0);
        for (round, set) in [
            (1, ""),
            (2, r#",[2,{"set":[0,"k",1,100]}],[3,{"watch":[0,""]}]"#),
        ] {
            state.join(CALLER);
            let requests = format!(r#"[[1,{{"open":["a",null]}}]{set}]"#);
            ask(&mut state, &requests, 100);
            assert_eq!(state.names.len(), 1);
            state.leave(CALLER, 100);
            assert_eq!(state.names.len(), round - 1);
        }
        state.pass(300);
        assert!(state.names.is_empty());
        assert_eq!((state.stores.len(), state.free.len()), (1, 1));
    }
}
