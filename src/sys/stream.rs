//! A channel's socket: a stream of bytes that descriptors travel with.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::cmsg_space;
use rustix::net::sockopt::set_socket_send_buffer_size;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socketpair,
};

/// How many descriptors the kernel lets one message have (`SCM_MAX_FD`). There is room for them all, so that none is lost.
const MOST_DESCRIPTORS: usize = 253;

/// How much the kernel may hold for a channel in each direction, in bytes: room for a large message to be on its way
/// while the next part of it is written. The kernel grants less where `net.core.wmem_max` says so; what counts for such
/// a socket is the sender's buffer.
const SOCKET_BUFFER: usize = 1 << 20;

/// Two connected, non-blocking ends that a program started by this one does not inherit by accident.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        flags,
        None,
    )?)
}

/// Like [`pair`], with buffers for a channel.
pub fn channel_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = pair()?;
    for end in [&ours, &theirs] {
        // A smaller buffer is slower, not wrong.
        let _ = set_socket_send_buffer_size(end, SOCKET_BUFFER);
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
    let descriptors: Vec<BorrowedFd<'_>> = descriptors.iter().map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    Ok(sendmsg(socket, parts, &mut control, flags)?)
}

/// Reads what is there into `buffer`, and puts the descriptors that came with it behind those in `descriptors`: `None`
/// stands for some that this process had no room for. Gives the number of bytes read, 0 at the end, or `WouldBlock` where
/// there is nothing yet.
pub fn receive(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    descriptors: &mut VecDeque<Option<OwnedFd>>,
) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(socket, &mut [IoSliceMut::new(buffer)], &mut control, flags)?;
    let before = descriptors.len();
    for part in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = part {
            descriptors.extend(received.map(Some));
        }
    }
    if descriptors.len() == before && message.flags.contains(ReturnFlags::CTRUNC) {
        descriptors.push_back(None);
    }
    Ok(message.bytes)
}
