//! Keys that workers have given out themselves, and so know: a session that a worker has begun comes back to it.

use std::collections::HashMap;

use super::{Key, Place};

/// How many keys are remembered at least; those that have not been seen for longest are forgotten.
const REMEMBERED: usize = 65_536;

/// In which place each has begun. It remembers in two halves, and forgets the older one as a whole.
#[derive(Default)]
pub(super) struct Claims {
    young: HashMap<Key, Place>,
    old: HashMap<Key, Place>,
}

impl Claims {
    pub(super) fn add(&mut self, key: Key, place: Place) {
        if self.young.len() >= REMEMBERED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, place);
    }

    /// Where this key has been claimed. What is asked for stays remembered.
    pub(super) fn find(&mut self, key: Key) -> Option<Place> {
        if let Some(place) = self.young.get(&key) {
            return Some(*place);
        }
        let place = self.old.remove(&key)?;
        self.add(key, place);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_remembered() {
        let mut claims = Claims::default();
        claims.add(Key(0), Place(7));
        for number in 1..=5 * REMEMBERED as u64 {
            claims.add(Key(number), Place(1));
            if number % 1000 == 0 {
                assert_eq!(claims.find(Key(0)), Some(Place(7)));
            }
        }
        assert_eq!(claims.find(Key(1)), None);
        assert!(claims.young.len() + claims.old.len() <= 2 * REMEMBERED);
    }
}
