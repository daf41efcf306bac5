//! Sockets that this process was started with (systemd's socket activation, or a predecessor's), for servers that want just
//! these.

use std::cell::Cell;
use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use super::listener;
use super::registry::Endpoint;
use super::succession::Left;
use crate::ipc::control::{Family, Query};
use crate::sys::socket::{self, Kind};

/// A socket, and where it is bound.
struct Adopted {
    descriptor: OwnedFd,
    kind: Kind,
    bound: Bound,
    /// A server has asked for it.
    used: Cell<bool>,
}

#[derive(Debug, PartialEq, Eq)]
enum Bound {
    Ip(SocketAddr),
    Path(PathBuf),
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Ip(address) => address.fmt(f),
            Bound::Path(path) => path.display().fmt(f),
        }
    }
}

/// A socket that a predecessor's servers have used.
pub struct Inherited {
    pub descriptor: OwnedFd,
    /// What they have shared it by.
    pub endpoint: Endpoint,
    /// The number that its listener had there.
    pub listener: u32,
    /// The file of a Unix socket.
    pub file: Option<PathBuf>,
}

/// All that this process was started with. Those of systemd's stay open.
#[derive(Default)]
pub struct AdoptedSockets {
    adopted: Vec<Adopted>,
    inherited: Vec<Inherited>,
}

impl AdoptedSockets {
    /// Takes over a descriptor.
    ///
    /// Errors: `InvalidInput` if it is no bound socket that servers can be made of. It stays open then: whoever says that it is
    /// one, may be wrong about whose it is.
    pub fn adopt(&mut self, descriptor: OwnedFd) -> io::Result<()> {
        let kind = socket::kind(descriptor.as_fd());
        let ip = socket::local_address(descriptor.as_fd()).ok().flatten();
        let bound = ip
            .map(Bound::Ip)
            .or_else(|| socket::local_path(descriptor.as_fd()).map(Bound::Path));
        match bound {
            Some(bound) if kind.is_stream() || kind.is_datagram() => {
                self.adopted.push(Adopted {
                    descriptor,
                    kind,
                    bound,
                    used: Cell::new(false),
                });
                Ok(())
            }
            _ => {
                socket::release(descriptor);
                Err(io::ErrorKind::InvalidInput.into())
            }
        }
    }

    /// Takes over what a predecessor has left. Errors: as for [`adopt`](Self::adopt).
    pub fn inherit(&mut self, left: Left, descriptor: OwnedFd) -> io::Result<()> {
        let Some((listener, endpoint)) = left.of else {
            return self.adopt(descriptor);
        };
        self.inherited.push(Inherited {
            descriptor,
            endpoint,
            listener,
            file: left.file,
        });
        Ok(())
    }

    /// Closes what a predecessor has left and no server has asked for, and removes its files if they are this process's by
    /// now.
    pub fn drop_inherited(&mut self, owns_files: bool) {
        for Inherited { file, .. } in self.inherited.drain(..) {
            if let Some(file) = file.filter(|_| owns_files) {
                // Somebody may have removed it already.
                let _ = fs::remove_file(file);
            }
        }
    }

    /// The socket that a predecessor's servers like this one have used, once.
    pub fn take_inherited(&mut self, query: &Query) -> Option<Inherited> {
        let endpoint = Endpoint::from(query);
        let is_same = |inherited: &Inherited| inherited.endpoint == endpoint;
        let index = self.inherited.iter().position(is_same)?;
        Some(self.inherited.swap_remove(index))
    }

    /// A descriptor of the socket that is bound where `query` wants to be, if there is one. A server that does not say
    /// on which address, takes any with its port.
    pub fn find(&self, query: &Query) -> Option<io::Result<OwnedFd>> {
        let (is_wanted_kind, wanted): (fn(Kind) -> bool, _) = match query.family {
            Family::Tcp4 | Family::Tcp6 => (Kind::is_stream, None),
            Family::Udp4 | Family::Udp6 => (Kind::is_datagram, None),
            Family::Unix => (Kind::is_stream, query.address.as_ref().map(PathBuf::from)),
            Family::Unknown => return None,
        };
        let found = self.adopted.iter().find(|adopted| {
            is_wanted_kind(adopted.kind)
                && match (&adopted.bound, &wanted) {
                    (Bound::Path(path), Some(wanted)) => path == wanted,
                    (Bound::Ip(bound), None) => is_wanted(*bound, query),
                    _ => false,
                }
        });
        found.map(|adopted| {
            adopted.used.set(true);
            adopted.descriptor.try_clone()
        })
    }

    /// Where those are bound that no server has asked for.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.adopted.iter().filter(|adopted| !adopted.used.get());
        unused.map(|adopted| adopted.bound.to_string()).collect()
    }

    /// Those that no server has asked for.
    pub fn unused_descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let unused = self.adopted.iter().filter(|adopted| !adopted.used.get());
        unused.map(|adopted| adopted.descriptor.as_fd())
    }
}

fn is_wanted(bound: SocketAddr, query: &Query) -> bool {
    let port = query.port.and_then(|port| u16::try_from(port).ok());
    let is_port = port.is_some_and(|port| port != 0 && port == bound.port());
    let is_address = query.address.as_ref().is_none_or(|address| {
        listener::parse(address, bound.port()).is_ok_and(|wanted| wanted == bound)
    });
    is_port && is_address
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixListener;

    fn tcp(address: Option<&str>, port: u16) -> Query {
        Query {
            address: address.map(str::to_owned),
            port: Some(port.into()),
            family: Family::Tcp4,
            ..Query::default()
        }
    }

    #[test]
    fn a_socket_is_found_by_where_it_is_bound() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut adopted = AdoptedSockets::default();
        adopted.adopt(listener.into()).unwrap();
        assert_eq!(adopted.unused(), [format!("127.0.0.1:{port}")]);
        assert!(adopted.find(&tcp(Some("127.0.0.1"), port)).is_some());
        assert!(adopted.unused().is_empty());
        assert!(adopted.find(&tcp(None, port)).is_some());
        assert!(adopted.find(&tcp(Some("127.0.0.2"), port)).is_none());
        assert!(adopted.find(&tcp(None, port.wrapping_add(1))).is_none());
        assert!(adopted.find(&tcp(None, 0)).is_none());
        let udp = Query {
            family: Family::Udp4,
            ..tcp(None, port)
        };
        assert!(adopted.find(&udp).is_none());
    }

    #[test]
    fn a_path_is_found_and_what_is_no_socket_refused() {
        let folder = std::env::temp_dir().join(format!("cluster-rs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("adopted.sock");
        let mut adopted = AdoptedSockets::default();
        adopted
            .adopt(UnixListener::bind(&path).unwrap().into())
            .unwrap();
        let query = |path: PathBuf| Query {
            address: path.to_str().map(str::to_owned),
            port: Some(-1),
            family: Family::Unix,
            ..Query::default()
        };
        assert!(adopted.find(&query(path)).is_some());
        assert!(adopted.find(&query(folder.join("other.sock"))).is_none());
        let file = std::fs::File::open(&folder).unwrap();
        let number = file.as_raw_fd();
        assert!(adopted.adopt(file.into()).is_err());
        assert!(socket::duplicate(number).is_ok());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
