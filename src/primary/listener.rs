//! The sockets that workers ask for.

use std::cell::Cell;
use std::env;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;

use crate::ipc::control::{BoundAddress, Family, Query};
use crate::sys::socket::{self, BindOptions};

/// Bits of libuv's `uv_tcp_flags` and `uv_udp_flags`, as JavaScript passes them.
const IPV6_ONLY: u32 = 1;
const TCP_REUSE_PORT: u32 = 2;
const UDP_REUSE_ADDRESS: u32 = 4;
const UDP_REUSE_PORT: u32 = 8;

/// How workers get at a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The dispatcher accepts for them.
    Dispatched,
    /// They have it in common.
    Shared,
    /// Each has one of its own with the same address (UDP).
    Spread,
}

/// A socket of the primary's, for as long as a worker uses it. Removes its file, if it has one, in the end.
pub struct Socket {
    descriptors: Descriptors,
    path: Option<PathBuf>,
    /// Another primary has the same socket, and the file is for that to remove.
    is_file_of_another: Cell<bool>,
}

enum Descriptors {
    Dispatched(OwnedFd),
    Shared(OwnedFd),
    /// The first is there to find the address out. The primary keeps none: the kernel would send datagrams to it.
    Spread {
        first: Cell<Option<OwnedFd>>,
        address: SocketAddr,
        options: BindOptions,
    },
}

impl Socket {
    /// Opens what `query` asks for. Where the dispatcher accepts, the socket listens already; otherwise the
    /// workers do both. Errors are those of the system, worded like libuv's.
    pub fn open(query: &Query, how: Use) -> io::Result<Socket> {
        let mut path = None;
        let descriptor = match (query.fd, query.family) {
            (Some(fd), family) if fd >= 0 => inherited(fd, family)?,
            (_, Family::Unix) => {
                let name = shortest(query.address.as_deref().unwrap_or_default());
                let socket = socket::bind_unix(&name)?;
                if !name.starts_with('\0') {
                    path = Some(PathBuf::from(&name));
                }
                socket
            }
            (_, Family::Udp4 | Family::Udp6) if how == Use::Spread => {
                let options = BindOptions {
                    reuse_port: true,
                    ..udp_options(query)
                };
                let descriptors = spread(udp_address(query)?, options)?;
                return Ok(Socket::new(descriptors));
            }
            (_, Family::Udp4 | Family::Udp6) => {
                socket::bind_udp(udp_address(query)?, udp_options(query))?
            }
            _ => bind_tcp(query)?,
        };
        if let Some(path) = &path
            && (query.readable_all || query.writable_all)
        {
            socket::open_to_all(path, query.readable_all, query.writable_all)?;
        }
        let mut socket = Socket::adopt(descriptor, query, how)?;
        socket.path = path;
        Ok(socket)
    }

    /// Uses a socket that is bound already. There is only one of it, so it can't be spread.
    pub fn adopt(descriptor: OwnedFd, query: &Query, how: Use) -> io::Result<Socket> {
        // One that comes from elsewhere may be blocking, and the dispatcher would wait in `accept`.
        socket::make_nonblocking(descriptor.as_fd())?;
        let descriptors = if how == Use::Dispatched {
            socket::listen(descriptor.as_fd(), query.backlog)?;
            Descriptors::Dispatched(descriptor)
        } else {
            Descriptors::Shared(descriptor)
        };
        Ok(Socket::new(descriptors))
    }

    /// Like [`Socket::adopt`] for a socket that a predecessor has left, and still has; with its file.
    pub fn inherit(
        descriptor: OwnedFd,
        file: Option<PathBuf>,
        query: &Query,
        how: Use,
    ) -> io::Result<Socket> {
        let mut socket = Socket::adopt(descriptor, query, how)?;
        socket.path = file;
        socket.own_file(false);
        Ok(socket)
    }

    fn new(descriptors: Descriptors) -> Socket {
        Socket {
            descriptors,
            path: None,
            is_file_of_another: Cell::new(false),
        }
    }

    /// Says whether its file is for this process to remove.
    pub fn own_file(&self, yes: bool) {
        self.is_file_of_another.set(!yes);
    }

    /// The file of a Unix socket.
    pub fn file(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Uses a socket that was kept when another process of this service ended: as if it had been opened now.
    pub fn restore(descriptor: OwnedFd, query: &Query, how: Use) -> io::Result<Socket> {
        let mut socket = Socket::adopt(descriptor, query, how)?;
        if let (Family::Unix, Some(address)) = (query.family, &query.address) {
            socket.path = Some(PathBuf::from(shortest(address)));
        }
        Ok(socket)
    }

    /// The socket itself, if there is one that all have in common.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match &self.descriptors {
            Descriptors::Dispatched(descriptor) | Descriptors::Shared(descriptor) => {
                Some(descriptor.as_fd())
            }
            Descriptors::Spread { .. } => None,
        }
    }

    /// Whether it has a file.
    pub fn has_file(&self) -> bool {
        self.path.is_some()
    }

    /// Leaves its file where it is.
    pub fn leave_file(&mut self) {
        self.path = None;
    }

    /// A descriptor for the dispatcher, if it accepts from this socket.
    pub fn to_dispatch(&self) -> io::Result<Option<OwnedFd>> {
        match &self.descriptors {
            Descriptors::Dispatched(descriptor) => descriptor.try_clone().map(Some),
            _ => Ok(None),
        }
    }

    /// A descriptor for one more worker, if the workers accept or receive by themselves. For one that is held back, a
    /// socket of its own is [not bound yet](Socket::bound_later): the kernel would choose it.
    pub fn to_share(&self, held: bool) -> io::Result<Option<OwnedFd>> {
        match &self.descriptors {
            Descriptors::Dispatched(_) => Ok(None),
            Descriptors::Shared(descriptor) => descriptor.try_clone().map(Some),
            Descriptors::Spread {
                address, options, ..
            } if held => socket::unbound_udp(*address, *options).map(Some),
            Descriptors::Spread {
                first,
                address,
                options,
            } => match first.take() {
                Some(descriptor) => Ok(Some(descriptor)),
                None => socket::bind_udp(*address, *options).map(Some),
            },
        }
    }

    /// A worker has a socket of its own that was not given by [`Socket::to_share`]: what would still be there for the first one
    /// would get datagrams that nobody reads.
    pub fn keep_none(&self) {
        if let Descriptors::Spread { first, .. } = &self.descriptors {
            first.take();
        }
    }

    /// Where the socket is bound: an address and a port, or the path of a Unix socket.
    pub fn name(&self) -> (Option<String>, Option<u16>) {
        match self.address() {
            Ok(Some(bound)) => (Some(bound.address), Some(bound.port)),
            _ => {
                let path = self.path.as_ref();
                (path.map(|path| path.to_string_lossy().into_owned()), None)
            }
        }
    }

    /// Whether a worker that has a descriptor of it may leave all that comes to others.
    pub fn can_be_held(&self) -> bool {
        !matches!(self.descriptors, Descriptors::Dispatched(_))
    }

    /// What the socket of a worker that is held back is to be bound to when it is not any more.
    pub fn bound_later(&self) -> Option<SocketAddr> {
        match self.descriptors {
            Descriptors::Spread { address, .. } => Some(address),
            _ => None,
        }
    }

    /// Where the socket is bound, if to an IP address.
    pub fn address(&self) -> io::Result<Option<BoundAddress>> {
        let bound = match &self.descriptors {
            Descriptors::Dispatched(descriptor) | Descriptors::Shared(descriptor) => {
                socket::local_address(descriptor.as_fd())?
            }
            Descriptors::Spread { address, .. } => Some(*address),
        };
        Ok(bound.map(|address| BoundAddress {
            address: address.ip().to_string(),
            ipv6: address.is_ipv6(),
            port: address.port(),
        }))
    }
}

fn spread(wanted: SocketAddr, options: BindOptions) -> io::Result<Descriptors> {
    let first = socket::bind_udp(wanted, options)?;
    let address = socket::local_address(first.as_fd())?.unwrap_or(wanted);
    Ok(Descriptors::Spread {
        first: Cell::new(Some(first)),
        address,
        options,
    })
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(path) = &self.path
            && !self.is_file_of_another.get()
        {
            // Somebody may have removed it already.
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes the file of a Unix socket that is where `query` wants to be, if whoever has made it is gone.
pub(super) fn remove_abandoned(query: &Query) {
    let path = shortest(query.address.as_deref().unwrap_or_default());
    if query.family == Family::Unix && socket::is_abandoned(&path) {
        let _ = fs::remove_file(path);
    }
}

/// `listen({ fd })`: the number is one of the primary's.
fn inherited(fd: i32, family: Family) -> io::Result<OwnedFd> {
    let is_wanted = |descriptor: BorrowedFd<'_>| match family {
        Family::Udp4 | Family::Udp6 => socket::kind(descriptor).is_datagram(),
        _ => socket::kind(descriptor).is_stream(),
    };
    match socket::duplicate(fd) {
        Ok(descriptor) if is_wanted(descriptor.as_fd()) => Ok(descriptor),
        _ => Err(Errno::EINVAL.into()),
    }
}

/// Whether `query` is for a descriptor that is none of a socket.
pub(super) fn is_no_socket(query: &Query) -> bool {
    let fd = query.fd.filter(|fd| *fd >= 0);
    fd.is_some_and(|fd| inherited(fd, query.family).is_err())
}

fn bind_tcp(query: &Query) -> io::Result<OwnedFd> {
    let port = port(query)?;
    let options = BindOptions {
        ipv6_only: query.flags & IPV6_ONLY != 0,
        reuse_port: query.flags & TCP_REUSE_PORT != 0,
        ..BindOptions::default()
    };
    if let Some(address) = &query.address {
        return socket::bind_tcp(parse(address, port)?, options);
    }
    // The wildcard: of both families where the system has IPv6.
    match socket::bind_tcp(SocketAddr::from(([0u16; 8], port)), options) {
        Err(error) if error.raw_os_error() != Some(Errno::EADDRINUSE as i32) => {
            let options = BindOptions {
                ipv6_only: false,
                ..options
            };
            socket::bind_tcp(SocketAddr::from(([0u8; 4], port)), options)
        }
        bound => bound,
    }
}

fn udp_options(query: &Query) -> BindOptions {
    BindOptions {
        ipv6_only: query.flags & IPV6_ONLY != 0,
        reuse_address: query.flags & UDP_REUSE_ADDRESS != 0,
        reuse_port: query.flags & UDP_REUSE_PORT != 0,
    }
}

fn udp_address(query: &Query) -> io::Result<SocketAddr> {
    let any = if query.family == Family::Udp6 {
        "::"
    } else {
        "0.0.0.0"
    };
    parse(query.address.as_deref().unwrap_or(any), port(query)?)
}

fn port(query: &Query) -> io::Result<u16> {
    let port = query.port.unwrap_or(0);
    // `net` has checked the port; `dgram` lets any number through, and the kernel gets its last 16 bits.
    if matches!(query.family, Family::Udp4 | Family::Udp6) {
        return Ok(port as u16);
    }
    u16::try_from(port).map_err(|_| Errno::EINVAL.into())
}

/// An IP address as text, with the zone of a link-local one (`fe80::1%eth0`).
pub(super) fn parse(text: &str, port: u16) -> io::Result<SocketAddr> {
    let (address, zone) = text.split_once('%').unwrap_or((text, ""));
    match address.parse().map_err(|_| Errno::EINVAL)? {
        IpAddr::V6(address) if !zone.is_empty() => {
            let scope = zone.parse().or_else(|_| if_nametoindex(zone))?;
            Ok(SocketAddrV6::new(address, port, 0, scope).into())
        }
        address => Ok(SocketAddr::new(address, port)),
    }
}

/// A socket's path, relative where that is shorter: the kernel takes about 100 bytes. An abstract name, which begins
/// with NUL, is in no folder, though the worker has put one in front.
pub(super) fn shortest(path: &str) -> String {
    if let Some(start) = path.find('\0') {
        return path[start..].to_owned();
    }
    let relative = env::current_dir()
        .ok()
        .and_then(|folder| relative(Path::new(path), &folder));
    match relative.as_deref().and_then(Path::to_str) {
        Some(relative) if !relative.is_empty() && relative.len() < path.len() => {
            relative.to_owned()
        }
        _ => path.to_owned(),
    }
}

fn relative(path: &Path, folder: &Path) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let common = path
        .components()
        .zip(folder.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = folder
        .components()
        .skip(common)
        .map(|_| Component::ParentDir);
    Some(up.chain(path.components().skip(common)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_to_the_folder() {
        let folder = Path::new("/srv/app/run");
        let relative = |path| relative(Path::new(path), folder);
        assert_eq!(relative("/srv/app/run/web.sock"), Some("web.sock".into()));
        assert_eq!(
            relative("/srv/other/web.sock"),
            Some("../../other/web.sock".into())
        );
        assert_eq!(relative("web.sock"), None);
    }

    #[test]
    fn addresses_may_have_a_zone() {
        assert_eq!(
            parse("127.0.0.1", 80).ok(),
            Some(([127, 0, 0, 1], 80).into())
        );
        assert!(
            matches!(parse("fe80::1%7", 80), Ok(SocketAddr::V6(address)) if address.scope_id() == 7)
        );
        assert!(parse("localhost", 80).is_err());
    }

    #[test]
    fn a_descriptor_that_is_no_socket_is_invalid() {
        for fd in [0, 9999] {
            let query = Query {
                fd: Some(fd),
                ..Query::default()
            };
            let errno = Socket::open(&query, Use::Dispatched)
                .err()
                .and_then(|error| error.raw_os_error());
            assert_eq!(errno, Some(Errno::EINVAL as i32));
        }
    }
}
