//! The latest end of a worker whose primary is gone, also where its event loop is blocked.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

/// Has a thread wait until the process behind `primary`, a pidfd, has ended, and kill this one that time after it.
///
/// Errors: `EAGAIN` if there can be no thread.
pub fn follow(primary: OwnedFd, after: Duration) -> io::Result<()> {
    let thread = thread::Builder::new().name("deadline".to_owned());
    let wait = move || {
        let _ = SigSet::all().thread_block(); // They are for the event loop's thread.
        let mut watched = [PollFd::new(primary.as_fd(), PollFlags::POLLIN)];
        while poll(&mut watched, PollTimeout::NONE) == Err(Errno::EINTR) {}
        thread::sleep(after);
        let _ = kill(Pid::this(), Signal::SIGKILL);
    };
    thread.spawn(wait).map(drop)
}
