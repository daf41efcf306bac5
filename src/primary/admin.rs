//! The socket of the admin port.

use std::cell::Cell;
use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use nix::errno::Errno;

use super::listener;
use crate::sys::socket::{self, BindOptions};

/// How many connections may wait for the dispatcher.
const BACKLOG: i32 = 128;

/// Where the admin port is.
#[derive(Clone, Debug)]
pub enum Place {
    /// At an IP address.
    Tcp { address: String, port: u16 },
    /// A Unix socket, which only this user can connect to.
    Unix(String),
}

/// The file of a Unix socket, which is removed with this.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Another primary has the same socket, and the file is for that to remove.
    is_of_another: Cell<bool>,
}

impl SocketFile {
    fn new(path: &str) -> SocketFile {
        SocketFile {
            path: path.into(),
            is_of_another: Cell::new(false),
        }
    }

    /// Says whether it is for this process to remove.
    pub fn own(&self, yes: bool) {
        self.is_of_another.set(!yes);
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if !self.is_of_another.get() {
            // Somebody may have removed it already.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens a socket that listens, with its file if it has one.
///
/// Errors: `EINVAL` for what is no address; those of `bind` and `listen`.
pub fn open(place: &Place) -> io::Result<(OwnedFd, Option<SocketFile>)> {
    let (socket, file) = match place {
        Place::Tcp { address, port } => {
            let address = listener::parse(address, *port)?;
            (socket::bind_tcp(address, BindOptions::default())?, None)
        }
        Place::Unix(path) => {
            let socket = bind_unix(path)?;
            let file = SocketFile::new(path);
            fs::set_permissions(path, Permissions::from_mode(0o600))?;
            (socket, Some(file))
        }
    };
    socket::make_nonblocking(socket.as_fd())?;
    socket::listen(socket.as_fd(), BACKLOG)?;
    Ok((socket, file))
}

/// Uses a socket that a predecessor has left, if it is where this is to be. It still has the file as well.
pub fn inherit(place: &Place, socket: OwnedFd) -> Option<(OwnedFd, Option<SocketFile>)> {
    match place {
        Place::Tcp { address, port } => {
            let bound = socket::local_address(socket.as_fd()).ok().flatten()?;
            let wanted = listener::parse(address, bound.port()).ok()?;
            let is_port = *port == 0 || *port == bound.port();
            (is_port && wanted == bound).then_some((socket, None))
        }
        Place::Unix(path) => {
            let bound = socket::local_path(socket.as_fd())?;
            let file = SocketFile::new(path);
            file.own(false);
            (bound == *path).then_some((socket, Some(file)))
        }
    }
}

/// Where another process that was killed has left its file, it is replaced.
fn bind_unix(path: &str) -> io::Result<OwnedFd> {
    let taken = Errno::EADDRINUSE as i32;
    match socket::bind_unix(path) {
        Err(error) if error.raw_os_error() == Some(taken) => {
            let is_left = UnixStream::connect(path)
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
            if !is_left {
                return Err(error);
            }
            fs::remove_file(path)?;
            socket::bind_unix(path)
        }
        bound => bound,
    }
}
