//! Which workers are asked to give back kept-alive connections between two requests, and how many: what a move saves
//! against what it costs.

use super::WorkerId;
use super::queue::Nanoseconds;

/// A request on a connection is expected to wait so long, at least, where it pays to move it. A move costs about
/// 0.2 ms of CPU time.
const WORTH_MOVING: Nanoseconds = 1_000_000;
/// A worker with less than this part of its fair share gets connections of others …
const POOR: f64 = 0.5;
/// … until it has this part …
const ENOUGH: f64 = 0.9;
/// … as long as its fair share is so many connections.
const FAIR_SHARE: f64 = 2.0;

/// How many connections more than it has a worker is to give back whose stalls cost more than a move: those that it is given
/// and answers until it is looked at again. One that it kept would wait for its next stall.
pub(super) const UNTIL_THE_NEXT_LOOK: u64 = 10;

/// Whether connections are evened out between workers of which none stalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Evening {
    /// They are not, since a key says whose each is.
    Never,
    /// They are, where a worker has far too few.
    Idle,
    /// That goes on.
    Active,
}

/// How many connections are asked for in a second, and at once. A move is a fraction of a millisecond, so that moves can't
/// become the load.
const PER_SECOND: f64 = 1000.0;
const AT_ONCE: f64 = 250.0;

/// What is known of a worker when moves are decided on.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) worker: WorkerId,
    /// How many connections it has open.
    pub(super) open: u64,
    /// Its share of the load, in comparison with others.
    pub(super) weight: f64,
    /// See [`super::stalls::Stalls::expected_wait`].
    pub(super) expected_wait: Nanoseconds,
    /// Whether it takes connections.
    pub(super) takes: bool,
}

impl Load {
    fn is_shedding(&self) -> bool {
        is_shedding(self.expected_wait)
    }
}

/// Whether it pays to move the connections of a worker away where a request is expected to wait so long.
pub(super) fn is_shedding(expected_wait: Nanoseconds) -> bool {
    expected_wait >= WORTH_MOVING
}

/// How many connections each worker is to give back, none left out: all those of a worker whose stalls cost more than a
/// move, and what it is given meanwhile; of the others, as many as they have more than their share, if they are evened out and one that takes connections
/// has too few. Also says whether they are evened out next time.
pub(super) fn moves(loads: &[Load], evening: Evening) -> (Vec<(WorkerId, u64)>, Evening) {
    let even: Vec<&Load> = loads
        .iter()
        .filter(|load| load.takes && !load.is_shedding())
        .collect();
    let somebody_else = |of: &Load| {
        loads
            .iter()
            .any(|load| load.takes && load.worker != of.worker)
    };
    let open: u64 = even.iter().map(|load| load.open).sum();
    let weights: f64 = even.iter().map(|load| load.weight).sum();
    let fair = |load: &Load| open as f64 * load.weight / weights;
    let least = match evening {
        Evening::Never => 0.0,
        Evening::Idle => POOR,
        Evening::Active => ENOUGH,
    };
    let lacking: f64 = even
        .iter()
        .filter(|load| fair(load) >= FAIR_SHARE && (load.open as f64) < least * fair(load))
        .map(|load| fair(load) - load.open as f64)
        .sum();
    let next = match evening {
        Evening::Never => Evening::Never,
        _ if lacking > 0.0 => Evening::Active,
        _ => Evening::Idle,
    };
    let mut left = lacking as u64;
    let moves = loads
        .iter()
        .map(|load| {
            let wanted = if load.is_shedding() {
                if somebody_else(load) {
                    load.open + UNTIL_THE_NEXT_LOOK
                } else {
                    0
                }
            } else if load.takes {
                ((load.open as f64 - fair(load)).max(0.0) as u64).min(left)
            } else {
                0
            };
            if !load.is_shedding() {
                left -= wanted;
            }
            (load.worker, wanted)
        })
        .collect();
    (moves, next)
}

/// How many moves are left for now.
#[derive(Debug)]
pub(super) struct Budget {
    left: f64,
    filled_at: Nanoseconds,
}

impl Budget {
    pub(super) fn new() -> Budget {
        Budget {
            left: AT_ONCE,
            filled_at: 0,
        }
    }

    /// How many connections all workers together may be asked for.
    pub(super) fn left(&mut self, now: Nanoseconds) -> u64 {
        let elapsed = now.saturating_sub(self.filled_at) as f64 / 1e9;
        self.filled_at = now;
        self.left = (self.left + elapsed * PER_SECOND).min(AT_ONCE);
        self.left as u64
    }

    /// Notes that so many connections have moved.
    pub(super) fn spend(&mut self, moved: u64) {
        self.left -= moved as f64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Nanoseconds = 1_000_000;

    fn load(worker: u32, open: u64, expected_wait: Nanoseconds) -> Load {
        Load {
            worker: WorkerId(worker),
            open,
            weight: 1.0,
            expected_wait,
            takes: true,
        }
    }

    fn counts(loads: &[Load]) -> Vec<u64> {
        moves(loads, Evening::Idle)
            .0
            .into_iter()
            .map(|(_, count)| count)
            .collect()
    }

    #[test]
    fn nothing_moves_where_all_are_alike() {
        assert_eq!(
            counts(&[load(1, 40, 0), load(2, 38, 0), load(3, 44, 0)]),
            [0, 0, 0]
        );
        // Nor where all are short of CPU, and none is free while another stalls.
        assert_eq!(
            counts(&[load(1, 500, MS / 2), load(2, 300, MS / 4)]),
            [0, 0]
        );
    }

    #[test]
    fn a_worker_that_stalls_gives_all_back() {
        assert_eq!(
            counts(&[load(1, 10, 20 * MS), load(2, 10, 0), load(3, 10, 0)]),
            [10 + UNTIL_THE_NEXT_LOOK, 0, 0]
        );
    }

    #[test]
    fn those_that_stall_in_turn_all_give_back() {
        // Each stall counts only as far as another was free meanwhile: what is parked goes to that one.
        assert_eq!(
            counts(&[load(1, 10, 20 * MS), load(2, 12, 15 * MS)]),
            [10 + UNTIL_THE_NEXT_LOOK, 12 + UNTIL_THE_NEXT_LOOK]
        );
    }

    #[test]
    fn nothing_moves_without_another_worker() {
        assert_eq!(counts(&[load(1, 10, 200 * MS)]), [0]);
        let mut gone = load(2, 0, 0);
        gone.takes = false;
        assert_eq!(counts(&[load(1, 10, 200 * MS), gone]), [0, 0]);
    }

    #[test]
    fn a_worker_that_has_joined_gets_its_share() {
        let asked = counts(&[load(1, 100, 0), load(2, 100, 0), load(3, 0, 0)]);
        assert_eq!(asked.iter().sum::<u64>(), 66);
        assert_eq!(asked[2], 0);
        // With policies that choose by a key it is not asked for.
        let loads = [load(1, 100, 0), load(2, 0, 0)];
        let (asked, _) = moves(&loads, Evening::Never);
        assert!(asked.iter().all(|&(_, count)| count == 0));
    }

    #[test]
    fn what_has_begun_goes_on_until_it_is_nearly_even() {
        let loads = [load(1, 12, 0), load(2, 12, 0), load(3, 6, 0)];
        let (asked, next) = moves(&loads, Evening::Active);
        assert_eq!(asked.iter().map(|(_, count)| count).sum::<u64>(), 4);
        assert_eq!(next, Evening::Active);
        let loads = [load(1, 11, 0), load(2, 10, 0), load(3, 9, 0)];
        assert_eq!(moves(&loads, next).1, Evening::Idle);
        assert_eq!(
            counts(&[load(1, 12, 0), load(2, 12, 0), load(3, 6, 0)]),
            [0, 0, 0]
        );
    }

    #[test]
    fn a_few_connections_are_not_worth_evening_out() {
        assert_eq!(counts(&[load(1, 3, 0), load(2, 0, 0)]), [0, 0]);
    }

    #[test]
    fn what_moves_in_a_second_is_bounded() {
        let mut budget = Budget::new();
        let mut moved = 0;
        for now in (0..1000).map(|ms| ms * MS) {
            let left = budget.left(now);
            budget.spend(left);
            moved += left;
        }
        assert!((1200..=1250).contains(&moved), "{moved}");
    }

    proptest! {
        #[test]
        fn nobody_is_asked_for_more_than_it_has(
            opens in prop::collection::vec((0u64..1000, 0u64..5, any::<bool>(), 1u32..4), 1..9),
            evening in prop_oneof![Just(Evening::Never), Just(Evening::Idle), Just(Evening::Active)],
        ) {
            let loads: Vec<Load> = opens
                .iter()
                .enumerate()
                .map(|(i, &(open, wait, takes, weight))| Load {
                    worker: WorkerId(i as u32),
                    open,
                    weight: weight.into(),
                    expected_wait: wait * MS / 2,
                    takes,
                })
                .collect();
            for ((worker, count), load) in moves(&loads, evening).0.into_iter().zip(&loads) {
                prop_assert_eq!(worker, load.worker);
                let more = if load.is_shedding() { UNTIL_THE_NEXT_LOOK } else { 0 };
                prop_assert!(count <= load.open + more);
            }
        }

        #[test]
        fn evening_out_comes_to_an_end(opens in prop::collection::vec(0u64..1000, 2..9)) {
            let mut opens = opens;
            let mut evening = Evening::Idle;
            for _ in 0..40 {
                let loads: Vec<Load> = opens.iter().enumerate().map(|(i, &open)| load(i as u32, open, 0)).collect();
                let (asked, next) = moves(&loads, evening);
                evening = next;
                if evening == Evening::Idle {
                    return Ok(());
                }
                // Each goes to the one with the fewest then.
                for (i, (_, count)) in asked.into_iter().enumerate() {
                    opens[i] -= count;
                    for _ in 0..count {
                        *opens.iter_mut().min().unwrap() += 1;
                    }
                }
            }
            prop_assert!(false, "{:?}", opens);
        }
    }
}
