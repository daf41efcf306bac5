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
    let ticks = cpu_ticks(&fs::read_to_string(format!("{folder}/stat")).ok()?)?;
    let pages = resident_pages(&fs::read_to_string(format!("{folder}/statm")).ok()?)?;
    let descriptors = fs::metadata(format!("{folder}/fd")).map(|about| about.size());
    Some(ProcessFigures {
        cpu_seconds: ticks as f64 / clock_ticks_per_second() as f64,
        memory: pages * page_size() as u64,
        descriptors: descriptors.ok().filter(|&count| count > 0),
    })
}

/// The CPU time in `/proc/PID/stat`. The name, in which there may be anything, stands in parentheses.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// The resident memory in `/proc/PID/statm`.
fn resident_pages(statm: &str) -> Option<u64> {
    statm.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_anything_in_it() {
        let stat = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 30 12 0 0 20";
        assert_eq!(cpu_ticks(stat), Some(42));
        assert_eq!(cpu_ticks("7 (a"), None);
        assert_eq!(cpu_ticks("7 (a) S 1"), None);
        assert_eq!(resident_pages("100 25 3"), Some(25));
        assert_eq!(resident_pages(""), None);
    }

    #[test]
    fn this_process_uses_something() {
        let figures = figures_of_self().unwrap();
        assert!(figures.memory > 0);
        assert_eq!(figures_of(i32::MAX), None);
    }
}
