//! What can be known of a connection before a worker is chosen for it, and what it takes to find out.

use std::cell::Cell;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::first_bytes::{LOOKED_AT, Look, StickyBy};
use super::{Arrival, Chooser, Key, WorkerId};
use crate::sys::{handoff, socket};

/// How long a client has to send what it is recognised by.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many connections are looked at, or asked about, at the same time. What comes beyond is not.
const LOOKS: usize = 256;

/// A look that goes on. As many as are kept go on at the same time.
pub(super) struct Place<'a>(&'a Cell<usize>);

impl<'a> Place<'a> {
    /// Takes one of the places that `taken` counts, if one is left.
    pub(super) fn take(taken: &'a Cell<usize>) -> Option<Place<'a>> {
        (taken.get() < LOOKS).then(|| {
            taken.set(taken.get() + 1);
            Place(taken)
        })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What the client of a connection has said.
pub(super) enum Heard {
    Nothing,
    Something,
    /// It has hung up, in one way or another.
    End,
}

/// Listens to a client for a moment.
pub(super) fn hear(connection: &OwnedFd) -> Heard {
    match handoff::peek(connection.as_fd(), &mut [0]) {
        Ok(0) => Heard::End,
        Ok(_) => Heard::Something,
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Heard::Nothing,
        Err(_) => Heard::End,
    }
}

/// The key of a client that is known by its address; none on a Unix socket.
pub(super) fn key_of_address(connection: &OwnedFd) -> Option<Key> {
    socket::peer_address(connection.as_fd()).map(|peer| Key::of_address(peer.ip()))
}

/// Waits for what `by` says, and gives the connection back with the key. A client that sends nothing in time, or when
/// too many are waited for, is known by its address; one that sends something else has no key.
pub(super) async fn key_of_request(
    connection: OwnedFd,
    by: &StickyBy,
    looks: &Cell<usize>,
) -> (OwnedFd, Option<Key>) {
    match look(&connection, by) {
        Look::Found(key) => return (connection, Some(key)),
        Look::Absent => return (connection, None),
        Look::Incomplete => {}
    }
    let Some(_place) = Place::take(looks) else {
        let key = key_of_address(&connection);
        return (connection, key);
    };
    let watched = match handoff::watch(connection) {
        Ok(watched) => watched,
        Err(error) => {
            let (connection, _) = error.into_parts();
            let key = key_of_address(&connection);
            return (connection, key);
        }
    };
    let found = timeout(PATIENCE, async {
        loop {
            let Ok(mut ready) = watched.readable().await else {
                return None;
            };
            match look(watched.get_ref(), by) {
                Look::Found(key) => return Some(key),
                Look::Absent => return None,
                // Whatever comes next makes it ready anew.
                Look::Incomplete => ready.clear_ready(),
            }
        }
    });
    let found = found.await;
    let connection = watched.into_inner();
    let key = found.unwrap_or_else(|_| key_of_address(&connection));
    (connection, key)
}

fn look(connection: &OwnedFd, by: &StickyBy) -> Look {
    let mut bytes = [0; LOOKED_AT];
    match handoff::peek(connection.as_fd(), &mut bytes) {
        Ok(0) => Look::Absent,
        Ok(length) => by.look(&bytes[..length]),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Look::Incomplete,
        Err(_) => Look::Absent,
    }
}

/// Asks the program, and gives the worker that it names in time.
pub(super) async fn ask(
    connection: &OwnedFd,
    chooser: &Chooser,
    patience: Duration,
) -> Option<WorkerId> {
    let (answer, answered) = oneshot::channel();
    let arrival = Arrival {
        peer: socket::peer_address(connection.as_fd()),
        local: socket::local_address(connection.as_fd()).ok().flatten(),
    };
    chooser(arrival, answer);
    timeout(patience, answered).await.ok()?.ok()?
}
