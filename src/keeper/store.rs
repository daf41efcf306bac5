//! One store: entries with their times, within bounds. Pure: it is told what time it is, in milliseconds.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashlink::LinkedHashMap;

use serde_json::value::RawValue;

use super::request::{Bounds, TimeToLive};

/// What an entry takes beside its key and value, in bytes, as far as bounds go.
pub const OVERHEAD: usize = 100;

/// Whole numbers between these are the same in JavaScript.
const SAFE: i64 = (1 << 53) - 1;

/// Why something could not be done. Nothing has changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no room, and none is made.
    Full,
    /// It is no whole number, or would become one that JavaScript can't tell from others.
    NotNumber,
}

/// What has become of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Set(Arc<str>, Box<str>),
    Deleted(Arc<str>),
    Expired(Arc<str>),
    Evicted(Arc<str>),
}

impl Change {
    /// Whose key it is.
    pub fn key(&self) -> &str {
        match self {
            Change::Set(key, _)
            | Change::Deleted(key)
            | Change::Expired(key)
            | Change::Evicted(key) => key,
        }
    }
}

struct Entry {
    value: Box<str>,
    /// When it expires; 0 for never.
    until: u64,
}

/// Entries, the one that has not been used for longest first.
pub struct Store {
    bounds: Bounds,
    entries: LinkedHashMap<Arc<str>, Entry>,
    /// Those that expire, the first to do so first.
    expiring: BTreeSet<(u64, Arc<str>)>,
    bytes: usize,
    /// What has changed since it was last asked, if anybody wants to know.
    changes: Option<Vec<Change>>,
}

impl Store {
    pub fn new(bounds: Bounds) -> Store {
        Store {
            bounds,
            entries: LinkedHashMap::new(),
            expiring: BTreeSet::new(),
            bytes: 0,
            changes: None,
        }
    }

    /// Changes how much it may hold. What is too much goes, also where a full store refuses what is new.
    pub fn set_bounds(&mut self, bounds: Bounds) {
        self.bounds = bounds;
        self.make_room(0, 0);
    }

    /// Whether changes are kept for [`take_changes`](Self::take_changes).
    pub fn note_changes(&mut self, yes: bool) {
        self.changes = yes.then(|| self.changes.take().unwrap_or_default());
    }

    /// What has changed, in its order.
    pub fn take_changes(&mut self) -> Vec<Change> {
        self.changes
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// How much it may hold.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Takes all entries out, the one that has not been used for longest first: with its key, its value, and what is left of
    /// its time, or 0.
    pub fn take_all(&mut self, now: u64) -> Vec<(String, Box<RawValue>, u64)> {
        self.expire(now);
        self.expiring = BTreeSet::new();
        self.bytes = 0;
        let left = |until: u64| if until == 0 { 0 } else { until - now };
        std::mem::take(&mut self.entries)
            .into_iter()
            .filter_map(|(key, Entry { value, until })| {
                // It came as JSON.
                let value = RawValue::from_string(value.into()).ok()?;
                Some((key.to_string(), value, left(until)))
            })
            .collect()
    }

    /// Puts an entry in as another store has [had](Self::take_all) it.
    pub fn restore(&mut self, key: &str, value: &RawValue, left: u64, now: u64) {
        let until = if left == 0 { 0 } else { now + left };
        // There is room: the bounds are the same.
        let _ = self.put(key, value.get(), until, now);
    }

    pub fn get(&mut self, key: &str, now: u64) -> Option<&str> {
        self.expire_key(key, now);
        self.entries.to_back(key).map(|entry| &*entry.value)
    }

    pub fn has(&mut self, key: &str, now: u64) -> bool {
        self.expire_key(key, now);
        self.entries.contains_key(key)
    }

    /// For how long an entry still lives; `Some(None)` for ever.
    pub fn ttl(&mut self, key: &str, now: u64) -> Option<Option<u64>> {
        self.expire_key(key, now);
        let Entry { until, .. } = self.entries.get(key)?;
        Some((*until > 0).then(|| until - now))
    }

    pub fn set(
        &mut self,
        key: &str,
        value: &str,
        ttl: TimeToLive,
        now: u64,
    ) -> Result<(), Refusal> {
        self.expire_key(key, now);
        let until = self.until(ttl, now);
        self.put(key, value, until, now)
    }

    /// Sets what is not there; whether it was not.
    pub fn add(
        &mut self,
        key: &str,
        value: &str,
        ttl: TimeToLive,
        now: u64,
    ) -> Result<bool, Refusal> {
        if self.has(key, now) {
            return Ok(false);
        }
        self.set(key, value, ttl, now).map(|()| true)
    }

    /// Adds to a number, which is 0 where there is none; gives the sum. The time counts only where there was none.
    pub fn incr(&mut self, key: &str, by: i64, ttl: TimeToLive, now: u64) -> Result<i64, Refusal> {
        self.expire_key(key, now);
        let (before, until) = match self.entries.get(key) {
            Some(entry) => (safe(entry.value.parse().ok())?, entry.until),
            None => (0, self.until(ttl, now)),
        };
        let sum = safe(i64::checked_add(before, by))?;
        self.put(key, &sum.to_string(), until, now)?;
        Ok(sum)
    }

    /// Sets or deletes what is as expected; whether it was.
    pub fn compare_and_set(
        &mut self,
        key: &str,
        expected: Option<&str>,
        value: Option<&str>,
        ttl: TimeToLive,
        now: u64,
    ) -> Result<bool, Refusal> {
        self.expire_key(key, now);
        if self.entries.get(key).map(|entry| &*entry.value) != expected {
            return Ok(false);
        }
        match value {
            Some(value) => self.set(key, value, ttl, now)?,
            None => {
                self.delete(key, now);
            }
        }
        Ok(true)
    }

    /// Lets an entry live for this time from now on; whether there is one.
    pub fn touch(&mut self, key: &str, ttl: TimeToLive, now: u64) -> bool {
        self.expire_key(key, now);
        let until = self.until(ttl, now);
        let Some((key, _)) = self.entries.get_key_value(key) else {
            return false;
        };
        let key = Arc::clone(key);
        if let Some(entry) = self.entries.to_back(&key) {
            let before = std::mem::replace(&mut entry.until, until);
            self.expires(key, before, until);
        }
        true
    }

    /// Whether there was one.
    pub fn delete(&mut self, key: &str, now: u64) -> bool {
        self.expire_key(key, now);
        let removed = self.remove(key);
        if let Some(key) = &removed {
            self.note(|| Change::Deleted(Arc::clone(key)));
        }
        removed.is_some()
    }

    pub fn size(&mut self, now: u64) -> usize {
        self.expire(now);
        self.entries.len()
    }

    pub fn clear(&mut self, now: u64) {
        self.expire(now);
        if let Some(changes) = &mut self.changes {
            changes.extend(self.entries.keys().cloned().map(Change::Deleted));
        }
        self.entries = LinkedHashMap::new();
        self.expiring = BTreeSet::new();
        self.bytes = 0;
    }

    /// The keys that begin so, the one that has not been used for longest first.
    pub fn keys(&mut self, prefix: &str, now: u64) -> impl Iterator<Item = &str> {
        self.expire(now);
        let keys = self.entries.keys().map(|key| &**key);
        keys.filter(move |key| key.starts_with(prefix))
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// When the next entry expires.
    pub fn next_expiry(&self) -> Option<u64> {
        self.expiring.first().map(|(until, _)| *until)
    }

    /// Removes what has expired.
    pub fn expire(&mut self, now: u64) {
        while let Some((until, _)) = self.expiring.first()
            && *until <= now
            && let Some((_, key)) = self.expiring.pop_first()
        {
            self.drop_expired(&key);
        }
    }

    /// Removes this one if it has expired, so that nobody sees it before its turn comes to be removed.
    fn expire_key(&mut self, key: &str, now: u64) {
        let has_expired = |entry: &Entry| entry.until > 0 && entry.until <= now;
        if !self.expiring.is_empty() && self.entries.get(key).is_some_and(has_expired) {
            self.drop_expired(key);
        }
    }

    fn drop_expired(&mut self, key: &str) {
        if let Some(key) = self.remove(key) {
            self.note(|| Change::Expired(key));
        }
    }

    fn until(&self, ttl: TimeToLive, now: u64) -> u64 {
        match ttl.unwrap_or(self.bounds.ttl) {
            0 => 0,
            ttl => now.saturating_add(ttl),
        }
    }

    fn put(&mut self, key: &str, value: &str, until: u64, now: u64) -> Result<(), Refusal> {
        let before = self.entries.get(key).map(|entry| entry.value.len());
        let (entries, bytes) = match before {
            Some(length) => (0, value.len().saturating_sub(length)),
            None => (1, key.len() + value.len() + OVERHEAD),
        };
        if !self.fits(entries, bytes) {
            self.expire(now);
            let alone = key.len() + value.len() + OVERHEAD;
            if alone > self.bounds.max_bytes || self.bounds.max_entries == Some(0) {
                return Err(Refusal::Full);
            }
            if self.bounds.evicts {
                // The last to go, if it is there.
                self.entries.to_back(key);
                self.make_room(entries, bytes);
            } else if !self.fits(entries, bytes) {
                return Err(Refusal::Full);
            }
        }
        let key = match self.entries.get_key_value(key) {
            Some((key, _)) => Arc::clone(key),
            None => Arc::from(key),
        };
        self.note(|| Change::Set(Arc::clone(&key), value.into()));
        let value: Box<str> = value.into();
        let length = value.len();
        let entry = Entry { value, until };
        let before = match self.entries.insert(Arc::clone(&key), entry) {
            Some(before) => {
                self.bytes -= before.value.len();
                before.until
            }
            None => {
                self.bytes += key.len() + OVERHEAD;
                0
            }
        };
        self.bytes += length;
        self.expires(key, before, until);
        Ok(())
    }

    fn fits(&self, entries: usize, bytes: usize) -> bool {
        let most = self.bounds.max_entries.unwrap_or(usize::MAX);
        self.entries.len() + entries <= most && self.bytes + bytes <= self.bounds.max_bytes
    }

    /// Evicts until so many entries more of so many bytes fit.
    fn make_room(&mut self, entries: usize, bytes: usize) {
        while !self.fits(entries, bytes)
            && let Some(key) = self.entries.front().map(|(key, _)| Arc::clone(key))
        {
            self.remove(&key);
            self.note(|| Change::Evicted(key));
        }
    }

    fn remove(&mut self, key: &str) -> Option<Arc<str>> {
        let (key, entry) = self.entries.remove_entry(key)?;
        self.bytes -= key.len() + entry.value.len() + OVERHEAD;
        self.expires(Arc::clone(&key), entry.until, 0);
        Some(key)
    }

    /// An entry that expired then expires at another time now; 0 stands for never.
    fn expires(&mut self, key: Arc<str>, before: u64, until: u64) {
        if before == until {
            return;
        }
        let place = (before, key);
        if before > 0 {
            self.expiring.remove(&place);
        }
        if until > 0 {
            self.expiring.insert((until, place.1));
        }
    }

    fn note(&mut self, change: impl FnOnce() -> Change) {
        if let Some(changes) = &mut self.changes {
            changes.push(change());
        }
    }
}

fn safe(number: Option<i64>) -> Result<i64, Refusal> {
    number
        .filter(|number| (-SAFE..=SAFE).contains(number))
        .ok_or(Refusal::NotNumber)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    const FREE: Bounds = Bounds {
        max_entries: None,
        max_bytes: 1 << 20,
        ttl: 0,
        evicts: true,
    };

    #[test]
    fn what_has_not_been_used_for_longest_makes_room() {
        let mut store = Store::new(Bounds {
            max_entries: Some(2),
            ..FREE
        });
        store.note_changes(true);
        for key in ["a", "b"] {
            store.set(key, "1", None, 0).unwrap();
        }
        assert_eq!(store.get("a", 0), Some("1"));
        store.set("c", "1", None, 0).unwrap();
        assert_eq!(store.keys("", 0).collect::<Vec<_>>(), ["a", "c"]);
        let evicted = store.take_changes().into_iter();
        let evicted: Vec<_> = evicted
            .filter(|change| matches!(change, Change::Evicted(_)))
            .collect();
        assert_eq!(evicted, [Change::Evicted("b".into())]);
    }

    #[test]
    fn a_full_store_that_evicts_nothing_refuses_and_stays_as_it_is() {
        let mut store = Store::new(Bounds {
            max_bytes: 2 * (OVERHEAD + 2),
            evicts: false,
            ..FREE
        });
        store.set("a", "1", None, 0).unwrap();
        store.set("b", "1", Some(5), 0).unwrap();
        assert_eq!(store.set("c", "1", None, 0), Err(Refusal::Full));
        assert_eq!(store.set("a", "10", None, 0), Err(Refusal::Full));
        assert_eq!(store.set("a", "2", None, 0), Ok(()));
        assert_eq!(store.set("c", "1", None, 5), Ok(()));
        assert_eq!(store.keys("", 5).collect::<Vec<_>>(), ["a", "c"]);
    }

    #[test]
    fn a_value_that_never_fits_evicts_nothing() {
        let mut store = Store::new(Bounds {
            max_bytes: 300,
            ..FREE
        });
        store.set("a", "1", None, 0).unwrap();
        assert_eq!(
            store.set("b", &"x".repeat(300), None, 0),
            Err(Refusal::Full)
        );
        assert!(store.has("a", 0));
    }

    #[test]
    fn a_count_keeps_its_time() {
        let mut store = Store::new(FREE);
        assert_eq!(store.incr("a", 1, Some(10), 0), Ok(1));
        assert_eq!(store.incr("a", 2, Some(10), 9), Ok(3));
        assert_eq!(store.ttl("a", 9), Some(Some(1)));
        assert_eq!(store.incr("a", 1, Some(10), 10), Ok(1));
        store.set("b", "\"x\"", None, 0).unwrap();
        assert_eq!(store.incr("b", 1, None, 0), Err(Refusal::NotNumber));
        store.set("c", &SAFE.to_string(), None, 0).unwrap();
        assert_eq!(store.incr("c", 1, None, 0), Err(Refusal::NotNumber));
        store.set("d", &(SAFE + 1).to_string(), None, 0).unwrap();
        assert_eq!(store.incr("d", -1, None, 0), Err(Refusal::NotNumber));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Set(u8, String, Option<u64>),
        Add(u8, String),
        Incr(u8, i64),
        CompareAndSet(u8, Option<String>, Option<String>),
        Touch(u8, Option<u64>),
        Delete(u8),
        Clear,
        Sweep,
        Pass(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let value = || (0..5i64).prop_map(|number| number.to_string());
        let step = prop_oneof![
            (0..4u8, value(), prop::option::of(0..5u64)).prop_map(|(k, v, t)| Step::Set(k, v, t)),
            (0..4u8, value()).prop_map(|(k, v)| Step::Add(k, v)),
            (0..4u8, -2..3i64).prop_map(|(k, by)| Step::Incr(k, by)),
            (0..4u8, prop::option::of(value()), prop::option::of(value()))
                .prop_map(|(k, e, v)| Step::CompareAndSet(k, e, v)),
            (0..4u8, prop::option::of(0..5u64)).prop_map(|(k, t)| Step::Touch(k, t)),
            (0..4u8).prop_map(Step::Delete),
            Just(Step::Clear),
            Just(Step::Sweep),
            (1..4u64).prop_map(Step::Pass),
        ];
        prop::collection::vec(step, 0..60)
    }

    proptest! {
        /// It is a map whose entries end at their times, whenever they are removed; changes tell all of it.
        #[test]
        fn it_is_a_map(steps in steps()) {
            let mut store = Store::new(Bounds { ttl: 3, ..FREE });
            store.note_changes(true);
            let mut model: HashMap<String, (String, u64)> = HashMap::new();
            let mut told: HashMap<String, String> = HashMap::new();
            let mut now = 100;
            let until = |ttl: Option<u64>, now: u64| match ttl.unwrap_or(3) { 0 => u64::MAX, ttl => now + ttl };
            for step in steps {
                match step {
                    Step::Set(k, v, ttl) => {
                        prop_assert_eq!(store.set(&k.to_string(), &v, ttl, now), Ok(()));
                        model.insert(k.to_string(), (v, until(ttl, now)));
                    }
                    Step::Add(k, v) => {
                        let was = model.contains_key(&k.to_string());
                        prop_assert_eq!(store.add(&k.to_string(), &v, None, now), Ok(!was));
                        model.entry(k.to_string()).or_insert((v, until(None, now)));
                    }
                    Step::Incr(k, by) => {
                        let entry = model.entry(k.to_string()).or_insert(("0".into(), until(Some(2), now)));
                        entry.0 = (entry.0.parse::<i64>().unwrap() + by).to_string();
                        let sum = store.incr(&k.to_string(), by, Some(2), now).unwrap();
                        prop_assert_eq!(&sum.to_string(), &entry.0);
                    }
                    Step::CompareAndSet(k, expected, value) => {
                        let key = k.to_string();
                        let same = model.get(&key).map(|(value, _)| value.clone()) == expected;
                        let done = store.compare_and_set(&key, expected.as_deref(), value.as_deref(), None, now);
                        prop_assert_eq!(done, Ok(same));
                        match value {
                            Some(value) if same => { model.insert(key, (value, until(None, now))); }
                            None if same => { model.remove(&key); }
                            _ => {}
                        }
                    }
                    Step::Touch(k, ttl) => {
                        let entry = model.get_mut(&k.to_string());
                        prop_assert_eq!(store.touch(&k.to_string(), ttl, now), entry.is_some());
                        if let Some(entry) = entry { entry.1 = until(ttl, now); }
                    }
                    Step::Delete(k) => {
                        let was = model.remove(&k.to_string()).is_some();
                        prop_assert_eq!(store.delete(&k.to_string(), now), was);
                    }
                    Step::Clear => { store.clear(now); model.clear(); }
                    Step::Sweep => store.expire(now),
                    Step::Pass(time) => now += time,
                }
                model.retain(|_, (_, until)| *until > now);
                for k in 0..4u8 {
                    let key = k.to_string();
                    let expected = model.get(&key).map(|(value, _)| value.as_str());
                    prop_assert_eq!(store.get(&key, now), expected);
                    let left = model.get(&key).map(|(_, until)| (*until < u64::MAX).then(|| until - now));
                    prop_assert_eq!(store.ttl(&key, now), left);
                }
                prop_assert_eq!(store.size(now), model.len());
                prop_assert_eq!(store.bytes, model.iter().map(|(k, (v, _))| k.len() + v.len() + OVERHEAD).sum::<usize>());
                for change in store.take_changes() {
                    match change {
                        Change::Set(key, value) => { told.insert(key.to_string(), value.into()); }
                        other => prop_assert!(told.remove(other.key()).is_some()),
                    }
                }
                let values = model.iter().map(|(key, (value, _))| (key.clone(), value.clone()));
                prop_assert_eq!(&told, &values.collect::<HashMap<_, _>>());
            }
        }

        /// Whatever is set, it is never more than the bounds say.
        #[test]
        fn it_never_grows_over_its_bounds(
            evicts: bool,
            most in 0..5usize,
            sets in prop::collection::vec((0..9u8, 0..300usize, 0..4u64), 0..60),
        ) {
            let bounds = Bounds { max_entries: Some(most), max_bytes: 700, ttl: 0, evicts };
            let mut store = Store::new(bounds);
            for (now, (key, size, ttl)) in (0..).zip(sets) {
                let outcome = store.set(&key.to_string(), &"x".repeat(size), Some(ttl), now);
                prop_assert!(store.entries.len() <= most && store.bytes <= 700);
                if evicts && most > 0 { prop_assert_eq!(outcome, Ok(())); }
                prop_assert_eq!(outcome.is_ok(), store.get(&key.to_string(), now).is_some_and(|value| value.len() == size) && outcome.is_ok());
            }
        }
    }
}
