//! Listening sockets that the manager of this service keeps for its next start (systemd's file descriptor store).

use std::collections::HashMap;
use std::fmt::Write;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{listener, notify};
use crate::ipc::control::{Family, Query};
use crate::sys::socket;

/// What the names of all that is put there begin with.
const PREFIX: &str = "cluster-rs-";

/// What a name can't have. What is not ASCII, it can't have either.
const FORBIDDEN: &AsciiSet = &CONTROLS.add(b':').add(b'%');

/// The longest name that the manager takes, in bytes.
const LONGEST_NAME: usize = 255;

/// What the manager keeps, as far as it is known here.
#[derive(Default)]
pub struct KeptSockets {
    manager: Option<String>,
    most: usize,
    /// The names of those that are in use, by listener.
    used: HashMap<u32, String>,
    /// Those that this process was started with, and that no server has asked for.
    waiting: Vec<(String, OwnedFd)>,
    /// This process stops, and what is there is left to the manager.
    is_left: bool,
}

impl KeptSockets {
    /// Puts up to `most` sockets there from now on, by messages to `manager`.
    pub fn open(&mut self, manager: String, most: usize) {
        self.manager = Some(manager);
        self.most = most;
    }

    /// Takes over a socket of this name that was there, for the server that asks for it. Gives it back if it is none of ours.
    ///
    /// Errors: `InvalidInput` if it is no socket. It stays open then.
    pub fn receive(&mut self, name: &str, descriptor: OwnedFd) -> io::Result<Option<OwnedFd>> {
        if !name.starts_with(PREFIX) {
            return Ok(Some(descriptor));
        }
        let kind = socket::kind(descriptor.as_fd());
        if !kind.is_stream() && !kind.is_datagram() {
            socket::release(descriptor);
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.waiting.push((name.to_owned(), descriptor));
        Ok(None)
    }

    /// The socket that was there for a server that asks like this. Others that would be in its way are closed.
    pub fn take(&mut self, query: &Query) -> Option<OwnedFd> {
        let name = name_of(query)?;
        let found = self.waiting.iter().position(|(other, _)| *other == name);
        let Some(found) = found else {
            self.clear_way(query);
            return None;
        };
        let (_, descriptor) = self.waiting.swap_remove(found);
        // Nobody finds a Unix socket whose file has gone.
        let path = query.address.as_deref().unwrap_or_default();
        if query.family == Family::Unix && !socket::is_at(path) {
            self.remove(&name);
            return None;
        }
        Some(descriptor)
    }

    /// A port that is bound at all addresses, or in another way, can't be bound as `query` wants it.
    fn clear_way(&mut self, query: &Query) {
        let is_stream = matches!(query.family, Family::Tcp4 | Family::Tcp6);
        let address = query.address.as_deref();
        let wanted = address.and_then(|address| listener::parse(address, 0).ok());
        let meets = |bound: IpAddr| {
            wanted.is_none_or(|wanted| {
                wanted.ip() == bound || wanted.ip().is_unspecified() || bound.is_unspecified()
            })
        };
        let is_in_way = |descriptor: BorrowedFd<'_>| {
            let bound = socket::local_address(descriptor).ok().flatten();
            bound.is_some_and(|bound| query.port == Some(bound.port().into()) && meets(bound.ip()))
                && socket::kind(descriptor).is_stream() == is_stream
        };
        let count = self.waiting.len();
        self.remove_waiting(is_in_way);
        if let Some(manager) = self.manager.as_ref().filter(|_| self.waiting.len() < count) {
            // The manager has it open as well. Where it does not answer, the server may fail.
            let _ = notify::wait(manager);
        }
    }

    /// Closes what no server has asked for.
    pub fn clear(&mut self) {
        self.remove_waiting(|_| true);
    }

    fn remove_waiting(&mut self, is_meant: impl Fn(BorrowedFd<'_>) -> bool) {
        let (removed, kept): (Vec<_>, _) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|(_, descriptor)| is_meant(descriptor.as_fd()));
        self.waiting = kept;
        for (name, _) in removed {
            self.remove(&name);
        }
    }

    /// A listener is open that a server has asked for like this. Its socket is put there, if there is one; otherwise it is
    /// there already.
    pub fn keep(&mut self, listener: u32, query: &Query, descriptor: Option<BorrowedFd<'_>>) {
        let (Some(name), Some(manager)) = (name_of(query), &self.manager) else {
            return;
        };
        let is_full = descriptor.is_some() && self.used.len() + self.waiting.len() >= self.most;
        // Those of the same name can only be removed together.
        if is_full || self.used.values().any(|used| *used == name) {
            return;
        }
        let text = format!("FDSTORE=1\nFDNAME={name}\nFDPOLL=0");
        // Where it is not heard, it is as if there were no kept.
        if descriptor.is_none() || notify::notify(manager, &text, descriptor).is_ok() {
            self.used.insert(listener, name);
        }
    }

    /// Whether the socket of this listener is there for the next start.
    pub fn has(&self, listener: u32) -> bool {
        !self.is_left && self.used.contains_key(&listener)
    }

    /// A listener is closed. One whose file has gone is of no use to anybody; what else is there is left, if this process stops.
    pub fn closed(&mut self, listener: u32, had_file: bool) {
        if let Some(name) = self.used.remove(&listener)
            && (had_file || !self.is_left)
        {
            self.remove(&name);
        }
    }

    /// Leaves what is there to the manager, which knows whether there is a next start.
    pub fn leave(&mut self) {
        self.is_left = true;
    }

    /// Leaves all that is there to another process.
    pub fn forget(&mut self) {
        *self = KeptSockets::default();
    }

    fn remove(&self, name: &str) {
        if let Some(manager) = &self.manager {
            let text = format!("FDSTOREREMOVE=1\nFDNAME={name}");
            let _ = notify::notify(manager, &text, None);
        }
    }
}

/// The name for what a server asks for, by which it is found again; `None` if it is not to be kept.
fn name_of(query: &Query) -> Option<String> {
    if query.fd.is_some_and(|fd| fd >= 0) {
        return None;
    }
    let kind = match query.family {
        Family::Tcp4 => "tcp4",
        Family::Tcp6 => "tcp6",
        Family::Udp4 => "udp4",
        Family::Udp6 => "udp6",
        Family::Unix => "unix",
        Family::Unknown => return None,
    };
    let address = query.address.as_deref();
    let place = if query.family == Family::Unix {
        address.filter(|path| !path.contains('\0'))?.to_owned()
    } else {
        let port = query.port.filter(|port| *port > 0)?;
        format!("{}-{port}", address.unwrap_or("*"))
    };
    let mut name = format!("{PREFIX}{kind}-{}", utf8_percent_encode(&place, FORBIDDEN));
    if query.flags != 0 {
        let _ = write!(name, "-{}", query.flags);
    }
    (name.len() <= LONGEST_NAME).then_some(name)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn query(family: Family, address: Option<&str>, port: i32) -> Query {
        Query {
            family,
            address: address.map(str::to_owned),
            port: Some(port),
            ..Query::default()
        }
    }

    #[test]
    fn names_say_what_was_asked_for() {
        let name = |family, address, port| name_of(&query(family, address, port));
        let tcp6 = name(Family::Tcp6, Some("::1"), 443);
        assert_eq!(tcp6.as_deref(), Some("cluster-rs-tcp6-%3A%3A1-443"));
        let any = name(Family::Tcp4, None, 80);
        assert_eq!(any.as_deref(), Some("cluster-rs-tcp4-*-80"));
        let unix = name(Family::Unix, Some("/run/é:\n.sock"), -1);
        assert_eq!(
            unix.as_deref(),
            Some("cluster-rs-unix-/run/%C3%A9%3A%0A.sock")
        );
        assert_eq!(name(Family::Tcp4, None, 0), None);
        assert_eq!(name(Family::Unix, Some("/srv/\0abstract"), -1), None);
        assert_eq!(name(Family::Unix, Some(&"é".repeat(50)), -1), None);
        let flags = Query {
            flags: 1,
            ..query(Family::Udp6, None, 53)
        };
        assert_eq!(name_of(&flags).as_deref(), Some("cluster-rs-udp6-*-53-1"));
    }

    #[test]
    fn a_socket_is_for_who_asks_in_the_same_way() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().into();
        let asked = query(Family::Tcp4, Some("127.0.0.1"), port);
        let mut kept = KeptSockets::default();
        let other = listener.try_clone().unwrap();
        assert!(kept.receive("web.socket", other.into()).unwrap().is_some());
        let name = name_of(&asked).unwrap();
        assert!(kept.receive(&name, listener.into()).unwrap().is_none());
        let elsewhere = query(Family::Tcp4, Some("127.0.0.1"), port ^ 1);
        assert!(kept.take(&elsewhere).is_none());
        assert!(kept.take(&asked).is_some());
        assert!(kept.take(&asked).is_none());
    }

    #[test]
    fn one_that_is_in_the_way_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut kept = KeptSockets::default();
        let name = name_of(&query(Family::Tcp4, Some("127.0.0.1"), port.into())).unwrap();
        kept.receive(&name, listener.into()).unwrap();
        assert!(TcpListener::bind(("0.0.0.0", port)).is_err());
        let others = [
            query(Family::Udp4, None, port.into()),
            query(Family::Tcp4, Some("127.0.0.2"), port.into()),
        ];
        assert!(others.iter().all(|query| kept.take(query).is_none()));
        assert!(TcpListener::bind(("0.0.0.0", port)).is_err());
        let all = query(Family::Tcp4, None, port.into());
        assert!(kept.take(&all).is_none());
        assert!(TcpListener::bind(("0.0.0.0", port)).is_ok());
    }

    #[test]
    fn what_is_no_socket_is_refused() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let mut kept = KeptSockets::default();
        assert!(kept.receive("cluster-rs-tcp4-*-80", file.into()).is_err());
    }
}
