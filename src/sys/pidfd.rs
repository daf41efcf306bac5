//! A child process as a descriptor: readable once the process has ended.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It left with this exit code.
    Code(i32),
    /// The signal of this number ended it.
    Signal(i32),
}

/// Opens a process by its id; closed on exec. Only a child that has not been waited for is sure to be the one meant.
///
/// Errors: `ESRCH` without such a process, `ENOSYS` on Linux before 5.3, `EMFILE`, `ENFILE`.
pub fn open(pid: u32) -> io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(pidfd_open(pid.ok_or(Errno::SRCH)?, PidfdFlags::empty())?)
}

/// Whether this kernel has descriptors for processes.
pub fn has_pidfd() -> bool {
    open(std::process::id()).is_ok()
}

/// Reaps the process if it has ended: `None` while it runs. After it has been told once, `ECHILD` follows.
///
/// Errors: those of `waitid`.
pub fn wait(pidfd: BorrowedFd) -> io::Result<Option<Exit>> {
    match reap(WaitId::PidFd(pidfd)) {
        // Linux 5.3 has the descriptors but can't wait for them.
        Err(Errno::INVAL) => Ok(reap(WaitId::Pid(process_of(pidfd)?))?),
        done => Ok(done?),
    }
}

fn reap(process: WaitId<'_>) -> Result<Option<Exit>, Errno> {
    let ended = waitid(process, WaitIdOptions::EXITED | WaitIdOptions::NOHANG)?;
    Ok(ended.and_then(|how| {
        let code = how.exit_status().map(Exit::Code);
        code.or_else(|| how.terminating_signal().map(Exit::Signal))
    }))
}

/// The process behind a descriptor, as the kernel tells it in `/proc`.
fn process_of(pidfd: BorrowedFd) -> io::Result<Pid> {
    let about = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    about
        .lines()
        .find_map(|line| line.strip_prefix("Pid:"))
        .and_then(|pid| Pid::from_raw(pid.trim().parse().ok()?))
        .ok_or_else(|| io::ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    fn shell(script: &str) -> (Child, OwnedFd) {
        let child = Command::new("sh").args(["-c", script]).spawn().unwrap();
        let pidfd = open(child.id()).unwrap();
        (child, pidfd)
    }

    fn end(pidfd: &OwnedFd) -> Exit {
        let limit = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(exit) = wait(pidfd.as_fd()).unwrap() {
                return exit;
            }
            assert!(Instant::now() < limit);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn tells_how_a_process_ended() {
        assert!(has_pidfd());
        assert_eq!(end(&shell("exit 7").1), Exit::Code(7));
        assert_eq!(end(&shell("kill -9 $$").1), Exit::Signal(9));
        // A real-time signal has no name but counts as any other.
        assert_eq!(end(&shell("kill -40 $$").1), Exit::Signal(40));
    }

    #[test]
    fn a_running_process_has_no_exit_yet() {
        let (mut child, pidfd) = shell("exec sleep 30");
        assert_eq!(wait(pidfd.as_fd()).unwrap(), None);
        let pid = process_of(pidfd.as_fd()).unwrap().as_raw_nonzero();
        assert_eq!(pid.get() as u32, child.id());
        child.kill().unwrap();
        assert_eq!(end(&pidfd), Exit::Signal(9));
        assert_eq!(
            wait(pidfd.as_fd()).unwrap_err().raw_os_error(),
            Some(libc::ECHILD)
        );
    }
}
