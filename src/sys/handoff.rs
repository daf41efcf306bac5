//! Connections as messages: a descriptor travels from one process to another through a socket.
//!
//! The socket keeps the limits of messages (`SOCK_SEQPACKET`), and each message carries one descriptor. It leaves the
//! queue once, to whoever receives it first, so several processes may receive from one queue.
//!
//! No call here waits, even on a socket whose other holder has made it blocking.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, getsockopt, recv, socketpair, sockopt,
};
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdRegisterError};

/// The content of a message that carries no connection: only this, or this and a key.
const NUDGE: u8 = 0;
const CLAIM: u8 = 1;
const CLAIM_BYTES: usize = 9;
/// The content of a message with a connection that is between two requests: this, its listener, and its deadline.
const QUIET: u8 = 2;
const QUIET_BYTES: usize = 13;
const DESCRIPTOR_BYTES: u32 = size_of::<RawFd>() as u32;
// SAFETY: these two compute a number.
const CONTROL_SPACE: usize = unsafe { libc::CMSG_SPACE(DESCRIPTOR_BYTES) } as usize;
const CONTROL_LENGTH: usize = unsafe { libc::CMSG_LEN(DESCRIPTOR_BYTES) } as usize;

/// Room for one control message with one descriptor, aligned as its header must be.
#[repr(C)]
union Control {
    header: libc::cmsghdr,
    bytes: [u8; CONTROL_SPACE],
}

/// What travels with a connection. A worker that gives it back sends it along, so that the dispatcher needs to remember nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The listener that it came through.
    pub listener: u32,
    /// A number that grows from connection to connection.
    pub arrival: u64,
    /// What the client is recognised by, 0 if by nothing.
    pub key: u64,
    /// When it was accepted, or when its client spoke again: a time of the monotonic clock, in nanoseconds.
    pub since: u64,
    /// Whether another worker has served it before.
    pub served: bool,
}

impl Ticket {
    const BYTES: usize = 29;

    /// Of a connection that has just been accepted, before it is known when it arrives, and who its client is.
    pub fn new(listener: u32, since: u64) -> Ticket {
        Ticket {
            listener,
            arrival: 0,
            key: 0,
            since,
            served: false,
        }
    }

    /// Of a connection that has been served, and whose client has spoken again: it is to be treated as a new one.
    pub fn again(listener: u32, since: u64) -> Ticket {
        Ticket {
            served: true,
            ..Ticket::new(listener, since)
        }
    }

    fn to_bytes(self) -> [u8; Ticket::BYTES] {
        let mut bytes = [0; Ticket::BYTES];
        bytes[..4].copy_from_slice(&self.listener.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.arrival.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.key.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.since.to_le_bytes());
        bytes[28] = self.served.into();
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Ticket> {
        let (listener, rest) = bytes.split_first_chunk()?;
        let (arrival, rest) = rest.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (since, rest) = rest.split_first_chunk()?;
        let [served] = rest else { return None };
        Some(Ticket {
            listener: u32::from_le_bytes(*listener),
            arrival: u64::from_le_bytes(*arrival),
            key: u64::from_le_bytes(*key),
            since: u64::from_le_bytes(*since),
            served: *served != 0,
        })
    }
}

/// What [`receive`] found.
#[derive(Debug)]
pub enum Received {
    /// A connection. Its descriptor is closed on exec.
    Connection { ticket: Ticket, descriptor: OwnedFd },
    /// A kept-alive connection that is between two requests, and is to be closed at that time of the monotonic clock if
    /// its client says nothing; 0 for never. Its descriptor is closed on exec.
    Quiet {
        listener: u32,
        until: u64,
        descriptor: OwnedFd,
    },
    /// A worker has given this key to a client, whose later connections are for it.
    Claim { key: u64 },
    /// A connection came, but this process or the system has no descriptor left for it
    /// (`EMFILE`, `ENFILE`); the kernel has closed it. [`has_room`] tells beforehand.
    OutOfDescriptors,
    /// A message without a connection, to see whether the receiver is alive. To be counted as any other.
    Nudge,
    /// Anything else. Descriptors that it carried are closed.
    Malformed,
    /// The other end has closed or shut down (or sent nothing at all as a message).
    Closed,
}

/// Makes the two ends of a handoff socket; both are non-blocking and closed on exec.
///
/// Errors: `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(socketpair(
        AddressFamily::Unix,
        SockType::SeqPacket,
        None,
        flags,
    )?)
}

/// Sends a connection. The descriptor is duplicated by the kernel; the caller closes its own.
///
/// Errors: `WouldBlock`, `ETOOMANYREFS`, `ENOBUFS` and `ENOMEM` if no more fits in for now; `EPIPE` and `ECONNRESET`
/// if the other end is closed.
pub fn send(socket: BorrowedFd, ticket: Ticket, connection: BorrowedFd) -> io::Result<()> {
    transmit(socket, &ticket.to_bytes(), Some(connection))
}

/// Sends a connection that is between two requests, which the other end receives as [`Received::Quiet`]. The number of its
/// descriptor stays whoever's it is: this needs no further one in this process.
///
/// Errors: as for [`send`], and `EBADF` if it is not open.
pub fn send_quiet(socket: BorrowedFd, listener: u32, until: u64, number: RawFd) -> io::Result<()> {
    if number < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: only borrowed for this call, and a number that is not open gives EBADF.
    let connection = unsafe { BorrowedFd::borrow_raw(number) };
    let mut payload = [QUIET; QUIET_BYTES];
    payload[1..5].copy_from_slice(&listener.to_le_bytes());
    payload[5..].copy_from_slice(&until.to_le_bytes());
    transmit(socket, &payload, Some(connection))
}

/// Sends a key, which the other end receives as [`Received::Claim`].
///
/// Errors: as for [`send`].
pub fn claim(socket: BorrowedFd, key: u64) -> io::Result<()> {
    let mut payload = [CLAIM; CLAIM_BYTES];
    payload[1..].copy_from_slice(&key.to_le_bytes());
    transmit(socket, &payload, None)
}

/// Sends a message without a connection, which the other end receives as [`Received::Nudge`].
///
/// Errors: as for [`send`].
pub fn nudge(socket: BorrowedFd) -> io::Result<()> {
    transmit(socket, &[NUDGE], None)
}

fn transmit(socket: BorrowedFd, payload: &[u8], passed: Option<BorrowedFd>) -> io::Result<()> {
    let mut content = libc::iovec {
        iov_base: payload.as_ptr().cast_mut().cast(),
        iov_len: payload.len(),
    };
    let mut control = Control {
        bytes: [0; CONTROL_SPACE],
    };
    let mut message = header(&mut content);
    if let Some(descriptor) = passed {
        message.msg_control = (&raw mut control).cast();
        message.msg_controllen = CONTROL_SPACE as _;
        // SAFETY: the control buffer is aligned for, and has room for, one header and one descriptor.
        unsafe {
            let first = libc::CMSG_FIRSTHDR(&message);
            (*first).cmsg_level = libc::SOL_SOCKET;
            (*first).cmsg_type = libc::SCM_RIGHTS;
            (*first).cmsg_len = CONTROL_LENGTH as _;
            ptr::write_unaligned(
                libc::CMSG_DATA(first).cast::<RawFd>(),
                descriptor.as_raw_fd(),
            );
        }
    }
    let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
    // SAFETY: all that the message points to is alive and of the length it says; `sendmsg` writes to none of it.
    match unsafe { libc::sendmsg(socket.as_raw_fd(), &message, flags) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Receives the next message.
///
/// Errors: `WouldBlock` if there is none; others of `recvmsg`.
pub fn receive(socket: BorrowedFd) -> io::Result<Received> {
    // One byte more than a message has, to tell a longer one.
    let mut payload = [0u8; Ticket::BYTES + 1];
    let mut content = libc::iovec {
        iov_base: payload.as_mut_ptr().cast(),
        iov_len: payload.len(),
    };
    let mut control = Control {
        bytes: [0; CONTROL_SPACE],
    };
    let mut message = header(&mut content);
    message.msg_control = (&raw mut control).cast();
    // Not the whole space, whose padding would let a second descriptor in: the kernel closes what doesn't fit.
    message.msg_controllen = CONTROL_LENGTH as _;
    let flags = libc::MSG_CMSG_CLOEXEC | libc::MSG_DONTWAIT;
    // SAFETY: all that the message points to is alive, writable and of the length it says.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, flags) };
    if length < 0 {
        return Err(io::Error::last_os_error());
    }
    let cut = message.msg_flags & libc::MSG_CTRUNC != 0;
    let descriptor = received_descriptor(&message);
    let payload = &payload[..length as usize];
    Ok(match (payload, descriptor) {
        ([], None) if !cut => Received::Closed,
        ([NUDGE], None) if !cut => Received::Nudge,
        ([CLAIM, key @ ..], None) if !cut && payload.len() == CLAIM_BYTES => {
            key.try_into()
                .map_or(Received::Malformed, |key| Received::Claim {
                    key: u64::from_le_bytes(key),
                })
        }
        ([QUIET, rest @ ..], Some(descriptor)) if !cut && payload.len() == QUIET_BYTES => {
            match quiet_from_bytes(rest) {
                Some((listener, until)) => Received::Quiet {
                    listener,
                    until,
                    descriptor,
                },
                None => Received::Malformed,
            }
        }
        ([QUIET, ..], None) if cut && payload.len() == QUIET_BYTES => Received::OutOfDescriptors,
        (_, descriptor) => match (Ticket::from_bytes(payload), descriptor) {
            (Some(ticket), Some(descriptor)) if !cut => Received::Connection { ticket, descriptor },
            (Some(_), None) if cut => Received::OutOfDescriptors,
            _ => Received::Malformed,
        },
    })
}

fn quiet_from_bytes(bytes: &[u8]) -> Option<(u32, u64)> {
    let (listener, rest) = bytes.split_first_chunk()?;
    let until = rest.try_into().ok()?;
    Some((u32::from_le_bytes(*listener), u64::from_le_bytes(until)))
}

/// Whether a descriptor more can be had in this process, so that [`receive`] loses nothing. It costs two system calls.
pub fn has_room(socket: BorrowedFd) -> bool {
    socket.try_clone_to_owned().is_ok()
}

/// Accepts one connection; it is non-blocking and closed on exec.
///
/// Errors: `WouldBlock` if there is none; others of `accept4`.
pub fn accept(listener: BorrowedFd) -> io::Result<OwnedFd> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no address is asked for, so no memory is touched.
    let descriptor = unsafe {
        libc::accept4(
            listener.as_raw_fd(),
            ptr::null_mut(),
            ptr::null_mut(),
            flags,
        )
    };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Whether a descriptor that came from another process can be a connection: a stream socket that doesn't listen.
pub fn is_connection(descriptor: BorrowedFd) -> bool {
    getsockopt(&descriptor, sockopt::SockType).is_ok_and(|kind| kind == SockType::Stream)
        && getsockopt(&descriptor, sockopt::AcceptConn).is_ok_and(|listens| !listens)
}

/// Reads what a client has sent so far, and leaves it there: how many bytes, 0 at its end.
///
/// Errors: `WouldBlock` if there is nothing; others of `recv`.
pub fn peek(connection: BorrowedFd, bytes: &mut [u8]) -> io::Result<usize> {
    let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
    Ok(recv(connection.as_raw_fd(), bytes, flags)?)
}

/// Watches a descriptor for readability, within a tokio runtime.
///
/// Errors: those of `epoll_ctl`, with the descriptor.
pub fn watch(descriptor: OwnedFd) -> Result<AsyncFd<OwnedFd>, AsyncFdRegisterError<OwnedFd>> {
    // SAFETY: an OwnedFd is open, stays the same, and is closed only after it has left the runtime.
    unsafe { AsyncFd::register_with_interest(descriptor, Interest::READABLE) }
}

/// A message of one piece, without control data.
fn header(content: &mut libc::iovec) -> libc::msghdr {
    // SAFETY: zeros are a valid msghdr. It has private padding on some systems, so it can't be written field by field.
    let mut message = unsafe { MaybeUninit::<libc::msghdr>::zeroed().assume_init() };
    message.msg_iov = content;
    message.msg_iovlen = 1;
    message
}

/// The descriptor that `recvmsg` left in the control buffer of this message, if any.
fn received_descriptor(message: &libc::msghdr) -> Option<OwnedFd> {
    // SAFETY: the kernel has filled the control buffer, and `msg_controllen` says how much of it.
    unsafe {
        let first = libc::CMSG_FIRSTHDR(message);
        if first.is_null()
            || (*first).cmsg_level != libc::SOL_SOCKET
            || (*first).cmsg_type != libc::SCM_RIGHTS
            || (*first).cmsg_len as usize != CONTROL_LENGTH
        {
            return None;
        }
        let descriptor = ptr::read_unaligned(libc::CMSG_DATA(first).cast::<RawFd>());
        // The kernel has just installed it for this message, and nobody else knows of it.
        Some(OwnedFd::from_raw_fd(descriptor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{IoSlice, Read, Seek, SeekFrom, Write};
    use std::os::fd::AsFd;
    use std::process::{Child, Command, Stdio};

    use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::memfd::{MFdFlags, memfd_create};
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use nix::sys::socket::{ControlMessage, Shutdown, sendmsg, shutdown};
    use nix::sys::stat::fstat;

    /// A descriptor that can be told from others by the size of its file.
    fn marked(mark: u64) -> OwnedFd {
        let file = File::from(memfd_create(c"marked", MFdFlags::MFD_CLOEXEC).unwrap());
        file.set_len(mark).unwrap();
        file.into()
    }

    fn mark_of(descriptor: &OwnedFd) -> u64 {
        fstat(descriptor).unwrap().st_size as u64
    }

    fn send_raw(socket: &OwnedFd, payload: &[u8], passed: &[RawFd]) {
        let rights = [ControlMessage::ScmRights(passed)];
        let control = if passed.is_empty() { &[][..] } else { &rights };
        let payload = [IoSlice::new(payload)];
        sendmsg::<()>(
            socket.as_raw_fd(),
            &payload,
            control,
            MsgFlags::empty(),
            None,
        )
        .unwrap();
    }

    fn ticket(listener: u32) -> Ticket {
        Ticket {
            listener,
            arrival: u64::from(listener) << 40,
            key: 1 << 63,
            since: 1 << 62,
            served: listener % 2 == 1,
        }
    }

    fn open_descriptors() -> usize {
        std::fs::read_dir("/proc/self/fd").unwrap().count()
    }

    /// Runs this test once more, alone in a process of its own, and says whether this is that process.
    fn alone(test: &str) -> bool {
        if std::env::var_os("CLUSTER_RS_ALONE").is_some() {
            return true;
        }
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env("CLUSTER_RS_ALONE", "1")
            .status()
            .unwrap();
        assert!(status.success());
        false
    }

    #[test]
    fn a_connection_arrives_with_its_listener() {
        let (ours, theirs) = pair().unwrap();
        send(ours.as_fd(), ticket(0xdead_beef), marked(7).as_fd()).unwrap();
        send(ours.as_fd(), Ticket::again(2, 9), marked(8).as_fd()).unwrap();
        nudge(ours.as_fd()).unwrap();
        claim(ours.as_fd(), 0x0123_4567_89ab_cdef).unwrap();
        for expected in [(ticket(0xdead_beef), 7), (Ticket::again(2, 9), 8)] {
            let Ok(Received::Connection { ticket, descriptor }) = receive(theirs.as_fd()) else {
                panic!("no connection");
            };
            assert_eq!((ticket, mark_of(&descriptor)), expected);
            let flags = fcntl(&descriptor, FcntlArg::F_GETFD).unwrap();
            assert!(FdFlag::from_bits_truncate(flags).contains(FdFlag::FD_CLOEXEC));
        }
        assert!(matches!(receive(theirs.as_fd()), Ok(Received::Nudge)));
        assert!(matches!(
            receive(theirs.as_fd()),
            Ok(Received::Claim {
                key: 0x0123_4567_89ab_cdef
            })
        ));
        let quiet = marked(9);
        send_quiet(ours.as_fd(), 7, 1 << 50, quiet.as_raw_fd()).unwrap();
        assert!(matches!(
            receive(theirs.as_fd()),
            Ok(Received::Quiet { listener: 7, until, descriptor })
                if until == 1 << 50 && mark_of(&descriptor) == 9
        ));
        let nothing = receive(theirs.as_fd()).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        drop(ours);
        assert!(matches!(receive(theirs.as_fd()), Ok(Received::Closed)));
    }

    #[test]
    fn what_is_malformed_leaves_no_descriptor_behind() {
        if !alone("sys::handoff::tests::what_is_malformed_leaves_no_descriptor_behind") {
            return;
        }
        let (ours, theirs) = pair().unwrap();
        let (a, b) = (marked(1), marked(2));
        let (a, b) = (a.as_raw_fd(), b.as_raw_fd());
        let before = open_descriptors();
        let whole = ticket(1).to_bytes();
        let cases: [(&[u8], &[RawFd]); 12] = [
            (&whole, &[]),
            (&whole, &[a, b]),
            (&whole, &[a; 250]),
            (&whole[1..], &[a]),
            (&[0; Ticket::BYTES + 1], &[a]),
            (&[0; 5000], &[]),
            (&[NUDGE], &[a]),
            (&[CLAIM; CLAIM_BYTES], &[a]),
            (&[CLAIM; CLAIM_BYTES - 1], &[]),
            (&[QUIET; QUIET_BYTES], &[]),
            (&[QUIET; QUIET_BYTES], &[a, b]),
            (&[QUIET; QUIET_BYTES - 1], &[a]),
        ];
        for (payload, passed) in cases {
            send_raw(&theirs, payload, passed);
            assert!(matches!(receive(ours.as_fd()), Ok(Received::Malformed)));
            assert_eq!(open_descriptors(), before);
        }
    }

    #[test]
    fn a_lack_of_descriptors_is_told() {
        if !alone("sys::handoff::tests::a_lack_of_descriptors_is_told") {
            return;
        }
        let (ours, theirs) = pair().unwrap();
        let passed = marked(1);
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, 64, hard).unwrap();
        let mut filling = Vec::new();
        while let Ok(more) = passed.try_clone() {
            filling.push(more);
        }
        assert!(!has_room(theirs.as_fd()));
        send(ours.as_fd(), ticket(5), passed.as_fd()).unwrap();
        let told = receive(theirs.as_fd()).unwrap();
        assert!(matches!(told, Received::OutOfDescriptors));
        filling.pop();
        assert!(has_room(theirs.as_fd()));
        send(ours.as_fd(), ticket(6), passed.as_fd()).unwrap();
        let told = receive(theirs.as_fd()).unwrap();
        assert!(matches!(told, Received::Connection { ticket, .. } if ticket.listener == 6));
    }

    #[test]
    fn it_never_waits_nor_raises_a_signal() {
        let (ours, theirs) = pair().unwrap();
        // The other holder of this end makes it blocking.
        fcntl(&theirs, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
        assert_eq!(
            receive(theirs.as_fd()).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        let passed = marked(1);
        let full = loop {
            if let Err(error) = send(theirs.as_fd(), ticket(1), passed.as_fd()) {
                break error;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        shutdown(theirs.as_raw_fd(), Shutdown::Both).unwrap();
        let broken = send(ours.as_fd(), ticket(1), passed.as_fd()).unwrap_err();
        assert_eq!(broken.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn only_stream_sockets_that_do_not_listen_are_connections() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(is_connection(accept(listener.as_fd()).unwrap().as_fd()));
        assert!(is_connection(client.as_fd()));
        assert!(!is_connection(listener.as_fd()));
        assert!(!is_connection(marked(1).as_fd()));
        assert!(!is_connection(pair().unwrap().0.as_fd()));
    }

    const MARKS: u32 = 16;

    /// Receives until the other end is closed and nothing is left. Returns the listeners received.
    fn take_all(queue: BorrowedFd) -> Vec<u32> {
        let mut taken = Vec::new();
        loop {
            match receive(queue) {
                Ok(Received::Connection { ticket, descriptor }) => {
                    assert_eq!(mark_of(&descriptor), u64::from(ticket.listener % MARKS));
                    taken.push(ticket.listener);
                }
                Ok(Received::Closed) => return taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut waited = [PollFd::new(queue, PollFlags::POLLIN)];
                    poll(&mut waited, PollTimeout::from(20_000u16)).unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// Plays the other process of the test below: its queue is its standard input, and it tells what it took on its
    /// standard error.
    #[test]
    fn racing_process() {
        if std::env::var_os("CLUSTER_RS_RACER").is_none() {
            return;
        }
        let bytes: Vec<u8> = take_all(io::stdin().as_fd())
            .into_iter()
            .flat_map(u32::to_le_bytes)
            .collect();
        io::stderr().write_all(&bytes).unwrap();
    }

    #[test]
    fn each_descriptor_is_received_once_when_processes_race() {
        let number: u32 =
            std::env::var("CLUSTER_RS_RACE").map_or(100_000, |number| number.parse().unwrap());
        let (ours, theirs) = pair().unwrap();
        let racers: Vec<(Child, File)> = (0..2)
            .map(|_| {
                let report = File::from(memfd_create(c"report", MFdFlags::MFD_CLOEXEC).unwrap());
                let racer = Command::new(std::env::current_exe().unwrap())
                    .args([
                        "--exact",
                        "sys::handoff::tests::racing_process",
                        "--nocapture",
                    ])
                    .env("CLUSTER_RS_RACER", "1")
                    .stdin(Stdio::from(theirs.try_clone().unwrap()))
                    .stdout(Stdio::null())
                    .stderr(Stdio::from(report.try_clone().unwrap()))
                    .spawn()
                    .unwrap();
                (racer, report)
            })
            .collect();
        let sender = std::thread::spawn(move || {
            let passed: Vec<OwnedFd> = (0..MARKS).map(|mark| marked(mark.into())).collect();
            for listener in 0..number {
                let descriptor = passed[(listener % MARKS) as usize].as_fd();
                while let Err(error) = send(ours.as_fd(), ticket(listener), descriptor) {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    let mut waited = [PollFd::new(ours.as_fd(), PollFlags::POLLOUT)];
                    poll(&mut waited, PollTimeout::from(20_000u16)).unwrap();
                }
            }
        });
        let mut taken = take_all(theirs.as_fd());
        sender.join().unwrap();
        for (mut racer, mut report) in racers {
            assert!(racer.wait().unwrap().success());
            let mut bytes = Vec::new();
            report.seek(SeekFrom::Start(0)).unwrap();
            report.read_to_end(&mut bytes).unwrap();
            assert!(!bytes.is_empty(), "both processes take part");
            let numbers = bytes.chunks_exact(4);
            taken.extend(numbers.map(|four| u32::from_le_bytes(four.try_into().unwrap())));
        }
        taken.sort_unstable();
        assert!(taken.into_iter().eq(0..number));
    }
}
