//! Keys that workers have given out themselves, and so know: a session that a worker has begun comes back to it.

use std::collections::HashMap;

use super::{Key, WorkerId};

/// How many keys are remembered at least; those that have not been seen for longest are forgotten.
const REMEMBERED: usize = 65_536;

/// Which worker has begun what. It remembers in two halves, and forgets the older one as a whole.
#[derive(Default)]
pub(super) struct Claims {
    young: HashMap<Key, WorkerId>,
    old: HashMap<Key, WorkerId>,
}

impl Claims {
    pub(super) fn add(&mut self, key: Key, worker: WorkerId) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, worker);
    }

    /// Who has claimed this key. What is asked for stays remembered.
    pub(super) fn find(&mut self, key: Key) -> Option<WorkerId> {
        if let Some(worker) = self.young.get(&key) {
            return Some(*worker);
        }
        let worker = self.old.remove(&key)?;
        self.add(key, worker);
        Some(worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_remembered() {
        let mut claims = Claims::default();
        claims.add(Key(0), WorkerId(7));
        for number in 1..=5 * REMEMBERED as u64 {
            claims.add(Key(number), WorkerId(1));
            if number % 1000 == 0 {
                assert_eq!(claims.find(Key(0)), Some(WorkerId(7)));
            }
        }
        assert_eq!(claims.find(Key(1)), None);
        assert!(claims.young.len() + claims.old.len() <= 2 * REMEMBERED);
    }
}
