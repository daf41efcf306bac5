//! What a worker's stalls cost the requests on its connections: how long a request that comes at any moment is expected
//! to wait, because JavaScript keeps the event loop busy while another worker is free.
//!
//! A request that comes during a stall of length `l` waits `l / 2` on average, and one moment in `T / l` is within it:
//! so stalls of lengths `l` within a time `T` cost a request `Σ l² / 2T`. Older stalls count less and less.

use super::queue::Nanoseconds;

/// How long a loop must run callbacks without a break for it to count as a stall. It is longer than the kernel lets a
/// process wait for a core on a machine that is only loaded.
pub const STALL_FROM: Nanoseconds = 25_000_000;
/// After how long a stall counts `1/e` of what it did.
const MEMORY: Nanoseconds = 2_000_000_000;

/// The stalls of one worker.
#[derive(Clone, Debug, Default)]
pub(super) struct Stalls {
    /// The sum of the squares of past stalls, in ns², as it was at `counted_at`.
    squares: f64,
    counted_at: Nanoseconds,
    /// The one that goes on: since when, and for how much of that time another worker was free.
    current: Option<(Nanoseconds, Nanoseconds)>,
    looked_at: Nanoseconds,
    /// How often another worker was free lately, from 0 to 1.
    help: f64,
}

/// How much a look counts for `help`.
const NEWEST: f64 = 0.1;
/// The most that the page can make a stall be, in µs²: what it says may be nonsense.
const LONGEST: u64 = 10_000_000 * 10_000_000;

impl Stalls {
    /// Takes a look: since when the worker's loop has been awake, if it is, and whether another worker is free, to which
    /// its connections could go.
    pub(super) fn look(
        &mut self,
        awake_since: Option<Nanoseconds>,
        another_is_free: bool,
        now: Nanoseconds,
    ) {
        let last = std::mem::replace(&mut self.looked_at, now);
        self.help += (f64::from(u8::from(another_is_free)) - self.help) * NEWEST;
        let stalled_since = awake_since.filter(|&since| now.saturating_sub(since) >= STALL_FROM);
        if let Some((since, saved)) = self.current
            && stalled_since != Some(since)
        {
            self.squares = self.remembered(now) + (saved as f64).powi(2);
            self.counted_at = now;
            self.current = None;
        }
        if let Some(since) = stalled_since {
            let (_, saved) = self.current.get_or_insert((since, 0));
            if another_is_free {
                *saved += now.saturating_sub(last.max(since));
            }
        }
    }

    /// Stalls are over that no look has seen, since they were in callbacks for I/O: the sum of their squares, in µs².
    pub(super) fn ended(&mut self, squares: u64, now: Nanoseconds) {
        if squares > 0 {
            let saved = squares.min(LONGEST) as f64 * 1e6 * self.help;
            self.squares = self.remembered(now) + saved;
            self.counted_at = now;
        }
    }

    /// How long a request that comes to this worker is expected to wait, and would not at another.
    pub(super) fn expected_wait(&self, now: Nanoseconds) -> Nanoseconds {
        let current = self
            .current
            .map_or(0.0, |(_, saved)| (saved as f64).powi(2));
        ((self.remembered(now) + current) / (2 * MEMORY) as f64) as Nanoseconds
    }

    fn remembered(&self, now: Nanoseconds) -> f64 {
        let age = now.saturating_sub(self.counted_at) as f64;
        self.squares * (-age / MEMORY as f64).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanoseconds = 1_000_000;
    const LOOK: Nanoseconds = 10 * MS;

    /// Looks every 10 ms for so long at a worker that is busy for the first `busy` of each `period`; gives the expected wait in ms.
    fn after(duration: Nanoseconds, busy: Nanoseconds, period: Nanoseconds, free: bool) -> f64 {
        let mut stalls = Stalls::default();
        let mut now = MS;
        while now < duration {
            let into = now % period;
            stalls.look((into < busy).then_some(now - into), free, now);
            now += LOOK;
        }
        stalls.expected_wait(now) as f64 / 1e6
    }

    #[test]
    fn a_worker_that_keeps_up_costs_nothing() {
        assert_eq!(after(5000 * MS, 20 * MS, 21 * MS, true), 0.0);
    }

    #[test]
    fn a_stall_costs_nothing_where_nobody_is_free_meanwhile() {
        assert_eq!(after(5000 * MS, 300 * MS, 500 * MS, false), 0.0);
    }

    #[test]
    fn rare_short_stalls_cost_less_than_a_move() {
        assert!(after(10_000 * MS, 30 * MS, 5000 * MS, true) < 0.3);
    }

    #[test]
    fn a_worker_that_is_busy_a_fifth_of_the_time_costs_ten_milliseconds() {
        // 200 ms once in a second: Σ l² / 2T is 20 ms a second of memory, less what is forgotten.
        let wait = after(10_000 * MS, 200 * MS, 1000 * MS, true);
        assert!((10.0..30.0).contains(&wait), "{wait}");
    }

    #[test]
    fn a_stall_counts_while_it_goes_on() {
        let mut stalls = Stalls::default();
        for now in (0..=500 * MS).step_by(LOOK as usize) {
            stalls.look(Some(0), true, now);
        }
        assert!(stalls.expected_wait(500 * MS) > 50 * MS);
    }

    #[test]
    fn stalls_are_forgotten() {
        let mut stalls = Stalls::default();
        for now in (0..=500 * MS).step_by(LOOK as usize) {
            stalls.look(Some(0), true, now);
        }
        stalls.look(None, true, 510 * MS);
        let soon = stalls.expected_wait(600 * MS);
        assert!(soon > 40 * MS);
        assert!(stalls.expected_wait(20_000 * MS) < MS / 10);
    }
}
