//! Whether a service should get requests, and whether it should be started anew.

use std::time::Duration;

use super::told::Supervised;

/// An answer to a probe, with a line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub is_good: bool,
    pub text: String,
}

impl Health {
    fn new(is_good: bool, text: String) -> Health {
        Health { is_good, text }
    }
}

/// Whether a service should get requests: all its workers have been in service once, half of them are, and it is not about to
/// stop. `in_service` is how many are there and ready.
pub fn ready(supervised: &Supervised, in_service: u32) -> Health {
    let Supervised { size, .. } = *supervised;
    let serving = format!("{in_service} of {size} workers in service");
    if supervised.is_stopping {
        Health::new(false, format!("stopping: {serving}"))
    } else if !supervised.was_ready {
        Health::new(false, format!("starting: {serving}"))
    } else {
        Health::new(in_service >= size.div_ceil(2).max(1), serving)
    }
}

/// Whether a service can go on by itself: it has not given up its workers, and of those in service one turns its event loop.
/// `still_for` says for how long each of them has not.
pub fn live(supervised: &Supervised, still_for: &[Duration]) -> Health {
    let hung = still_for
        .iter()
        .filter(|&&still| still >= supervised.hang_after)
        .count();
    if supervised.has_given_up {
        Health::new(false, "no worker can be kept alive".to_owned())
    } else if hung > 0 && hung == still_for.len() {
        Health::new(false, format!("all workers in service hang: {hung}"))
    } else {
        Health::new(true, format!("{hung} of {} workers hang", still_for.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> Supervised {
        Supervised {
            size: 4,
            was_ready: true,
            hang_after: Duration::from_secs(10),
            ..Supervised::default()
        }
    }

    #[test]
    fn a_service_is_ready_when_all_have_been_and_half_of_them_are() {
        let cases = [(4, true), (2, true), (1, false), (0, false)];
        for (in_service, is_good) in cases {
            assert_eq!(
                ready(&service(), in_service).is_good,
                is_good,
                "{in_service}"
            );
        }
        let starting = Supervised {
            was_ready: false,
            ..service()
        };
        assert_eq!(
            ready(&starting, 3),
            Health::new(false, "starting: 3 of 4 workers in service".to_owned())
        );
    }

    #[test]
    fn a_service_that_stops_is_not_ready_at_once() {
        let stopping = Supervised {
            is_stopping: true,
            ..service()
        };
        assert!(!ready(&stopping, 4).is_good);
        assert!(live(&stopping, &[Duration::ZERO]).is_good);
    }

    #[test]
    fn a_service_lives_as_long_as_one_worker_turns() {
        let (turns, hangs) = (Duration::from_millis(250), Duration::from_secs(11));
        assert!(live(&service(), &[turns, hangs, hangs]).is_good);
        assert!(!live(&service(), &[hangs, hangs]).is_good);
        // Those that start are waited for, and what has crashed is started again.
        assert!(live(&service(), &[]).is_good);
        let given_up = Supervised {
            has_given_up: true,
            ..service()
        };
        assert!(!live(&given_up, &[]).is_good);
    }
}
