//! What the kernel knows of a process.

use std::fs;
use std::os::unix::fs::MetadataExt;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::time::{ClockId, clock_gettime};

/// What a process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessFigures {
    /// CPU time, in user mode and in the kernel.
    pub cpu_seconds: f64,
    /// Resident memory, in bytes.
    pub memory: u64,
    /// Open descriptors; before Linux 6.2 they are not known.
    pub descriptors: Option<u64>,
}

/// The figures of a process; `None` if it has gone.
pub fn figures_of(pid: i32) -> Option<ProcessFigures> {
    read(&format!("/proc/{pid}"))
}

/// Those of this process.
pub fn figures_of_self() -> Option<ProcessFigures> {
    read("/proc/self")
}

/// How much CPU time this thread has used.
pub fn thread_cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn read(folder: &str) -> Option<ProcessFigures> {
    let used = Used::parse(&fs::read_to_string(format!("{folder}/stat")).ok()?)?;
    let descriptors = fs::metadata(format!("{folder}/fd")).map(|about| about.size());
    Some(ProcessFigures {
        cpu_seconds: used.ticks as f64 / clock_ticks_per_second() as f64,
        memory: used.pages * page_size() as u64,
        descriptors: descriptors.ok().filter(|&count| count > 0),
    })
}

/// What `/proc/PID/stat` says: CPU time and resident memory, in the kernel's units.
#[derive(Debug, PartialEq)]
struct Used {
    ticks: u64,
    pages: u64,
}

impl Used {
    /// The name of the program, in which there may be anything, stands in parentheses.
    fn parse(stat: &str) -> Option<Used> {
        let (_, after_name) = stat.rsplit_once(')')?;
        let mut fields = after_name.split_whitespace();
        let user: u64 = fields.nth(11)?.parse().ok()?;
        let system: u64 = fields.next()?.parse().ok()?;
        let pages = fields.nth(8)?.parse().ok()?;
        Some(Used {
            ticks: user + system,
            pages,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_anything_in_it() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0 20 0 1 0 99 5000 250 0 0";
        let used = Used {
            ticks: 42,
            pages: 250,
        };
        assert_eq!(Used::parse(stat), Some(used));
        assert_eq!(Used::parse("7 (a"), None);
        assert_eq!(Used::parse("7 (a) S 1"), None);
    }

    #[test]
    fn this_process_uses_something() {
        let figures = figures_of_self().unwrap();
        assert!(figures.memory > 0);
        assert_eq!(figures_of(i32::MAX), None);
    }
}
