//! What can be known of a connection before a worker is chosen for it, and what it takes to find out.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::first_bytes::{LOOKED_AT, Seen, StickyBy};
use super::{Arrival, Chooser, Key, WorkerId};
use crate::sys::{socket, watch};

/// How long a client has to send what it is recognised by.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many clients are waited for at the same time, unless it is set.
const LOOKS: usize = 4096;
/// How many connections the program is asked about at the same time. What comes beyond is not.
const QUESTIONS: usize = 256;

/// The connections whose clients are waited for. If there are too many, the one that has been waited for longest is let go:
/// a client that means it has had more time than any that came later.
pub(super) struct Looks {
    most: Cell<usize>,
    next: Cell<u64>,
    going: RefCell<BTreeMap<u64, oneshot::Sender<()>>>,
}

impl Looks {
    pub(super) fn new() -> Looks {
        Looks {
            most: Cell::new(LOOKS),
            next: Cell::new(0),
            going: RefCell::default(),
        }
    }

    /// Sets how many go on at the same time at most.
    pub(super) fn set_most(&self, most: usize) {
        self.most.set(most);
        self.let_go_too_many();
    }

    fn let_go_too_many(&self) {
        let going = self.going.borrow().len();
        self.let_go(going.saturating_sub(self.most.get()));
    }

    /// Lets so many go, those first that have been waited for longest.
    pub(super) fn let_go(&self, number: usize) {
        let mut going = self.going.borrow_mut();
        for _ in 0..number.min(going.len()) {
            // Dropping the sender is what its receiver waits for.
            going.pop_first();
        }
    }

    fn begin(&self) -> (Look<'_>, oneshot::Receiver<()>) {
        let (keep, let_go) = oneshot::channel();
        let number = self.next.replace(self.next.get() + 1);
        self.going.borrow_mut().insert(number, keep);
        self.let_go_too_many();
        let looks = self;
        (Look { looks, number }, let_go)
    }
}

/// One that goes on until it is dropped.
struct Look<'a> {
    looks: &'a Looks,
    number: u64,
}

impl Drop for Look<'_> {
    fn drop(&mut self) {
        self.looks.going.borrow_mut().remove(&self.number);
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
    match socket::peek(connection.as_fd(), &mut [0]) {
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

/// Waits for what `by` says, and gives the connection back with the key. A client that sends nothing in time, or is
/// let go, is known by its address; one that sends something else has no key.
pub(super) async fn key_of_request(
    connection: OwnedFd,
    by: &StickyBy,
    looks: &Looks,
) -> (OwnedFd, Option<Key>) {
    match look(&connection, by) {
        Seen::Found(key) => return (connection, Some(key)),
        Seen::Absent => return (connection, None),
        Seen::Incomplete => {}
    }
    let watched = match watch::readable(connection) {
        Ok(watched) => watched,
        Err(error) => {
            let (connection, _) = error.into_parts();
            let key = key_of_address(&connection);
            return (connection, key);
        }
    };
    let (_look, let_go) = looks.begin();
    let found = tokio::select! {
        found = wait(&watched, by) => Some(found),
        _ = let_go => None,
        () = sleep(PATIENCE) => None,
    };
    let connection = watched.into_inner();
    let key = found.unwrap_or_else(|| key_of_address(&connection));
    (connection, key)
}

/// Looks at all that a client sends, until it is enough to say.
async fn wait(watched: &AsyncFd<OwnedFd>, by: &StickyBy) -> Option<Key> {
    loop {
        let mut ready = watched.readable().await.ok()?;
        match look(watched.get_ref(), by) {
            Seen::Found(key) => return Some(key),
            Seen::Absent => return None,
            // Whatever comes next makes it ready anew.
            Seen::Incomplete => ready.clear_ready(),
        }
    }
}

fn look(connection: &OwnedFd, by: &StickyBy) -> Seen {
    let mut bytes = [0; LOOKED_AT];
    match socket::peek(connection.as_fd(), &mut bytes) {
        Ok(0) => Seen::Absent,
        Ok(length) => by.look(&bytes[..length]),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Seen::Incomplete,
        Err(_) => Seen::Absent,
    }
}

/// Asks the program, unless it has too many such questions already, and gives the worker that it names in time.
pub(super) async fn ask(
    connection: &OwnedFd,
    chooser: &Chooser,
    patience: Duration,
    asked: &Cell<usize>,
) -> Option<WorkerId> {
    if asked.get() >= QUESTIONS {
        return None;
    }
    let (answer, answered) = oneshot::channel();
    let arrival = Arrival {
        peer: socket::peer_address(connection.as_fd()),
        local: socket::local_address(connection.as_fd()).ok().flatten(),
    };
    chooser(arrival, answer);
    asked.set(asked.get() + 1);
    let worker = timeout(patience, answered).await;
    asked.set(asked.get() - 1);
    worker.ok()?.ok()?
}
