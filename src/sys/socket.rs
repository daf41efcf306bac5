//! Sockets to listen on, made with the options that libuv gives them, so that they behave like Node's own.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::socket::sockopt::{Ipv6V6Only, ReuseAddr, ReusePort};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrLike, SockaddrStorage, UnixAddr, bind,
    connect, getpeername, getsockname, getsockopt, setsockopt, socket, sockopt,
};
use nix::sys::stat::{SFlag, fstat};

use rustix::net::{RecvFlags, SocketFlags, accept_with, recv};

use super::uv::Uv;

/// The longest abstract name of a Unix socket, in bytes, without the NUL that it begins with.
const ABSTRACT_NAME: usize = 107;

/// What a socket address is bound with, beside the address.
#[derive(Clone, Copy, Default)]
pub struct BindOptions {
    /// IPv6 only, where the wildcard address would take IPv4 too.
    pub ipv6_only: bool,
    /// `SO_REUSEADDR`. A TCP listener always has it.
    pub reuse_address: bool,
    /// `SO_REUSEPORT`.
    pub reuse_port: bool,
}

fn open(family: AddressFamily, kind: SockType) -> io::Result<OwnedFd> {
    Ok(socket(
        family,
        kind,
        SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
        None,
    )?)
}

fn bind_inet(kind: SockType, address: SocketAddr, options: BindOptions) -> io::Result<OwnedFd> {
    let socket = open_inet(kind, address, options)?;
    bind_to(socket.as_fd(), address)?;
    Ok(socket)
}

fn open_inet(kind: SockType, address: SocketAddr, options: BindOptions) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() {
        AddressFamily::Inet
    } else {
        AddressFamily::Inet6
    };
    let socket = open(family, kind)?;
    if options.reuse_address {
        setsockopt(&socket, ReuseAddr, &true)?;
    }
    if options.reuse_port {
        setsockopt(&socket, ReusePort, &true)?;
    }
    if address.is_ipv6() && (kind == SockType::Stream || options.ipv6_only) {
        setsockopt(&socket, Ipv6V6Only, &options.ipv6_only)?;
    }
    Ok(socket)
}

/// Binds a socket, which can be done once.
pub fn bind_to(socket: BorrowedFd<'_>, address: SocketAddr) -> io::Result<()> {
    match bind(socket.as_raw_fd(), &SockaddrStorage::from(address)) {
        // As libuv words it.
        Err(Errno::EAFNOSUPPORT) => Err(Errno::EINVAL.into()),
        result => Ok(result?),
    }
}

/// A TCP socket bound to `address` (`uv_tcp_bind`), not yet listening.
pub fn bind_tcp(address: SocketAddr, options: BindOptions) -> io::Result<OwnedFd> {
    bind_inet(
        SockType::Stream,
        address,
        BindOptions {
            reuse_address: true,
            ..options
        },
    )
}

/// A UDP socket bound to `address` (`uv_udp_bind`), which can't be `ipv6_only` if it is none of IPv6.
pub fn bind_udp(address: SocketAddr, options: BindOptions) -> io::Result<OwnedFd> {
    if options.ipv6_only && address.is_ipv4() {
        return Err(Errno::EINVAL.into());
    }
    bind_inet(SockType::Datagram, address, options)
}

/// A UDP socket that can be [bound](bind_to) to `address` later, and gets nothing until then.
pub fn unbound_udp(address: SocketAddr, options: BindOptions) -> io::Result<OwnedFd> {
    open_inet(SockType::Datagram, address, options)
}

/// A Unix stream socket bound to `path` (`uv_pipe_bind2`), not yet listening. A path that starts with NUL is abstract;
/// clients find it where their libuv wants it as this process's does.
pub fn bind_unix(path: &str) -> io::Result<OwnedFd> {
    let address = match path.strip_prefix('\0') {
        Some(name) => {
            let mut name = name.as_bytes().to_vec();
            if Uv::get().is_some_and(Uv::fills_abstract_names) && name.len() < ABSTRACT_NAME {
                name.resize(ABSTRACT_NAME, 0);
            }
            UnixAddr::new_abstract(&name)
        }
        None => UnixAddr::new(path),
    };
    // As libuv words both: too long, and a folder that is not there.
    let address = address.map_err(|_| Errno::EINVAL)?;
    let socket = open(AddressFamily::Unix, SockType::Stream)?;
    match bind(socket.as_raw_fd(), &address) {
        Err(Errno::ENOENT) => Err(Errno::EACCES.into()),
        result => Ok(result.map(|()| socket)?),
    }
}

/// Whether there is a Unix socket at `path`.
pub fn is_at(path: &str) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| about.file_type().is_socket())
}

/// Whether there is a Unix socket at `path` that is nobody's any more.
pub fn is_abandoned(path: &str) -> bool {
    if !is_at(path) {
        return false;
    }
    let Ok(address) = UnixAddr::new(path) else {
        return false;
    };
    open(AddressFamily::Unix, SockType::Stream)
        .is_ok_and(|socket| connect(socket.as_raw_fd(), &address) == Err(Errno::ECONNREFUSED))
}

/// Lets everybody read from, or write to, the socket at `path` (`uv_pipe_chmod`).
pub fn open_to_all(path: &Path, readable: bool, writable: bool) -> io::Result<()> {
    let mut mode = fs::metadata(path)?.permissions().mode();
    if readable {
        mode |= 0o444;
    }
    if writable {
        mode |= 0o222;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

/// Starts listening. `backlog` is what the program asked for; 0 and less stand for Node's 511.
pub fn listen(socket: BorrowedFd<'_>, backlog: i32) -> io::Result<()> {
    let asked = if backlog > 0 { backlog } else { 511 };
    let most = i32::from(Backlog::MAXCONN);
    // The kernel cuts what is above its own limit; nix accepts nothing above this one.
    let backlog = Backlog::new(asked.min(most.max(511))).unwrap_or(Backlog::MAXCONN);
    Ok(nix::sys::socket::listen(&socket, backlog)?)
}

/// The address that an IPv4 or IPv6 socket is bound to; `None` for another kind.
pub fn local_address(socket: BorrowedFd<'_>) -> io::Result<Option<SocketAddr>> {
    Ok(ip_of(&getsockname(socket.as_raw_fd())?))
}

/// Where a socket is bound, for people: `127.0.0.1:80`, or a path.
pub fn name(socket: BorrowedFd<'_>) -> String {
    let Ok(address) = getsockname::<SockaddrStorage>(socket.as_raw_fd()) else {
        return String::new();
    };
    if let Some(address) = ip_of(&address) {
        return address.to_string();
    }
    let unix = address.as_unix_addr();
    let path = unix.and_then(|unix| unix.path());
    let name = unix.and_then(|unix| unix.as_abstract());
    match (path, name) {
        (Some(path), _) => path.to_string_lossy().into_owned(),
        (_, Some(name)) => format!("@{}", String::from_utf8_lossy(name).trim_end_matches('\0')),
        _ => String::new(),
    }
}

/// The process that has made a pair of sockets, of which this is one; `None` where it can't be seen from here.
pub fn maker(socket: BorrowedFd<'_>) -> Option<u32> {
    let maker = getsockopt(&socket, sockopt::PeerCredentials).ok()?.pid();
    u32::try_from(maker).ok().filter(|pid| *pid > 0)
}

/// The address of the other end of an IPv4 or IPv6 connection; `None` for another kind, or one that has ended.
pub fn peer_address(connection: BorrowedFd<'_>) -> Option<SocketAddr> {
    ip_of(&getpeername(connection.as_raw_fd()).ok()?)
}

fn ip_of(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address
        .as_sockaddr_in()
        .map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| {
        address
            .as_sockaddr_in6()
            .map(|v6| SocketAddr::V6((*v6).into()))
    })
}

/// The path that a Unix socket is bound to, if it is.
pub fn local_path(socket: BorrowedFd<'_>) -> Option<PathBuf> {
    let address: UnixAddr = getsockname(socket.as_raw_fd()).ok()?;
    address.path().map(PathBuf::from)
}

/// What a descriptor is, for those that libuv has handles for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Tcp,
    /// A Unix socket of bytes.
    Unix,
    /// One end of a pipe, which is no socket.
    Pipe,
    Udp4,
    Udp6,
    Other,
}

impl Kind {
    /// Whether it is a socket that connections can come from.
    pub fn is_stream(self) -> bool {
        matches!(self, Kind::Tcp | Kind::Unix)
    }

    /// Whether it is a socket of UDP.
    pub fn is_datagram(self) -> bool {
        matches!(self, Kind::Udp4 | Kind::Udp6)
    }
}

/// The kind of `descriptor` (`uv_guess_handle`).
pub fn kind(descriptor: BorrowedFd<'_>) -> Kind {
    let Ok(socket) = getsockopt(&descriptor, sockopt::SockType) else {
        let is_pipe = fstat(descriptor).is_ok_and(|about| {
            SFlag::from_bits_truncate(about.st_mode) & SFlag::S_IFMT == SFlag::S_IFIFO
        });
        return if is_pipe { Kind::Pipe } else { Kind::Other };
    };
    let family = getsockname::<SockaddrStorage>(descriptor.as_raw_fd())
        .ok()
        .and_then(|address| address.family());
    match (socket, family) {
        (SockType::Stream, Some(AddressFamily::Inet | AddressFamily::Inet6)) => Kind::Tcp,
        (SockType::Stream, Some(AddressFamily::Unix)) => Kind::Unix,
        (SockType::Datagram, Some(AddressFamily::Inet)) => Kind::Udp4,
        (SockType::Datagram, Some(AddressFamily::Inet6)) => Kind::Udp6,
        _ => Kind::Other,
    }
}

/// A descriptor of our own for the open file behind the number `descriptor`, which may be any number.
pub fn duplicate(descriptor: RawFd) -> io::Result<OwnedFd> {
    duplicate_above(descriptor, 0)
}

/// Like [`duplicate`], with a number of at least `least`.
pub fn duplicate_above(descriptor: RawFd, least: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: takes numbers, and says if the first one is not open.
    let number = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, least) };
    let number = Errno::result(number)?;
    // SAFETY: the kernel has just made it, for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Gives a descriptor to JavaScript, which owns it from now on.
pub fn release(descriptor: OwnedFd) -> RawFd {
    descriptor.into_raw_fd()
}

/// Makes reads and writes on `descriptor` wait, as programs expect of their standard streams.
pub fn make_blocking(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(descriptor, FcntlArg::F_GETFL)?);
    if flags.contains(OFlag::O_NONBLOCK) {
        fcntl(descriptor, FcntlArg::F_SETFL(flags - OFlag::O_NONBLOCK))?;
    }
    Ok(())
}

/// Makes calls on `descriptor` return instead of waiting.
pub fn make_nonblocking(descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(descriptor, FcntlArg::F_GETFL)?);
    fcntl(descriptor, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Accepts one connection; it is non-blocking and closed on exec.
///
/// Errors: `WouldBlock` if there is none; others of `accept4`.
pub fn accept(listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    Ok(accept_with(listener, flags)?)
}

/// Whether a descriptor that came from another process can be a connection: a stream socket that doesn't listen.
pub fn is_connection(descriptor: BorrowedFd<'_>) -> bool {
    getsockopt(&descriptor, sockopt::SockType).is_ok_and(|kind| kind == SockType::Stream)
        && getsockopt(&descriptor, sockopt::AcceptConn).is_ok_and(|listens| !listens)
}

/// Reads what a client has sent so far, and leaves it there: how many bytes, 0 at its end.
///
/// Errors: `WouldBlock` if there is nothing; others of `recv`.
pub fn peek(connection: BorrowedFd<'_>, bytes: &mut [u8]) -> io::Result<usize> {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    let (length, _) = recv(connection, bytes, flags)?;
    Ok(length)
}

/// A TCP socket that nothing is done with.
pub fn blank_tcp() -> io::Result<OwnedFd> {
    open(AddressFamily::Inet, SockType::Stream)
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_unix_socket_is_abandoned_when_its_server_is_gone() {
        let path = std::env::temp_dir().join(format!("cluster-rs-left-{}", std::process::id()));
        let name = path.to_str().unwrap();
        assert!(!is_abandoned(name));
        let server = std::os::unix::net::UnixListener::bind(&path).unwrap();
        assert!(!is_abandoned(name));
        drop(server);
        assert!(is_abandoned(name));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "a file").unwrap();
        assert!(!is_abandoned(name)); // The system says the same of what is no socket.
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn this_process_has_made_its_own_pairs() {
        let (one, _other) = crate::sys::stream::pair().unwrap();
        assert_eq!(maker(one.as_fd()), Some(std::process::id()));
    }

    #[test]
    fn only_stream_sockets_that_do_not_listen_are_connections() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(is_connection(accept(listener.as_fd()).unwrap().as_fd()));
        assert!(is_connection(client.as_fd()));
        assert!(!is_connection(listener.as_fd()));
        assert!(!is_connection(File::open("/dev/null").unwrap().as_fd()));
        assert!(!is_connection(
            crate::sys::handoff::pair().unwrap().0.as_fd()
        ));
    }
}
