//! What the primary has of one worker.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use crate::dispatch::{Dispatcher, Place, Seat, WorkerId};
use crate::ipc::channel::Channel;
use crate::ipc::control::{self, FromPrimary};
use crate::ipc::frame::Kind;
use crate::sys::page::Page;
use crate::sys::socket;

/// A worker whose process runs.
pub struct Worker {
    channel: Channel,
    /// What it says of itself.
    pub page: Arc<Page>,
    /// What joins it to the dispatcher, as long as there is none.
    pub seat: Option<Seat>,
    /// What it is to get of the connections, where it is not the usual.
    pub share: Option<Share>,
    /// It was paused when it was given a socket to accept from, and waits with that.
    is_held: bool,
    /// The sockets of its own that it waits with, and what they are to be bound to, by listener.
    pub unbound: HashMap<u32, (OwnedFd, SocketAddr)>,
    /// It leaves of its own or of the primary's will, and gets no listener any more.
    pub is_leaving: bool,
}

impl Worker {
    /// One that has just been started, and is not known to a dispatcher.
    pub fn new(channel: Channel, seat: Seat) -> Worker {
        Worker {
            channel,
            page: Arc::clone(&seat.page),
            seat: Some(seat),
            share: None,
            is_held: false,
            unbound: HashMap::new(),
            is_leaving: false,
        }
    }

    /// Sends a control message, with a descriptor if there is one.
    pub fn tell(&self, message: &FromPrimary, descriptor: Option<OwnedFd>) {
        let mut draft = self.channel.draft();
        draft.payload().extend(control::encode(message));
        let descriptors = descriptor.into_iter().collect();
        // A channel that can't be written to any more is about to say that it has ended.
        let _ = self.channel.send(Kind::Control, draft, descriptors, false);
    }

    /// Makes it known to the dispatcher, unless it is, with its share.
    pub fn join(&mut self, dispatcher: &Dispatcher, id: WorkerId) {
        if let Some(seat) = self.seat.take() {
            dispatcher.add_worker(id, seat);
        }
        if let Some(share) = self.share {
            share.apply(dispatcher, id);
        }
    }

    /// It is given a socket from which it is to accept or receive only when it is resumed, and which may be bound only then.
    pub fn hold(
        &mut self,
        listener: u32,
        socket: Option<&OwnedFd>,
        bound_later: Option<SocketAddr>,
    ) -> io::Result<()> {
        self.is_held = true;
        if let (Some(socket), Some(address)) = (socket, bound_later) {
            self.unbound
                .insert(listener, (socket.try_clone()?, address));
        }
        Ok(())
    }

    /// Has it accept, or receive, from what it waits with. Gives the listeners of which it has been given a socket of its own,
    /// and whether that could be bound: one that has been sent from is bound elsewhere.
    pub fn resume(&mut self) -> Vec<(u32, io::Result<()>)> {
        if !std::mem::take(&mut self.is_held) {
            return Vec::new();
        }
        let bind = |(listener, (socket, address)): (u32, (OwnedFd, SocketAddr))| {
            (listener, socket::bind_to(socket.as_fd(), address))
        };
        let bound = self.unbound.drain().map(bind).collect();
        self.tell(&FromPrimary::Resume, None);
        bound
    }

    /// Whether it is to get no connections.
    pub fn is_paused(&self) -> bool {
        self.share.is_some_and(|share| share.paused)
    }
}

/// What a worker is to get of the connections.
#[derive(Clone, Copy)]
pub struct Share {
    /// It gets none.
    pub paused: bool,
    /// How much it gets, in comparison with others.
    pub weight: f64,
    /// Where it has its clients with sticky scheduling, if not in a place of its own.
    pub place: Option<Place>,
}

impl Share {
    fn apply(self, dispatcher: &Dispatcher, worker: WorkerId) {
        dispatcher.set_weight(worker, self.weight);
        if let Some(place) = self.place {
            dispatcher.set_place(worker, place);
        }
        dispatcher.set_paused(worker, self.paused);
    }
}
