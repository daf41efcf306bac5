//! A channel's socket: a stream of bytes that descriptors travel with.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::sockopt::SndBuf;
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, sendmsg, setsockopt, socketpair,
};

/// How much the kernel may hold for a channel in each direction, in bytes: room for a large message to be on its way
/// while the next part of it is written. The kernel grants less where `net.core.wmem_max` says so; what counts for such
/// a socket is the sender's buffer.
const SOCKET_BUFFER: usize = 1 << 20;

/// Two connected, non-blocking ends that a program started by this one does not inherit by accident.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        flags,
    )?)
}

/// Like [`pair`], with buffers for a channel.
pub fn channel_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = pair()?;
    for end in [&ours, &theirs] {
        // A smaller buffer is slower, not wrong.
        let _ = setsockopt(end, SndBuf, &SOCKET_BUFFER);
    }
    Ok((ours, theirs))
}

/// Writes what fits now, and `descriptors` with its first byte. Gives the number of bytes written, or
/// `WouldBlock` where there is no room.
pub fn send(
    socket: BorrowedFd<'_>,
    parts: &[IoSlice<'_>],
    descriptors: &[OwnedFd],
) -> io::Result<usize> {
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT;
    let numbers: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&numbers)];
    let control = if numbers.is_empty() {
        &[][..]
    } else {
        &rights[..]
    };
    Ok(sendmsg::<()>(
        socket.as_raw_fd(),
        parts,
        control,
        flags,
        None,
    )?)
}

/// Reads what is there into `buffer`, and puts the descriptors that came with it behind those in `descriptors`: `None`
/// stands for some that this process had no room for. Gives the number of bytes read, 0 at the end, or `WouldBlock` where
/// there is nothing yet.
pub fn receive(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    descriptors: &mut VecDeque<Option<OwnedFd>>,
) -> io::Result<usize> {
    // Room for as many descriptors as the kernel lets one message have, so that a hostile one can't make any leak.
    let mut space = MaybeUninit::<ControlSpace>::uninit();
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: a header of zeros is a valid one.
    let mut message: libc::msghdr = unsafe { zeroed() };
    message.msg_iov = &mut part;
    message.msg_iovlen = 1;
    message.msg_control = space.as_mut_ptr().cast();
    message.msg_controllen = size_of::<ControlSpace>() as _;
    let flags = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: `message` points to `part` and `space`, which live through the call, with their lengths.
    let count = unsafe { libc::recvmsg(socket.as_raw_fd(), &mut message, flags) };
    let count = Errno::result(count)? as usize;
    // SAFETY: filled in by the kernel just now.
    let received = unsafe { take_descriptors(&message) };
    if received.is_empty() && message.msg_flags & libc::MSG_CTRUNC != 0 {
        descriptors.push_back(None);
    }
    descriptors.extend(received.into_iter().map(Some));
    Ok(count)
}

#[repr(align(8))]
struct ControlSpace(#[expect(dead_code, reason = "the kernel writes it")] [u8; 1040]);

/// # Safety
/// `message` must have come from a `recvmsg` that has not been looked at yet, its control data must still be there.
unsafe fn take_descriptors(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut taken = Vec::new();
    // SAFETY: by this function's contract the macros walk inside of what the kernel wrote.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(message);
        while let Some(part) = header.as_ref() {
            if part.cmsg_level == libc::SOL_SOCKET && part.cmsg_type == libc::SCM_RIGHTS {
                let data = libc::CMSG_DATA(part).cast::<RawFd>();
                // Its type differs between C libraries.
                #[allow(clippy::unnecessary_cast)]
                let bytes = part.cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                for place in 0..bytes / size_of::<RawFd>() {
                    // The kernel has just put it into our table, for us alone.
                    taken.push(OwnedFd::from_raw_fd(data.add(place).read_unaligned()));
                }
            }
            header = libc::CMSG_NXTHDR(message, part);
        }
    }
    taken
}
