//! The latest end of a worker that nobody watches over.

use std::io;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Kills this process after that time, also where its event loop is blocked.
///
/// Errors: `EAGAIN` if there can be no thread for it.
pub fn kill_after(time: Duration) -> io::Result<()> {
    let end = move || {
        thread::sleep(time);
        let _ = kill(Pid::this(), Signal::SIGKILL);
    };
    let thread = thread::Builder::new().name("deadline".to_owned());
    thread.spawn(end).map(drop)
}
