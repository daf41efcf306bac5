//! All that a keeper keeps, as it goes to the keeper of a primary that follows. Times are what was left of them, in
//! milliseconds, and processes have the numbers that they have there.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::request::Bounds;

/// Everything.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Snapshot {
    /// When it was taken: a time of the monotonic clock, in milliseconds.
    pub taken: u64,
    pub last_fence: u64,
    pub last_watch: u64,
    pub stores: Vec<StoreSnapshot>,
    pub callers: Vec<CallerSnapshot>,
    /// Who has subscribed to which.
    pub topics: Vec<(String, Vec<u64>)>,
    pub locks: Vec<LockSnapshot>,
}

/// A store, with its entries in the order of their use.
#[derive(Debug, Deserialize, Serialize)]
pub struct StoreSnapshot {
    /// By which those who have it open call it.
    pub place: usize,
    pub name: String,
    pub bounds: Bounds,
    /// Key, value, and what is left of its time; 0 where it does not expire.
    pub entries: Vec<(String, Box<RawValue>, u64)>,
    /// Caller, number and prefix.
    pub watches: Vec<(u64, u64, String)>,
}

/// A process that asks.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct CallerSnapshot {
    pub caller: u64,
    /// The stores that it has opened, by their places among all.
    pub stores: Vec<usize>,
    /// The beginning of a frame that has been read.
    pub input: Vec<u8>,
    /// What is to be written yet.
    pub output: Vec<u8>,
}

/// A lock that is held.
#[derive(Debug, Deserialize, Serialize)]
pub struct LockSnapshot {
    pub name: String,
    pub caller: u64,
    pub fence: u64,
    pub left: Option<u64>,
    pub waiting: Vec<WaiterSnapshot>,
}

/// A process that waits for a lock.
#[derive(Debug, Deserialize, Serialize)]
pub struct WaiterSnapshot {
    pub caller: u64,
    pub number: u64,
    /// For how long it may hold the lock then; 0 until it gives it back.
    pub ttl: u64,
    pub left: Option<u64>,
}

impl Snapshot {
    /// Writes it into a file without a name. Errors: those of the system, `ENOMEM` above all.
    pub fn write(&self) -> io::Result<OwnedFd> {
        let mut file = File::from(memfd_create("cluster-rs", MemfdFlags::CLOEXEC)?);
        let mut writer = BufWriter::new(&mut file);
        serde_json::to_writer(&mut writer, self)?;
        writer.flush()?;
        drop(writer);
        file.rewind()?;
        Ok(file.into())
    }

    /// Reads such a file. Errors: `InvalidData` if it is none.
    pub fn read(file: OwnedFd) -> io::Result<Snapshot> {
        let mut bytes = Vec::new();
        File::from(file).read_to_end(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes)?)
    }
}
