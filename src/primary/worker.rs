//! What the primary has of one worker.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::dispatch::{Dispatcher, Place, Seat, WorkerId};
use crate::ipc::channel::Channel;
use crate::ipc::control::{self, FromPrimary};
use crate::ipc::frame::Kind;
use crate::sys::page::Page;

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
    pub is_held: bool,
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
