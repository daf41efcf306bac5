//! Kept-alive connections between two requests: each waits here until its client speaks or hangs up, or its idle time is
//! over. No worker hears of it meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use super::ListenerId;
use super::queue::Nanoseconds;

/// A parked connection, by a number that is used once and grows: the lowest has been idle for longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ParkedId(pub(super) u64);

#[derive(Debug)]
struct Parked<C> {
    listener: ListenerId,
    connection: C,
    /// When its idle time is over; never, if the server keeps connections for ever.
    until: Option<Nanoseconds>,
}

/// All parked connections.
#[derive(Debug)]
pub(super) struct Parking<C> {
    parked: BTreeMap<ParkedId, Parked<C>>,
    deadlines: BTreeSet<(Nanoseconds, ParkedId)>,
    last: u64,
}

impl<C> Parking<C> {
    pub(super) fn new() -> Self {
        Parking {
            parked: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            last: 0,
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.parked.len()
    }

    /// A number that is not used yet.
    pub(super) fn next_id(&mut self) -> ParkedId {
        self.last += 1;
        ParkedId(self.last)
    }

    /// Parks a connection of this listener under its [number](Self::next_id).
    pub(super) fn park(
        &mut self,
        id: ParkedId,
        listener: ListenerId,
        connection: C,
        until: Option<Nanoseconds>,
    ) {
        let parked = Parked {
            listener,
            connection,
            until,
        };
        if let Some(until) = until {
            self.deadlines.insert((until, id));
        }
        self.parked.insert(id, parked);
    }

    /// Takes a connection out; nothing if it is not parked any more.
    pub(super) fn take(&mut self, id: ParkedId) -> Option<(ListenerId, C)> {
        let parked = self.parked.remove(&id)?;
        if let Some(until) = parked.until {
            self.deadlines.remove(&(until, id));
        }
        Some((parked.listener, parked.connection))
    }

    /// Takes out the one that has been idle for longest.
    pub(super) fn take_longest_idle(&mut self) -> Option<C> {
        let (&id, _) = self.parked.first_key_value()?;
        self.take(id).map(|(_, connection)| connection)
    }

    /// Takes out one after the other, with the end of its idle time.
    pub(super) fn take_next(&mut self) -> Option<(ListenerId, C, Option<Nanoseconds>)> {
        let (&id, &Parked { until, .. }) = self.parked.first_key_value()?;
        self.take(id)
            .map(|(listener, connection)| (listener, connection, until))
    }

    /// Takes out one whose idle time is over.
    pub(super) fn take_expired(&mut self, now: Nanoseconds) -> Option<C> {
        let &(until, id) = self.deadlines.first()?;
        if until > now {
            return None;
        }
        self.take(id).map(|(_, connection)| connection)
    }

    /// When the idle time of the next one is over.
    pub(super) fn next_deadline(&self) -> Option<Nanoseconds> {
        self.deadlines.first().map(|&(until, _)| until)
    }

    /// Takes out all of a listener.
    pub(super) fn take_all_of(&mut self, listener: ListenerId) -> Vec<C> {
        let ids: Vec<ParkedId> = self
            .parked
            .iter()
            .filter(|(_, parked)| parked.listener == listener)
            .map(|(&id, _)| id)
            .collect();
        ids.into_iter()
            .filter_map(|id| self.take(id))
            .map(|(_, connection)| connection)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: ListenerId = ListenerId(1);
    const B: ListenerId = ListenerId(2);

    fn park<C>(
        parking: &mut Parking<C>,
        listener: ListenerId,
        connection: C,
        until: Option<u64>,
    ) -> ParkedId {
        let id = parking.next_id();
        parking.park(id, listener, connection, until);
        id
    }

    #[test]
    fn those_whose_time_is_over_go_in_the_order_of_their_deadlines() {
        let mut parking = Parking::new();
        park(&mut parking, A, 'a', Some(30));
        park(&mut parking, A, 'b', Some(10));
        park(&mut parking, A, 'c', None);
        assert_eq!(parking.next_deadline(), Some(10));
        assert_eq!(parking.take_expired(9), None);
        assert_eq!(parking.take_expired(30), Some('b'));
        assert_eq!(parking.take_expired(30), Some('a'));
        assert_eq!(parking.take_expired(u64::MAX), None);
        assert_eq!(parking.len(), 1);
    }

    #[test]
    fn the_longest_idle_goes_first_whatever_its_deadline() {
        let mut parking = Parking::new();
        park(&mut parking, A, 'a', None);
        park(&mut parking, B, 'b', Some(1));
        assert_eq!(parking.take_longest_idle(), Some('a'));
        assert_eq!(parking.take_longest_idle(), Some('b'));
        assert_eq!(parking.take_longest_idle(), None);
        assert_eq!(parking.next_deadline(), None);
    }

    #[test]
    fn a_listener_takes_its_own_along() {
        let mut parking = Parking::new();
        park(&mut parking, A, 'a', Some(1));
        let b = park(&mut parking, B, 'b', Some(1));
        park(&mut parking, A, 'c', None);
        assert_eq!(parking.take_all_of(A), ['a', 'c']);
        assert_eq!(parking.take(b), Some((B, 'b')));
        assert_eq!(parking.take(b), None);
    }

    proptest! {
        #[test]
        fn each_leaves_once(steps in prop::collection::vec((0u8..5, 0u64..20), 0..200)) {
            let mut parking = Parking::new();
            let (mut parked, mut left) = (0u64, Vec::new());
            for (step, number) in steps {
                match step {
                    0 | 1 => {
                        parked += 1;
                        park(&mut parking, ListenerId(number as u32 % 3), parked, (step == 0).then_some(number));
                    }
                    2 => left.extend(parking.take(ParkedId(number)).map(|(_, number)| number)),
                    3 => left.extend(parking.take_expired(number)),
                    _ => left.extend(parking.take_longest_idle()),
                }
                prop_assert_eq!(parking.len() as u64 + left.len() as u64, parked);
                prop_assert!(parking.deadlines.len() <= parking.len());
            }
            for listener in 0..3 {
                left.extend(parking.take_all_of(ListenerId(listener)));
            }
            left.sort_unstable();
            prop_assert!(left.into_iter().eq(1..=parked));
            prop_assert!(parking.deadlines.is_empty());
        }
    }
}
