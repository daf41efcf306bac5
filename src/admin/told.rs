//! What the supervisor, which is JavaScript, tells of itself, for whoever asks while that is busy.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Up to how many seconds each bucket of [`Times`] counts; the last one counts what took longer.
pub const BOUNDS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// How often something took how long.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// How often it took up to each of the [`BOUNDS`] and longer than the one before, and how often longer than all.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// In seconds.
    pub sum: f64,
}

impl Times {
    fn add(&mut self, seconds: f64) {
        let bucket = BOUNDS.partition_point(|&bound| bound < seconds);
        self.buckets[bucket] += 1;
        self.sum += seconds;
    }
}

/// A worker under supervision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The worker's number.
    pub id: u32,
    pub pid: i32,
    /// `starting`, `ready`, `ill`, `spare` or `draining`.
    pub state: String,
}

/// What a supervisor is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Supervised {
    pub members: Vec<Member>,
    /// How many workers are to be in service.
    pub size: u32,
    /// How few that may be, where it follows the load; otherwise as many.
    pub min: u32,
    /// How many that may be.
    pub max: u32,
    /// Whether all have been in service once.
    pub was_ready: bool,
    /// Whether it is about to stop, though it may still accept.
    pub is_stopping: bool,
    /// Whether no worker is left, and none is started any more.
    pub has_given_up: bool,
    /// After how long a worker whose loop does not turn is taken for hung.
    pub hang_after: Duration,
    /// How many workers have been replaced, by the reason.
    pub restarts: BTreeMap<String, u64>,
    /// How often load has changed the number of workers, by the direction.
    pub scalings: BTreeMap<String, u64>,
    /// How many reloads there have been, by their result.
    pub reloads: BTreeMap<String, u64>,
    /// How long reloads have taken.
    pub reload_times: Times,
    /// How long workers have taken to get ready.
    pub start_times: Times,
}

impl Supervised {
    /// Counts a worker that is replaced.
    pub fn restarted(&mut self, reason: String) {
        *self.restarts.entry(reason).or_default() += 1;
    }

    /// Counts a change of the number of workers by load.
    pub fn scaled(&mut self, direction: String) {
        *self.scalings.entry(direction).or_default() += 1;
    }

    /// Counts a reload that took so many seconds.
    pub fn reloaded(&mut self, result: String, seconds: f64) {
        *self.reloads.entry(result).or_default() += 1;
        self.reload_times.add(seconds);
    }

    /// Counts a worker that took so many seconds to get ready.
    pub fn started(&mut self, seconds: f64) {
        self.start_times.add(seconds);
    }
}

/// The same, for two threads.
#[derive(Debug, Default)]
pub struct Told(Mutex<Supervised>);

impl Told {
    /// Changes what is told.
    pub fn change(&self, change: impl FnOnce(&mut Supervised)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What has been told last.
    pub fn read(&self) -> Supervised {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
