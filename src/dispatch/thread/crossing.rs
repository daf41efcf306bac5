//! Connections that cross over from one primary to the one that follows it: at either end.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

use tokio::io::unix::AsyncFd;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::super::ListenerId;
use super::super::scheduler::Crossing;
use super::{BATCH, Batch, Dispatch, PAUSE};
use crate::ipc::ticket::{self, Received, Ticket};
use crate::sys::page::now_ns;
use crate::sys::{handoff, socket};

impl Dispatch {
    /// Sends all connections that are to cross over, for ever.
    pub(super) async fn cross(self: Rc<Self>, successor: AsyncFd<OwnedFd>) {
        loop {
            let next = self.scheduler.borrow_mut().next_crossing();
            let Some(connection) = next else {
                self.crosses.notified().await;
                continue;
            };
            match send(successor.get_ref(), &connection) {
                Ok(()) => self.scheduler.borrow().crossed(),
                Err(error) => {
                    self.scheduler.borrow_mut().put_back(connection);
                    if error.kind() != io::ErrorKind::WouldBlock {
                        sleep(PAUSE).await; // The successor may have died: then what is here is taken back.
                    } else if let Ok(mut ready) = successor.writable().await {
                        ready.clear_ready();
                    }
                }
            }
        }
    }

    /// Has what has not crossed over, or has not been taken at the other end, wait here again.
    pub(super) fn take_back(self: &Rc<Self>, theirs: &OwnedFd) {
        let left = self.scheduler.borrow_mut().stay();
        while handoff::has_room(theirs.as_fd()) {
            let crossing = match ticket::receive(theirs.as_fd()) {
                Ok(Received::Connection { ticket, descriptor }) => {
                    Crossing::Waiting(ticket, descriptor)
                }
                Ok(Received::Quiet {
                    listener,
                    until,
                    descriptor,
                }) => Crossing::Quiet(ListenerId(listener), descriptor, deadline(until)),
                _ => break,
            };
            self.scheduler.borrow().came_back();
            self.stays(crossing);
        }
        for crossing in left {
            self.stays(crossing);
        }
    }

    fn stays(self: &Rc<Self>, crossing: Crossing<OwnedFd>) {
        match crossing {
            Crossing::Waiting(ticket, connection) => {
                let mut scheduler = self.scheduler.borrow_mut();
                scheduler.stays(ticket, connection, now_ns());
            }
            Crossing::Quiet(listener, connection, until) => self.park(listener, connection, until),
        }
    }

    /// Takes what crosses over from a predecessor, whose listeners are these here, until it has ended.
    pub(super) async fn inherit(
        self: Rc<Self>,
        predecessor: AsyncFd<OwnedFd>,
        listeners: BTreeMap<u32, ListenerId>,
    ) {
        loop {
            let Ok(mut ready) = predecessor.readable().await else {
                return;
            };
            match self.inherit_batch(predecessor.get_ref(), &listeners) {
                Batch::Drained => ready.clear_ready(),
                Batch::More => yield_now().await,
                Batch::Exhausted => sleep(PAUSE).await,
                Batch::Broken => return,
            }
        }
    }

    fn inherit_batch(
        self: &Rc<Self>,
        predecessor: &OwnedFd,
        listeners: &BTreeMap<u32, ListenerId>,
    ) -> Batch {
        for _ in 0..BATCH {
            if !handoff::has_room(predecessor.as_fd()) && !self.make_room() {
                return Batch::Exhausted;
            }
            match ticket::receive(predecessor.as_fd()) {
                Ok(Received::Connection { ticket, descriptor }) => {
                    // Where nobody listens any more, the connection is closed.
                    if let Some(listener) = listeners.get(&ticket.listener)
                        && socket::is_connection(descriptor.as_fd())
                    {
                        self.scheduler.borrow().came_back();
                        let ticket = Ticket {
                            served: ticket.served,
                            ..Ticket::new(listener.0, ticket.since)
                        };
                        self.identify(ticket, descriptor);
                    }
                }
                Ok(Received::Quiet {
                    listener,
                    until,
                    descriptor,
                }) => {
                    if let Some(listener) = listeners.get(&listener)
                        && socket::is_connection(descriptor.as_fd())
                    {
                        self.scheduler.borrow().came_back();
                        self.arrives_quiet(*listener, descriptor, deadline(until));
                    }
                }
                Ok(Received::OutOfDescriptors | Received::Nudge | Received::Claim { .. }) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Batch::Drained,
                Ok(Received::Malformed | Received::Closed) | Err(_) => return Batch::Broken,
            }
        }
        Batch::More
    }
}

fn deadline(until: u64) -> Option<u64> {
    Some(until).filter(|&until| until > 0)
}

fn send(successor: &OwnedFd, connection: &Crossing<OwnedFd>) -> io::Result<()> {
    match connection {
        Crossing::Waiting(ticket, connection) => {
            ticket::send(successor.as_fd(), *ticket, connection.as_fd())
        }
        Crossing::Quiet(listener, connection, until) => ticket::send_quiet(
            successor.as_fd(),
            listener.0,
            until.unwrap_or(0),
            connection.as_fd(),
        ),
    }
}
