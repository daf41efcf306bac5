//! The page of counters that a worker shares with the primary.
//!
//! The worker writes, the dispatcher reads; one number is the other way round. Nothing correct depends on what is in it:
//! nonsense costs balance, never a connection. The memory behind it is sealed against a change of its size, so that a worker can't make
//! the primary fault on it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fstat, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use rustix::time::{ClockId, clock_gettime};

/// How many listeners have a tally of their own.
const TALLIES: usize = 24;

/// How many numbers a tally has for the connections that have waited longer and longer.
pub const BUCKETS: usize = 17;

const SIZE: usize = 4096;

/// What lies at the start of the page. `turn` is a time in nanoseconds whose lowest bit says whether the loop is awake.
#[repr(C)]
struct Counters {
    taken: AtomicU64,
    open: AtomicU64,
    requests: AtomicU64,
    turn: AtomicU64,
    lag: AtomicU64,
    asked: AtomicU64,
    stalled: AtomicU64,
    idle: AtomicU64,
    tallies: [Tally; TALLIES],
}

/// Connections of one listener, counted by how long they have waited.
#[repr(C)]
struct Tally {
    /// The listener's number and one; 0 as long as there is none.
    listener: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

const _: () = assert!(size_of::<Counters>() <= SIZE);

/// What the event loop of a worker is doing, and since when (`CLOCK_MONOTONIC`, nanoseconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoopState {
    /// Waiting for events.
    Asleep { since_ns: u64 },
    /// Running callbacks, without a break since then.
    Awake { since_ns: u64 },
}

impl LoopState {
    /// Since when it is doing that.
    pub fn since_ns(self) -> u64 {
        let (LoopState::Asleep { since_ns } | LoopState::Awake { since_ns }) = self;
        since_ns
    }
}

/// The shared page of one worker, mapped into this process until it is dropped.
#[derive(Debug)]
pub struct Page {
    counters: NonNull<Counters>,
}

// SAFETY: the mapping belongs to this value alone, and holds only atomics.
unsafe impl Send for Page {}
// SAFETY: as above.
unsafe impl Sync for Page {}

impl Page {
    /// Makes a page of zeros, for the primary. The descriptor is for the worker, who opens it with [`Page::open`];
    /// it is closed on exec.
    ///
    /// Errors: those of `memfd_create`, `ftruncate`, `fcntl` and `mmap`.
    pub fn create() -> io::Result<(Page, OwnedFd)> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let memory = memfd_create(c"cluster-page", flags)?;
        ftruncate(&memory, SIZE as u64)?;
        fcntl_add_seals(
            &memory,
            SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL,
        )?;
        Ok((Page::map(&memory)?, memory))
    }

    /// Opens the page that the primary made, for the worker.
    ///
    /// Errors: `InvalidData` if the descriptor is not of a page's size; those of `fstat` and `mmap`.
    pub fn open(memory: OwnedFd) -> io::Result<Page> {
        if fstat(&memory)?.st_size != SIZE as i64 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the shared page has a wrong size",
            ));
        }
        Page::map(&memory)
    }

    fn map(memory: impl AsFd) -> io::Result<Page> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses the address, so no other mapping is touched; the memory is SIZE bytes long,
        // and sealed against becoming shorter.
        let address = unsafe { mmap(null_mut(), SIZE, access, MapFlags::SHARED, memory, 0) }?;
        let counters = NonNull::new(address.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Page { counters })
    }

    fn counters(&self) -> &Counters {
        // SAFETY: the mapping is SIZE bytes of initialised memory, aligned to a page, alive as long as `self`;
        // atomics may be changed by others meanwhile.
        unsafe { self.counters.as_ref() }
    }

    /// How many messages the worker has received from its handoff queue.
    pub fn taken(&self) -> u64 {
        self.counters().taken.load(Relaxed)
    }

    /// Counts one message received from the handoff queue. The worker does so for *every* message, after it has
    /// received it and whatever was in it.
    pub fn add_taken(&self) {
        self.counters().taken.fetch_add(1, Relaxed);
    }

    /// How many connections the worker has open.
    pub fn open_connections(&self) -> u64 {
        self.counters().open.load(Relaxed)
    }

    /// Says how many connections the worker has open.
    pub fn set_open_connections(&self, open: u64) {
        self.counters().open.store(open, Relaxed);
    }

    /// How many HTTP requests the worker has begun to serve, if it counts them.
    pub fn requests(&self) -> u64 {
        self.counters().requests.load(Relaxed)
    }

    /// Says how many HTTP requests the worker has begun to serve.
    pub fn set_requests(&self, requests: u64) {
        self.counters().requests.store(requests, Relaxed);
    }

    /// The worker's loop is about to wait for events. `now_ns` is [`now_ns`] or libuv's `uv_hrtime`.
    pub fn sleep(&self, now_ns: u64) {
        self.counters().turn.store(now_ns & !1, Relaxed);
    }

    /// By how many milliseconds the worker's last regular timer was late, if it has one.
    pub fn lag(&self) -> u64 {
        self.counters().lag.load(Relaxed)
    }

    /// Says by how many milliseconds the worker's last regular timer was late.
    pub fn set_lag(&self, lag: u64) {
        self.counters().lag.store(lag, Relaxed);
    }

    /// The sum of the squares of how long the worker's loop has run callbacks for I/O without a break, where that was long; in
    /// µs².
    pub fn stalled(&self) -> u64 {
        self.counters().stalled.load(Relaxed)
    }

    /// Adds a square, in µs². The worker does so when such a time is over: nothing runs before its first callback.
    pub fn add_stalled(&self, square: u64) {
        self.counters().stalled.fetch_add(square, Relaxed);
    }

    /// For how many nanoseconds the worker's loop has waited for events, all in all.
    pub fn idle(&self) -> u64 {
        self.counters().idle.load(Relaxed)
    }

    /// The same until then, with how long it waits now.
    pub fn idle_until(&self, now_ns: u64) -> u64 {
        match self.loop_state() {
            LoopState::Asleep { since_ns } => {
                self.idle().wrapping_add(now_ns.saturating_sub(since_ns))
            }
            LoopState::Awake { .. } => self.idle(),
        }
    }

    /// Says for how many nanoseconds the worker's loop has waited for events, all in all.
    pub fn set_idle(&self, idle_ns: u64) {
        self.counters().idle.store(idle_ns, Relaxed);
    }

    /// How many kept-alive connections the worker is to have given back, all in all.
    pub fn asked(&self) -> u64 {
        self.counters().asked.load(Relaxed)
    }

    /// Says how many kept-alive connections the worker is to have given back, all in all. The dispatcher does.
    pub fn set_asked(&self, total: u64) {
        self.counters().asked.store(total, Relaxed);
    }

    /// Counts a connection of a listener that has waited for so many nanoseconds, in one of the [`BUCKETS`]. With too many
    /// listeners the last ones are not counted.
    pub fn add_waited(&self, listener: u32, bucket: usize, waited: u64) {
        let number = u64::from(listener) + 1;
        let found = self.counters().tallies.iter().find(|tally| {
            let of = tally.listener.load(Relaxed);
            of == number || of == 0
        });
        let Some(tally) = found else { return };
        if let Some(count) = tally.buckets.get(bucket) {
            tally.listener.store(number, Relaxed);
            count.fetch_add(1, Relaxed);
            tally.sum.fetch_add(waited, Relaxed);
        }
    }

    /// The listeners whose connections have been counted, with their counts, and the sum of the times.
    pub fn waited(&self) -> impl Iterator<Item = (u32, [u64; BUCKETS], u64)> {
        self.counters().tallies.iter().filter_map(|tally| {
            let listener = tally.listener.load(Relaxed).checked_sub(1)?;
            let counts = std::array::from_fn(|bucket| tally.buckets[bucket].load(Relaxed));
            Some((listener.try_into().ok()?, counts, tally.sum.load(Relaxed)))
        })
    }

    /// The worker's loop has events and will run callbacks. `now_ns` is [`now_ns`] or libuv's `uv_hrtime`.
    pub fn wake(&self, now_ns: u64) {
        self.counters().turn.store(now_ns | 1, Relaxed);
    }

    /// What the worker's loop is doing. A new page says that it is asleep.
    pub fn loop_state(&self) -> LoopState {
        let turn = self.counters().turn.load(Relaxed);
        let since_ns = turn & !1;
        if turn & 1 == 1 {
            LoopState::Awake { since_ns }
        } else {
            LoopState::Asleep { since_ns }
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `map` with this size, and no reference into it outlives `self`.
        // It can't fail for a mapping that exists.
        let _ = unsafe { munmap(self.counters.as_ptr().cast(), SIZE) };
    }
}

/// The time of `CLOCK_MONOTONIC` in nanoseconds, the same clock in every process.
pub fn now_ns() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn the_other_mapping_sees_what_is_written() {
        let (primary, memory) = Page::create().unwrap();
        assert_eq!(primary.loop_state(), LoopState::Asleep { since_ns: 0 });
        let worker = Page::open(memory).unwrap();
        worker.add_taken();
        worker.add_taken();
        worker.set_open_connections(7);
        worker.wake(1001);
        assert_eq!((primary.taken(), primary.open_connections()), (2, 7));
        assert_eq!(primary.loop_state(), LoopState::Awake { since_ns: 1000 });
        worker.sleep(2001);
        assert_eq!(primary.loop_state(), LoopState::Asleep { since_ns: 2000 });
    }

    #[test]
    fn a_loop_that_waits_is_idle_until_now() {
        let (page, _memory) = Page::create().unwrap();
        page.set_idle(500);
        page.sleep(1000);
        assert_eq!(page.idle_until(1300), 800);
        page.set_idle(900);
        page.wake(1400);
        assert_eq!(page.idle_until(2000), 900);
    }

    #[test]
    fn each_listener_has_its_tally() {
        let (primary, memory) = Page::create().unwrap();
        let worker = Page::open(memory).unwrap();
        for listener in [7, 0, 7] {
            worker.add_waited(listener, 3, 100);
        }
        worker.add_waited(0, BUCKETS, 100);
        let tallies: Vec<_> = primary
            .waited()
            .map(|(listener, counts, sum)| (listener, counts[3], sum))
            .collect();
        assert_eq!(tallies, [(7, 2, 200), (0, 1, 100)]);
        for listener in 0..100 {
            worker.add_waited(listener, 0, 1);
        }
        assert_eq!(primary.waited().count(), TALLIES);
    }

    #[test]
    fn its_size_is_sealed_and_checked() {
        let (_page, memory) = Page::create().unwrap();
        let file = File::from(memory);
        assert!(file.set_len(0).is_err());
        assert!(file.set_len(1 << 20).is_err());
        let other = memfd_create(c"other", MemfdFlags::CLOEXEC).unwrap();
        assert_eq!(
            Page::open(other).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
