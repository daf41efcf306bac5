//! A worker's process: how it is started, and how its end is noticed.

use std::cell::RefCell;
use std::ffi::{CString, NulError};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use crate::dispatch::Seat;
use crate::sys::page::Page;
use crate::sys::pidfd::{self, Exit};
use crate::sys::spawn::{self, Program};
use crate::sys::uv::{Interest, Loop, Poll, Turn};
use crate::sys::{handoff, socket, stream};

/// The environment variable that tells a worker its descriptors: those of its channel, its handoff socket and its page,
/// and how messages are serialized.
pub const VARIABLE: &str = "CLUSTER_RS_WORKER";

/// To be raised with each change of what a primary and its workers say to each other: frames, control messages, tickets,
/// the page. A package can be replaced while a primary runs, and its next workers have the new one.
pub const PROTOCOL: u32 = 7;

/// What a descriptor of a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stdio {
    /// `/dev/null` for the standard streams, closed otherwise.
    Ignore,
    /// A socket whose other end the primary has.
    Pipe,
    /// The channel.
    Channel,
    /// One of the primary's.
    Descriptor(i32),
}

/// A worker to start.
pub struct Order {
    pub file: String,
    /// With the program's own name first.
    pub arguments: Vec<String>,
    /// `NAME=value`.
    pub environment: Vec<String>,
    pub folder: Option<String>,
    pub stdio: Vec<Stdio>,
    /// `serialization: 'advanced'`.
    pub advanced: bool,
    pub user: Option<u32>,
    pub group: Option<u32>,
}

/// What the primary keeps of a worker that it has prepared.
pub struct Started {
    /// The primary's end of the channel.
    pub channel: OwnedFd,
    /// The primary's ends of the pipes, by their numbers in `stdio`.
    pub pipes: Vec<Option<OwnedFd>>,
    /// The process, and its seat at the dispatcher, or why there is none.
    pub process: io::Result<(Pid, OwnedFd, Seat)>,
}

/// Makes the descriptors and starts the process. An error means that not even the descriptors could be had.
pub fn start(order: Order) -> io::Result<Started> {
    let (channel, channel_end) = stream::channel_pair()?;
    let (ours, theirs) = handoff::pair()?;
    let (page, memory) = Page::create()?;
    let mut channel_end = Some(channel_end);
    let mut channel_number = None;
    let mut pipes = Vec::new();
    let mut descriptors = Vec::new();
    for (number, stdio) in (0..).zip(&order.stdio) {
        let mut pipe = None;
        descriptors.push(match *stdio {
            Stdio::Ignore if number < 3 => Some(null(number)?),
            Stdio::Ignore => None,
            Stdio::Channel => {
                channel_number = Some(number);
                channel_end.take()
            }
            Stdio::Pipe => {
                let (near, far) = stream::pair()?;
                socket::make_blocking(far.as_fd())?;
                pipe = Some(near);
                Some(far)
            }
            Stdio::Descriptor(given) => {
                let descriptor = socket::duplicate(given)?;
                if number < 3 {
                    socket::make_blocking(descriptor.as_fd())?;
                }
                Some(descriptor)
            }
        });
        pipes.push(pipe);
    }
    let Some(channel_number) = channel_number else {
        return Err(Errno::EINVAL.into());
    };
    let next = descriptors.len();
    descriptors.extend([Some(theirs.try_clone()?), Some(memory)]);
    let mut environment = order.environment;
    let serialization = if order.advanced { "advanced" } else { "json" };
    let variable = format!(
        "{VARIABLE}={channel_number},{next},{},{serialization},{PROTOCOL}",
        next + 1
    );
    environment.push(variable);
    let process = run(
        &order.file,
        order.arguments,
        environment,
        order.folder,
        &descriptors,
        (order.user, order.group),
    );
    let process = process.and_then(|pid| {
        let opened = pidfd::open(pid.as_raw() as u32);
        let twice = opened.and_then(|pidfd| Ok((pidfd.try_clone()?, pidfd)));
        let (watched, pidfd) = twice.inspect_err(|_| abandon(pid))?;
        let seat = Seat {
            ours,
            theirs,
            pidfd: watched,
            page: Arc::new(page),
            pid: pid.as_raw(),
        };
        Ok((pid, pidfd, seat))
    });
    Ok(Started {
        channel,
        pipes,
        process,
    })
}

/// Takes note of the end of a child that is no worker, if it has ended.
pub fn reap(pid: i32) {
    let _ = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::WNOHANG));
}

/// Ends a process that can't be watched.
pub fn abandon(pid: Pid) {
    let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
    let _ = waitpid(pid, None);
}

fn run(
    file: &str,
    arguments: Vec<String>,
    environment: Vec<String>,
    folder: Option<String>,
    descriptors: &[Option<OwnedFd>],
    (user, group): (Option<u32>, Option<u32>),
) -> io::Result<Pid> {
    let folder = folder.map(CString::new).transpose()?;
    spawn::spawn(&Program {
        file: &CString::new(file)?,
        arguments: &strings(arguments)?,
        environment: &strings(environment)?,
        folder: folder.as_deref(),
        descriptors,
        user,
        group,
    })
}

fn strings<T: Into<Vec<u8>>>(list: Vec<T>) -> Result<Vec<CString>, NulError> {
    list.into_iter().map(CString::new).collect()
}

fn null(number: usize) -> io::Result<OwnedFd> {
    let access = if number == 0 {
        OFlag::O_RDONLY
    } else {
        OFlag::O_RDWR
    };
    Ok(open("/dev/null", access | OFlag::O_CLOEXEC, Mode::empty())?)
}

/// A worker process, watched by the event loop through its pidfd until it has ended.
pub struct Process {
    watched: RefCell<Option<Watched>>,
    pid: Pid,
}

struct Watched {
    pidfd: Poll,
    /// Set between the end of the process and the report of it.
    report: Option<Turn>,
}

impl Process {
    /// Watches a process; `ended` is called once, by the event loop.
    pub fn watch(
        event_loop: &Loop,
        pid: Pid,
        pidfd: OwnedFd,
        ended: impl Fn(Exit) + 'static,
    ) -> io::Result<Rc<Process>> {
        let process = Rc::new(Process {
            watched: RefCell::new(None),
            pid,
        });
        let weak = Rc::downgrade(&process);
        let ended = Rc::new(ended);
        let event_loop = *event_loop;
        // What else has come in this turn, signals to this process above all, comes before the end of the worker: Ctrl+C
        // reaches both, and the program must know of it when it hears that the worker is gone.
        let pidfd = Poll::new(&event_loop, pidfd, move |_| {
            let (weak, ended) = (weak.clone(), Rc::clone(&ended));
            let Some(process) = weak.upgrade() else {
                return;
            };
            let report = Turn::after_events(&event_loop, move || {
                if let Some(exit) = weak.upgrade().and_then(|process| process.reap()) {
                    ended(exit);
                }
            });
            if let Some(watched) = process.watched.borrow_mut().as_mut() {
                watched.report = report.ok();
            }
        })?;
        pidfd.watch(Interest {
            read: true,
            write: false,
        })?;
        process.watched.replace(Some(Watched {
            pidfd,
            report: None,
        }));
        Ok(process)
    }

    fn reap(&self) -> Option<Exit> {
        let exit = match pidfd::wait(self.watched.borrow().as_ref()?.pidfd.as_fd()) {
            Ok(None) => return None,
            Ok(Some(exit)) => exit,
            // Somebody else has waited for our child; that it has ended is all that can be said.
            Err(_) => Exit::Code(0),
        };
        self.watched.replace(None);
        Some(exit)
    }

    /// Sends a signal by its number; 0 only asks. `ESRCH` once the process has ended, `EINVAL` for no signal.
    pub fn kill(&self, signal: i32) -> Result<(), Errno> {
        if self.watched.borrow().is_none() {
            return Err(Errno::ESRCH);
        }
        let signal = (signal != 0)
            .then(|| Signal::try_from(signal))
            .transpose()?;
        nix::sys::signal::kill(self.pid, signal)
    }

    /// Whether waiting for the process's end keeps this process alive.
    pub fn keep_alive(&self, yes: bool) {
        if let Some(Watched { pidfd, .. }) = self.watched.borrow().as_ref() {
            pidfd.keep_alive(yes);
        }
    }

    /// The process id.
    pub fn pid(&self) -> Pid {
        self.pid
    }
}

/// The number of a descriptor in [`Order::stdio`]'s JavaScript form.
pub fn stdio_from(number: i32) -> Stdio {
    match number {
        -1 => Stdio::Ignore,
        -2 => Stdio::Pipe,
        -3 => Stdio::Channel,
        descriptor => Stdio::Descriptor(descriptor),
    }
}
