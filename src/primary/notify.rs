//! What a service tells its manager (`sd_notify` of systemd): text, as a datagram to a Unix socket, and descriptors.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use nix::poll::{PollFd, PollFlags, poll};

use crate::sys::handoff;

/// For how many milliseconds the manager is waited for.
const PATIENCE: u16 = 1000;

/// Sends `text` to the socket that the manager has named: a path, or `@` and an abstract name. The manager gets a duplicate
/// of `descriptor`.
///
/// Errors: those of the system, `ENOENT` or `ECONNREFUSED` if nobody listens there.
pub fn notify(socket: &str, text: &str, descriptor: Option<BorrowedFd<'_>>) -> io::Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    let sender = UnixDatagram::unbound()?;
    sender.connect_addr(&address)?;
    handoff::send(sender.as_fd(), text.as_bytes(), descriptor)
}

/// Waits for a moment until the manager has done what it was told before (`sd_notify_barrier`).
///
/// Errors: as for [`notify`], and `EMFILE`, `ENFILE`.
pub fn wait(socket: &str) -> io::Result<()> {
    let (ours, theirs) = io::pipe()?;
    notify(socket, "BARRIER=1", Some(theirs.as_fd()))?;
    drop(theirs);
    poll(
        &mut [PollFd::new(ours.as_fd(), PollFlags::POLLIN)],
        PATIENCE,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_arrives_at_a_path_and_at_an_abstract_name() {
        let path = std::env::temp_dir().join(format!("cluster-rs-notify-{}", std::process::id()));
        let name = format!("cluster-rs-notify-{}", std::process::id());
        let at_path = UnixDatagram::bind(&path).unwrap();
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let at_name = UnixDatagram::bind_addr(&address).unwrap();
        notify(path.to_str().unwrap(), "READY=1", None).unwrap();
        notify(&format!("@{name}"), "STOPPING=1", None).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut bytes = [0; 64];
        let length = at_path.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], b"READY=1");
        let length = at_name.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], b"STOPPING=1");
        assert!(notify(path.to_str().unwrap(), "READY=1", None).is_err());
    }
}
