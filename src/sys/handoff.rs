//! Messages that carry a descriptor from one process to another: bytes and at most one descriptor go in, and come out.
//!
//! The socket keeps the limits of messages (`SOCK_SEQPACKET`). A message leaves the queue once, to whoever receives it
//! first, so several processes may receive from one queue.
//!
//! No call here waits, even on a socket whose other holder has made it blocking.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recv, recvmsg,
    sendmsg, socketpair,
};

/// What has come with the bytes of a message.
#[derive(Debug)]
pub enum Passed {
    Nothing,
    /// Closed on exec.
    Descriptor(OwnedFd),
    /// There was one, but this process or the system has none left for it (`EMFILE`, `ENFILE`); the kernel has closed it.
    /// [`has_room`] tells beforehand.
    Lost,
    /// More than one. They are closed.
    Several,
}

/// Makes the two ends of a handoff socket; both are non-blocking and closed on exec.
///
/// Errors: `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM`.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let kind = SocketType::SEQPACKET;
    Ok(socketpair(AddressFamily::UNIX, kind, flags, None)?)
}

/// Sends a message. The descriptor is duplicated by the kernel; the caller closes its own.
///
/// Errors: `WouldBlock`, `ETOOMANYREFS`, `ENOBUFS` and `ENOMEM` if no more fits in for now; `EPIPE` and `ECONNRESET`
/// if the other end is closed.
pub fn send(socket: BorrowedFd, bytes: &[u8], passed: Option<BorrowedFd>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if let Some(descriptor) = &passed {
        // There is room for it.
        control.push(SendAncillaryMessage::ScmRights(std::slice::from_ref(
            descriptor,
        )));
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    sendmsg(socket, &[IoSlice::new(bytes)], &mut control, flags)?;
    Ok(())
}

/// Receives the next message into `bytes`, which cuts off what doesn't fit. Returns its length and what has come with it;
/// a length of 0 if the other end has closed or shut down, or has sent a message of no bytes.
///
/// Errors: `WouldBlock` if there is none; others of `recvmsg`.
pub fn receive(socket: BorrowedFd, bytes: &mut [u8]) -> io::Result<(usize, Passed)> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let message = recvmsg(socket, &mut [IoSliceMut::new(bytes)], &mut control, flags)?;
    let mut descriptors = control.drain().filter_map(|part| match part {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let mut descriptors = descriptors.by_ref().flatten();
    let first = descriptors.next();
    let is_cut = message.flags.contains(ReturnFlags::CTRUNC) || descriptors.next().is_some();
    let passed = match (first, is_cut) {
        (None, false) => Passed::Nothing,
        (Some(descriptor), false) => Passed::Descriptor(descriptor),
        (None, true) => Passed::Lost,
        (Some(_), true) => Passed::Several,
    };
    Ok((message.bytes, passed))
}

/// Whether a message waits. Where the other end is closed, what it has sent before still does.
pub fn has_message(socket: BorrowedFd) -> bool {
    let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
    recv(socket, &mut [0; 1], flags).is_ok_and(|(length, _)| length > 0)
}

/// Whether a descriptor more can be had in this process, so that [`receive`] loses nothing. It costs two system calls.
pub fn has_room(socket: BorrowedFd) -> bool {
    socket.try_clone_to_owned().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom, Write};
    use std::os::fd::{AsFd, AsRawFd, RawFd};
    use std::process::{Child, Command, Stdio};

    use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::memfd::{MFdFlags, memfd_create};
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    use nix::sys::socket::{ControlMessage, MsgFlags, Shutdown, shutdown};
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
        nix::sys::socket::sendmsg::<()>(
            socket.as_raw_fd(),
            &payload,
            control,
            MsgFlags::empty(),
            None,
        )
        .unwrap();
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
    fn bytes_and_a_descriptor_arrive() {
        let (ours, theirs) = pair().unwrap();
        let mut bytes = [0; 8];
        send(ours.as_fd(), b"seven", Some(marked(7).as_fd())).unwrap();
        send(ours.as_fd(), b"only bytes", None).unwrap();
        assert!(has_message(theirs.as_fd()));
        let (5, Passed::Descriptor(descriptor)) = receive(theirs.as_fd(), &mut bytes).unwrap()
        else {
            panic!("no descriptor");
        };
        assert_eq!(&bytes[..5], b"seven");
        assert_eq!(mark_of(&descriptor), 7);
        let flags = fcntl(&descriptor, FcntlArg::F_GETFD).unwrap();
        assert!(FdFlag::from_bits_truncate(flags).contains(FdFlag::FD_CLOEXEC));
        let received = receive(theirs.as_fd(), &mut bytes).unwrap();
        assert!(matches!(received, (8, Passed::Nothing)));
        assert_eq!(&bytes, b"only byt");
        let nothing = receive(theirs.as_fd(), &mut bytes).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        assert!(!has_message(theirs.as_fd()));
        send(ours.as_fd(), b"last", None).unwrap();
        drop(ours);
        assert!(has_message(theirs.as_fd()));
        receive(theirs.as_fd(), &mut bytes).unwrap();
        assert!(!has_message(theirs.as_fd()));
        let received = receive(theirs.as_fd(), &mut bytes).unwrap();
        assert!(matches!(received, (0, Passed::Nothing)));
    }

    #[test]
    fn several_descriptors_are_closed() {
        if !alone("sys::handoff::tests::several_descriptors_are_closed") {
            return;
        }
        let (ours, theirs) = pair().unwrap();
        let (a, b) = (marked(1), marked(2));
        let (a, b) = (a.as_raw_fd(), b.as_raw_fd());
        let before = open_descriptors();
        for passed in [&[a, b][..], &[a, b, a], &[a; 4], &[a; 5], &[a; 250]] {
            send_raw(&theirs, b"x", passed);
            let received = receive(ours.as_fd(), &mut [0]).unwrap();
            assert!(matches!(received, (1, Passed::Several)), "{received:?}");
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
        send(ours.as_fd(), b"x", Some(passed.as_fd())).unwrap();
        let received = receive(theirs.as_fd(), &mut [0]).unwrap();
        assert!(matches!(received, (1, Passed::Lost)));
        filling.pop();
        assert!(has_room(theirs.as_fd()));
        send(ours.as_fd(), b"y", Some(passed.as_fd())).unwrap();
        let received = receive(theirs.as_fd(), &mut [0]).unwrap();
        assert!(matches!(received, (1, Passed::Descriptor(_))));
    }

    #[test]
    fn it_never_waits_nor_raises_a_signal() {
        let (ours, theirs) = pair().unwrap();
        // The other holder of this end makes it blocking.
        fcntl(&theirs, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
        assert_eq!(
            receive(theirs.as_fd(), &mut [0]).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
        let passed = marked(1);
        let full = loop {
            if let Err(error) = send(theirs.as_fd(), b"x", Some(passed.as_fd())) {
                break error;
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        shutdown(theirs.as_raw_fd(), Shutdown::Both).unwrap();
        let broken = send(ours.as_fd(), b"x", Some(passed.as_fd())).unwrap_err();
        assert_eq!(broken.kind(), io::ErrorKind::BrokenPipe);
    }

    const MARKS: u32 = 16;

    /// Receives until the other end is closed and nothing is left. Returns the numbers received.
    fn take_all(queue: BorrowedFd) -> Vec<u32> {
        let mut taken = Vec::new();
        let mut bytes = [0; 4];
        loop {
            match receive(queue, &mut bytes) {
                Ok((4, Passed::Descriptor(descriptor))) => {
                    let number = u32::from_le_bytes(bytes);
                    assert_eq!(mark_of(&descriptor), u64::from(number % MARKS));
                    taken.push(number);
                }
                Ok((0, Passed::Nothing)) => return taken,
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
            for sent in 0..number {
                let descriptor = passed[(sent % MARKS) as usize].as_fd();
                while let Err(error) = send(ours.as_fd(), &sent.to_le_bytes(), Some(descriptor)) {
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
