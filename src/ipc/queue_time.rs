//! Queue time: how long connections wait from when they are accepted, or their client speaks again, until a worker takes
//! them. Workers count on their pages, the primary adds up.

use std::ops::AddAssign;

use crate::sys::page::BUCKETS;

/// Up to how many nanoseconds each bucket counts; the last one counts what took longer.
pub const BOUNDS: [u64; 16] = [
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

const _: () = assert!(BUCKETS == BOUNDS.len() + 1);

/// The bucket that counts a time in nanoseconds.
pub fn bucket_of(time: u64) -> usize {
    BOUNDS.partition_point(|&bound| bound < time)
}

/// How often which queue time was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueTimes {
    /// How many connections waited up to each of the [`BOUNDS`] and longer than the one before, and how many longer than all.
    pub buckets: [u64; BUCKETS],
    /// The sum of all times, in nanoseconds.
    pub sum: u64,
}

impl QueueTimes {
    /// How many connections have been counted.
    pub fn count(&self) -> u64 {
        self.buckets
            .iter()
            .fold(0, |sum, &count| sum.wrapping_add(count))
    }
}

impl AddAssign<&QueueTimes> for QueueTimes {
    // What a worker has written on its page may be nonsense.
    fn add_assign(&mut self, other: &QueueTimes) {
        for (mine, more) in self.buckets.iter_mut().zip(other.buckets) {
            *mine = mine.wrapping_add(more);
        }
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_where_it_is_not_longer_than_the_bound() {
        assert_eq!(bucket_of(0), 0);
        assert_eq!(bucket_of(BOUNDS[0]), 0);
        assert_eq!(bucket_of(BOUNDS[0] + 1), 1);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }
}
