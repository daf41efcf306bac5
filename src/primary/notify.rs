//! What a service tells its manager (`sd_notify` of systemd): text, as a datagram to a Unix socket.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Sends `text` to the socket that the manager has named: a path, or `@` and an abstract name.
///
/// Errors: those of the system, `ENOENT` or `ECONNREFUSED` if nobody listens there.
pub fn notify(socket: &str, text: &str) -> io::Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    let sender = UnixDatagram::unbound()?;
    sender.set_nonblocking(true)?;
    sender.send_to_addr(text.as_bytes(), &address).map(drop)
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
        notify(path.to_str().unwrap(), "READY=1").unwrap();
        notify(&format!("@{name}"), "STOPPING=1").unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut bytes = [0; 64];
        let length = at_path.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], b"READY=1");
        let length = at_name.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], b"STOPPING=1");
        assert!(notify(path.to_str().unwrap(), "READY=1").is_err());
    }
}
