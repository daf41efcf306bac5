//! What a primary leaves to the one that follows it in an upgrade: its sockets, and a way on which connections cross over.
//!
//! The successor is started with copies of all descriptors, and with a text that says what they are. Neither closes what
//! the other has: whichever of them dies, the other goes on.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Primary;
use super::registry::Endpoint;
use crate::dispatch::{ListenerId, Successor};
use crate::keeper::Keeper;
use crate::sys::{handoff, stream};

/// To be raised with each change of what a primary and its successor say to each other: [`Description`], the tickets of
/// connections that cross over, and what is said in `lib/supervisor/upgrade/`. They may be of different versions.
pub const PROTOCOL: u32 = 1;

/// What the descriptors are that a successor is started with, in their order: the channel, the handoff socket, the link to
/// the keeper, the sockets, and that of the admin port if there is one.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    /// The successor's workers are counted on from here.
    last_worker: u32,
    sockets: Vec<Left>,
    has_admin: bool,
}

/// A socket that is left.
#[derive(Debug, Deserialize, Serialize)]
pub struct Left {
    /// Its number at the predecessor, and what servers share it by; none where no server has asked for it.
    pub of: Option<(u32, Endpoint)>,
    /// Its file, which is to be removed when it is closed for good.
    pub file: Option<PathBuf>,
}

/// What is to be handed to a successor.
pub struct Prepared {
    /// This side's end of the channel.
    pub channel: OwnedFd,
    /// See [`Description`].
    pub text: String,
    /// For the successor, in the order of the text.
    pub descriptors: Vec<OwnedFd>,
}

/// What has come from a predecessor.
#[derive(Default)]
pub struct Inheritance {
    /// Where connections cross over, until this primary takes over.
    handoff: RefCell<Option<OwnedFd>>,
    admin: RefCell<Option<OwnedFd>>,
    keeper: RefCell<Option<OwnedFd>>,
    /// This primary serves instead of the predecessor.
    is_taken_over: Cell<bool>,
    /// This primary's listeners, by the predecessor's numbers.
    listeners: RefCell<BTreeMap<u32, ListenerId>>,
}

impl Inheritance {
    /// Whether this primary serves instead of the predecessor.
    pub fn is_taken_over(&self) -> bool {
        self.is_taken_over.get()
    }

    /// The socket of the admin port, once.
    pub fn take_admin(&self) -> Option<OwnedFd> {
        self.admin.take()
    }

    /// The link to the keeper, once.
    pub fn take_keeper(&self) -> Option<OwnedFd> {
        self.keeper.take()
    }

    /// This primary's listener uses the socket of the predecessor's.
    pub fn note(&self, predecessors: u32, own: u32) {
        let mut listeners = self.listeners.borrow_mut();
        listeners.insert(predecessors, ListenerId(own));
    }
}

fn invalid() -> io::Error {
    io::ErrorKind::InvalidInput.into()
}

impl Primary {
    /// Prepares for a successor.
    ///
    /// Errors: those of duplicating descriptors and of making sockets.
    pub fn prepare_successor(&self) -> io::Result<Prepared> {
        let (channel, their_channel) = stream::channel_pair()?;
        let (ours, theirs) = handoff::pair()?;
        let (link, their_link) = handoff::pair()?;
        self.with_keeper(|keeper| keeper.prepare(link))?;
        let mut descriptors = vec![their_channel, theirs.try_clone()?, their_link];
        let mut sockets = Vec::new();
        let registry = self.registry.borrow();
        for (&listener, socket) in self.sockets.borrow().iter() {
            if let (Some(descriptor), Some(endpoint)) =
                (socket.descriptor(), registry.endpoint(listener))
            {
                descriptors.push(descriptor.try_clone_to_owned()?);
                sockets.push(Left {
                    of: Some((listener, endpoint.clone())),
                    file: socket.file().map(absolute).transpose()?,
                });
            }
        }
        for descriptor in self.adopted.borrow().unused_descriptors() {
            descriptors.push(descriptor.try_clone_to_owned()?);
            sockets.push(Left {
                of: None,
                file: None,
            });
        }
        let admin = self.admin_socket.borrow();
        if let Some(admin) = &*admin {
            descriptors.push(admin.try_clone()?);
        }
        let description = Description {
            last_worker: self.last_worker.get(),
            sockets,
            has_admin: admin.is_some(),
        };
        self.successor.replace(Some(Successor { ours, theirs }));
        Ok(Prepared {
            channel,
            text: serde_json::to_string(&description)?,
            descriptors,
        })
    }

    /// Has all connections cross over to the successor from now on, and leaves the files of sockets to it.
    ///
    /// Errors: those of duplicating descriptors and of starting the dispatcher.
    pub fn hand_over(&self) -> io::Result<()> {
        self.start_dispatcher()?;
        let successor = match &*self.successor.borrow() {
            Some(successor) => successor.try_clone()?,
            None => return Err(invalid()),
        };
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.hand_over(successor);
        }
        self.own_files(false);
        Ok(())
    }

    /// The successor has died, or there is to be none: what it has not taken is served here.
    pub fn take_back(&self) {
        if self.successor.take().is_some() {
            if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
                dispatcher.take_back();
            }
            self.own_files(true);
        }
    }

    /// Takes over what a predecessor has left: `descriptors`, which `text` describes. Gives the channel to it.
    ///
    /// Errors: `InvalidInput` if the text does not fit them.
    pub fn inherit(&self, text: &str, descriptors: Vec<OwnedFd>) -> io::Result<OwnedFd> {
        let description: Description = serde_json::from_str(text)?;
        let mut descriptors = descriptors.into_iter();
        let channel = descriptors.next().ok_or_else(invalid)?;
        let handoff = descriptors.next().ok_or_else(invalid)?;
        let keeper = descriptors.next().ok_or_else(invalid)?;
        let mut adopted = self.adopted.borrow_mut();
        for left in description.sockets {
            let descriptor = descriptors.next().ok_or_else(invalid)?;
            adopted.inherit(left, descriptor)?;
        }
        if description.has_admin {
            let admin = descriptors.next().ok_or_else(invalid)?;
            self.inheritance.admin.replace(Some(admin));
        }
        self.inheritance.handoff.replace(Some(handoff));
        self.inheritance.keeper.replace(Some(keeper));
        self.last_worker.set(description.last_worker);
        Ok(channel)
    }

    /// Serves what crosses over from the predecessor from now on, and answers on the admin port.
    ///
    /// Errors: those of starting the dispatcher.
    pub fn take_over(&self) -> io::Result<()> {
        self.inheritance.is_taken_over.set(true);
        self.own_files(true);
        self.start_dispatcher()?;
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            if let Some(handoff) = self.inheritance.handoff.take() {
                dispatcher.inherit(handoff, self.inheritance.listeners.borrow().clone());
            }
            dispatcher.serve_admin(true);
        }
        // It receives what is kept, also if nobody has asked for anything here.
        self.with_keeper(|_| {})
    }

    /// What the admin port has counted until now, as text for [`inherit_totals`](Self::inherit_totals).
    pub fn totals(&self) -> Option<String> {
        let totals = self.dispatcher.borrow().as_ref()?.totals()?;
        serde_json::to_string(&totals).ok()
    }

    /// Has the admin port count on from there.
    ///
    /// Errors: `InvalidData` if it is no such text.
    pub fn inherit_totals(&self, text: &str) -> io::Result<()> {
        let totals = serde_json::from_str(text)?;
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.inherit_totals(totals);
        }
        Ok(())
    }

    /// Leaves what is shared to the successor, and serves nobody from it any more; whether that could be done. What the manager
    /// of this service keeps is the successor's, too.
    pub fn leave_all_kept(&self) -> bool {
        self.kept_sockets.borrow_mut().forget();
        self.keeper.borrow().as_ref().is_some_and(Keeper::leave)
    }

    /// Answers on the admin port, or leaves that to another.
    pub fn serve_admin(&self, yes: bool) {
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.serve_admin(yes);
        }
    }

    fn own_files(&self, yes: bool) {
        for socket in self.sockets.borrow().values() {
            socket.own_file(yes);
        }
        if let Some(file) = &*self.admin_file.borrow() {
            file.own(yes);
        }
    }
}

/// The predecessor's current folder may be another one.
fn absolute(file: &Path) -> io::Result<PathBuf> {
    std::path::absolute(file)
}
