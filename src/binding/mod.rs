//! The N-API surface: what JavaScript sees of Rust, and nothing but. What the objects here do is written in the modules beside.

pub mod channel;
pub mod primary;
pub mod text_channel;
pub mod worker;

use std::fs::File;

use napi::bindgen_prelude::Object;
use napi::{Env, Error, Result, Status};
use napi_derive::napi;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use crate::primary::{notify as manager, process};
use crate::sys::js::SharedNumbers;
use crate::sys::uv::{Loop, Turn, Uv};
use crate::sys::{pidfd, socket, stream};

/// Why the addon can't serve in this process, if it can't.
#[napi(catch_unwind)]
pub fn unsupported() -> Option<&'static str> {
    if Uv::get().is_none() {
        return Some("this host does not export libuv");
    }
    (!pidfd::has_pidfd()).then_some("this kernel has no pidfd_open (Linux 5.3 or newer is needed)")
}

/// A socket that nothing is done with, as a descriptor for the caller: TCP, or else a Unix stream socket.
#[napi(catch_unwind)]
pub fn blank_socket(tcp: bool) -> Result<i32> {
    let made = if tcp {
        socket::blank_tcp()
    } else {
        stream::pair().map(|(one, _)| one)
    };
    Ok(socket::release(made.map_err(failed)?))
}

/// The number of the language that this addon's primaries and workers speak; both must speak the same.
#[napi(catch_unwind)]
pub fn protocol() -> u32 {
    process::PROTOCOL
}

/// A folder that is locked for this process, until it is released or the process ends.
#[napi]
pub struct FolderLock(Option<Flock<File>>);

#[napi]
impl FolderLock {
    /// Lets others have it.
    #[napi(catch_unwind)]
    pub fn release(&mut self) {
        self.0 = None;
    }
}

/// Locks the folder that has been opened as descriptor `folder`, which stays the caller's; nothing if it is locked
/// otherwise. JavaScript opens it: Node knows whether this process may.
#[napi(catch_unwind)]
pub fn lock_folder(folder: i32) -> Result<Option<FolderLock>> {
    let folder = socket::duplicate(folder).map_err(failed)?;
    match Flock::lock(File::from(folder), FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(FolderLock(Some(lock)))),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, error)) => Err(failed(error.into())),
    }
}

/// Tells the manager of this service something: text for the socket that it has named. Whether it could be sent.
#[napi(catch_unwind)]
pub fn notify(socket: String, text: String) -> bool {
    manager::notify(&socket, &text, None).is_ok()
}

/// Takes note of the end of a child process that has ended, and that nobody else waits for.
#[napi(catch_unwind)]
pub fn reap(pid: i32) {
    process::reap(pid);
}

/// Where JavaScript finds the number of turns, and puts those that it counts.
const TURNS: usize = 0;
const OPEN_CONNECTIONS: usize = 1;
const REQUESTS: usize = 2;
const LAG: usize = 3;
/// Whether the page of a worker says that its loop is awake: 1 or 0.
const AWAKE: usize = 4;

fn count_turns(env: &Env, numbers: &Object<'_>) -> Result<Turn> {
    let numbers = SharedNumbers::new(env, numbers, TURNS + 1)?;
    let event_loop = Loop::of(env).map_err(failed)?;
    Turn::after_events(&event_loop, move || numbers.increment(TURNS)).map_err(failed)
}

fn failed(error: std::io::Error) -> Error {
    Error::new(Status::GenericFailure, error.to_string())
}

/// As JavaScript gets it: negative.
fn errno(error: &std::io::Error) -> f64 {
    let code = match (error.raw_os_error(), error.kind()) {
        (Some(code), _) => code,
        (None, std::io::ErrorKind::FileTooLarge) => libc::EMSGSIZE,
        (None, std::io::ErrorKind::InvalidInput) => libc::EINVAL,
        (None, _) => libc::EPIPE,
    };
    -f64::from(code)
}
