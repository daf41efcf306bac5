//! The socket of the admin port.

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
pub struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody may have removed it already.
        let _ = fs::remove_file(&self.0);
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
            let file = SocketFile(path.into());
            fs::set_permissions(path, Permissions::from_mode(0o600))?;
            (socket, Some(file))
        }
    };
    socket::make_nonblocking(socket.as_fd())?;
    socket::listen(socket.as_fd(), BACKLOG)?;
    Ok((socket, file))
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
