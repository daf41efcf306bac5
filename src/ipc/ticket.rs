//! What a dispatcher and its workers say to each other through a handoff socket: connections with their tickets, and a few
//! words about them.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use crate::sys::handoff::{self, Passed};

/// The content of a message that carries no connection: only this, or this and a key.
const NUDGE: u8 = 0;
const CLAIM: u8 = 1;
const CLAIM_BYTES: usize = 9;
/// The content of a message with a connection that is between two requests: this, its listener, and its deadline.
const QUIET: u8 = 2;
const QUIET_BYTES: usize = 13;

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
    /// From a worker: it takes none at all. From the dispatcher: nor does any other, so that somebody has to turn the client away.
    pub unwanted: bool,
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
            unwanted: false,
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
        bytes[28] = u8::from(self.served) | u8::from(self.unwanted) << 1;
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Ticket> {
        let (listener, rest) = bytes.split_first_chunk()?;
        let (arrival, rest) = rest.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (since, rest) = rest.split_first_chunk()?;
        let [flags] = rest else { return None };
        Some(Ticket {
            listener: u32::from_le_bytes(*listener),
            arrival: u64::from_le_bytes(*arrival),
            key: u64::from_le_bytes(*key),
            since: u64::from_le_bytes(*since),
            served: flags & 1 != 0,
            unwanted: flags & 2 != 0,
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
    /// A connection came, but there was no descriptor for it, see [`Passed::Lost`].
    OutOfDescriptors,
    /// A message without a connection, to see whether the receiver is alive. To be counted as any other.
    Nudge,
    /// Anything else. Descriptors that it carried are closed.
    Malformed,
    /// The other end has closed or shut down (or sent nothing at all as a message).
    Closed,
}

impl Received {
    fn from_message(bytes: &[u8], passed: Passed) -> Received {
        match (bytes, passed) {
            ([], Passed::Nothing) => Received::Closed,
            ([NUDGE], Passed::Nothing) => Received::Nudge,
            ([CLAIM, key @ ..], Passed::Nothing) => match key.try_into() {
                Ok(key) => Received::Claim {
                    key: u64::from_le_bytes(key),
                },
                Err(_) => Received::Malformed,
            },
            (bytes, Passed::Descriptor(descriptor)) => {
                if let Some((listener, until)) = quiet_from_bytes(bytes) {
                    Received::Quiet {
                        listener,
                        until,
                        descriptor,
                    }
                } else if let Some(ticket) = Ticket::from_bytes(bytes) {
                    Received::Connection { ticket, descriptor }
                } else {
                    Received::Malformed
                }
            }
            (bytes, Passed::Lost)
                if quiet_from_bytes(bytes).is_some() || Ticket::from_bytes(bytes).is_some() =>
            {
                Received::OutOfDescriptors
            }
            _ => Received::Malformed,
        }
    }
}

fn quiet_from_bytes(bytes: &[u8]) -> Option<(u32, u64)> {
    let [QUIET, rest @ ..] = bytes else {
        return None;
    };
    let (listener, rest) = rest.split_first_chunk()?;
    let until = rest.try_into().ok()?;
    Some((u32::from_le_bytes(*listener), u64::from_le_bytes(until)))
}

/// Sends a connection. Errors: as for [`handoff::send`].
pub fn send(socket: BorrowedFd, ticket: Ticket, connection: BorrowedFd) -> io::Result<()> {
    handoff::send(socket, &ticket.to_bytes(), Some(connection))
}

/// Sends a connection that is between two requests, which the other end receives as [`Received::Quiet`]. Errors: as for
/// [`handoff::send`].
pub fn send_quiet(
    socket: BorrowedFd,
    listener: u32,
    until: u64,
    connection: BorrowedFd,
) -> io::Result<()> {
    let mut bytes = [QUIET; QUIET_BYTES];
    bytes[1..5].copy_from_slice(&listener.to_le_bytes());
    bytes[5..].copy_from_slice(&until.to_le_bytes());
    handoff::send(socket, &bytes, Some(connection))
}

/// Sends a key, which the other end receives as [`Received::Claim`]. Errors: as for [`handoff::send`].
pub fn claim(socket: BorrowedFd, key: u64) -> io::Result<()> {
    let mut bytes = [CLAIM; CLAIM_BYTES];
    bytes[1..].copy_from_slice(&key.to_le_bytes());
    handoff::send(socket, &bytes, None)
}

/// Sends a message without a connection, which the other end receives as [`Received::Nudge`]. Errors: as for
/// [`handoff::send`].
pub fn nudge(socket: BorrowedFd) -> io::Result<()> {
    handoff::send(socket, &[NUDGE], None)
}

/// Receives the next message.
///
/// Errors: `WouldBlock` if there is none; others of `recvmsg`.
pub fn receive(socket: BorrowedFd) -> io::Result<Received> {
    // One byte more than a message has, to tell a longer one.
    let mut bytes = [0; Ticket::BYTES + 1];
    let (length, passed) = handoff::receive(socket, &mut bytes)?;
    Ok(Received::from_message(&bytes[..length], passed))
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::TcpListener;
    use std::os::fd::AsFd;
    use std::process::{Command, Stdio};
    use std::time::Instant;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    fn ticket(listener: u32) -> Ticket {
        Ticket {
            listener,
            arrival: u64::from(listener) << 40,
            key: 1 << 63,
            since: 1 << 62,
            served: listener % 2 == 1,
            unwanted: listener % 3 == 1,
        }
    }

    fn descriptor() -> OwnedFd {
        File::open("/dev/null").unwrap().into()
    }

    #[test]
    fn what_is_sent_is_received() {
        let (ours, theirs) = handoff::pair().unwrap();
        let (ours, theirs) = (ours.as_fd(), theirs.as_fd());
        let connection = descriptor();
        for sent in [ticket(0xdead_beef), Ticket::again(2, 9)] {
            send(ours, sent, connection.as_fd()).unwrap();
            let received = receive(theirs).unwrap();
            assert!(matches!(received, Received::Connection { ticket, .. } if ticket == sent));
        }
        nudge(ours).unwrap();
        assert!(matches!(receive(theirs).unwrap(), Received::Nudge));
        claim(ours, 0x0123_4567_89ab_cdef).unwrap();
        let received = receive(theirs).unwrap();
        assert!(matches!(
            received,
            Received::Claim {
                key: 0x0123_4567_89ab_cdef
            }
        ));
        send_quiet(ours, 7, 1 << 50, connection.as_fd()).unwrap();
        let received = receive(theirs).unwrap();
        assert!(matches!(received, Received::Quiet { listener: 7, until, .. } if until == 1 << 50));
        assert_eq!(
            receive(theirs).unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
    }

    fn wait_for(socket: &OwnedFd, event: PollFlags) {
        poll(&mut [PollFd::new(socket.as_fd(), event)], PollTimeout::NONE).unwrap();
    }

    /// The other side of `handoffs_per_second`: closes all that it receives from its standard input.
    #[test]
    #[ignore = "run by handoffs_per_second"]
    fn receiver_of_handoffs() {
        let socket = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
        nudge(socket.as_fd()).unwrap();
        loop {
            match receive(socket.as_fd()) {
                Ok(Received::Closed) => return,
                Ok(received) => assert!(matches!(received, Received::Connection { .. })),
                Err(error) => {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    wait_for(&socket, PollFlags::POLLIN);
                }
            }
        }
    }

    /// A measurement, run by `benchmark/experiments/handoffs.js` where it puts both processes.
    #[test]
    #[ignore = "a measurement: npm run bench -- --only handoffs"]
    fn handoffs_per_second() {
        const COUNT: u32 = 200_000;
        let (ours, theirs) = handoff::pair().unwrap();
        let mut receiver = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture"])
            .arg("ipc::ticket::tests::receiver_of_handoffs")
            .stdin(theirs)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let connection = OwnedFd::from(TcpListener::bind("127.0.0.1:0").unwrap());
        wait_for(&ours, PollFlags::POLLIN);
        assert!(matches!(receive(ours.as_fd()), Ok(Received::Nudge))); // It has started.
        let begin = Instant::now();
        let sender = std::thread::spawn(move || {
            for listener in 0..COUNT {
                while let Err(error) = send(ours.as_fd(), ticket(listener), connection.as_fd()) {
                    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                    wait_for(&ours, PollFlags::POLLOUT);
                }
            }
        });
        sender.join().unwrap();
        assert!(receiver.wait().unwrap().success());
        let seconds = begin.elapsed().as_secs_f64();
        println!("handoffs per second: {:.0}", f64::from(COUNT) / seconds);
    }

    #[test]
    fn the_end_is_told() {
        let (ours, theirs) = handoff::pair().unwrap();
        drop(ours);
        assert!(matches!(receive(theirs.as_fd()).unwrap(), Received::Closed));
    }

    #[test]
    fn what_nobody_says_is_malformed() {
        let whole = ticket(1).to_bytes();
        let one = || Passed::Descriptor(descriptor());
        let cases: [(&[u8], Passed); 14] = [
            (&[], one()),
            (&whole, Passed::Nothing),
            (&whole, Passed::Several),
            (&whole[1..], one()),
            (&whole[1..], Passed::Lost),
            (&[0; Ticket::BYTES + 1], one()),
            (&[NUDGE], one()),
            (&[NUDGE], Passed::Lost),
            (&[NUDGE; 2], Passed::Nothing),
            (&[CLAIM; CLAIM_BYTES], one()),
            (&[CLAIM; CLAIM_BYTES - 1], Passed::Nothing),
            (&[QUIET; QUIET_BYTES], Passed::Nothing),
            (&[QUIET; QUIET_BYTES], Passed::Several),
            (&[QUIET; QUIET_BYTES - 1], one()),
        ];
        for (bytes, passed) in cases {
            let received = Received::from_message(bytes, passed);
            assert!(matches!(received, Received::Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn a_connection_that_got_lost_was_one() {
        for bytes in [&ticket(1).to_bytes()[..], &[QUIET; QUIET_BYTES]] {
            let received = Received::from_message(bytes, Passed::Lost);
            assert!(matches!(received, Received::OutOfDescriptors));
        }
    }
}
