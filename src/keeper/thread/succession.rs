//! A keeper that follows another, and one that leaves all to the next. Until it does, it serves the processes of both
//! primaries: the other passes on its ends of their sockets, and keeps copies.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;

use nix::sys::socket::{Shutdown, shutdown};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{spawn_local, yield_now};

use super::super::snapshot::Snapshot;
use super::super::{CallerId, Command};
use super::{Desk, milliseconds};
use crate::sys::handoff::{self, Passed};
use crate::sys::watch;

/// What a message with a snapshot says.
const SNAPSHOT: [u8; 1] = [1];

/// Where the numbers of a successor's callers begin: each successor has as many as there are below it.
const GENERATION: u32 = 48;

/// What waits for a predecessor to leave.
#[derive(Default)]
pub(super) struct Waiting {
    /// The number of the last process of this primary that asks.
    pub(super) last: u64,
    /// Those who ask, with what the predecessor had read from each that it served.
    pub(super) sockets: Vec<(CallerId, OwnedFd, Option<Vec<u8>>)>,
    /// What is to be done then.
    pub(super) commands: Vec<Command>,
}

impl Waiting {
    /// Has the predecessor serve this primary's processes until it leaves. Gives what it has left; nothing if it has died, and
    /// then those who have asked it something hear no more.
    pub(super) async fn follow(
        &mut self,
        link: OwnedFd,
        commands: &mut UnboundedReceiver<Command>,
    ) -> Option<Snapshot> {
        let writable = link.try_clone().and_then(|copy| Ok(watch::writable(copy)?));
        let (Ok(writable), Ok(link)) = (writable, watch::readable(link)) else {
            return None;
        };
        let mut sent = 0; // how many sockets have been passed on
        let snapshot = loop {
            let is_behind = sent < self.sockets.len();
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Serve(socket)) => {
                        self.last += 1;
                        self.sockets.push((CallerId(self.last), socket, None));
                    }
                    Some(command) => self.commands.push(command),
                    None => return None,
                },
                ready = link.readable() => match receive(&link) {
                    Received::Nothing => {
                        if let Ok(mut ready) = ready {
                            ready.clear_ready();
                        }
                    }
                    Received::Snapshot(file) => break Snapshot::read(file).ok(),
                    Received::End => break None,
                },
                ready = writable.writable(), if is_behind => {
                    if let Ok(mut ready) = ready && !self.pass_on(&link, &mut sent) {
                        ready.clear_ready();
                    }
                }
            }
        };
        match &snapshot {
            Some(snapshot) => self.resume(snapshot),
            None => self.start_anew(sent),
        }
        snapshot
    }

    /// Passes on what has not been yet; whether there is room for more.
    fn pass_on(&self, link: &AsyncFd<OwnedFd>, sent: &mut usize) -> bool {
        while let Some((caller, socket, _)) = self.sockets.get(*sent) {
            let number = caller.0.to_le_bytes();
            match handoff::send(link.get_ref().as_fd(), &number, Some(socket.as_fd())) {
                Ok(()) => *sent += 1,
                Err(_) => return false,
            }
        }
        true
    }

    /// Goes on where the predecessor has stopped.
    fn resume(&mut self, snapshot: &Snapshot) {
        let callers = snapshot.callers.iter();
        let mut inputs: HashMap<u64, &Vec<u8>> = callers
            .map(|caller| (caller.caller, &caller.input))
            .collect();
        for (caller, _, input) in &mut self.sockets {
            *input = inputs.remove(&caller.0).cloned();
        }
    }

    /// The predecessor has died: those whom it served don't know what has become of what they asked, and hear the end.
    fn start_anew(&mut self, sent: usize) {
        for (_, socket, _) in self.sockets.drain(..sent) {
            let _ = shutdown(socket.as_raw_fd(), Shutdown::Both);
        }
    }
}

enum Received {
    Nothing,
    Snapshot(OwnedFd),
    End,
}

fn receive(link: &AsyncFd<OwnedFd>) -> Received {
    let mut bytes = [0; 8];
    match handoff::receive(link.get_ref().as_fd(), &mut bytes) {
        Ok((1, Passed::Descriptor(file))) => Received::Snapshot(file),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Received::Nothing,
        _ => Received::End,
    }
}

/// Those that are to follow this one: the last counts, the others have failed.
#[derive(Default)]
pub(super) struct Successors {
    generation: u64,
    link: Option<Rc<AsyncFd<OwnedFd>>>,
}

impl Successors {
    /// Serves the processes of one more.
    pub(super) fn prepare(&mut self, desk: &Rc<Desk>, link: OwnedFd) {
        if let Ok(link) = watch::readable(link) {
            let link = Rc::new(link);
            self.generation += 1;
            self.link = Some(Rc::clone(&link));
            spawn_local(serve_callers(Rc::clone(desk), link, self.generation));
        }
    }
}

async fn serve_callers(desk: Rc<Desk>, link: Rc<AsyncFd<OwnedFd>>, generation: u64) {
    loop {
        let Ok(mut ready) = link.readable().await else {
            return;
        };
        let mut number = [0; 8];
        match handoff::receive(link.get_ref().as_fd(), &mut number) {
            Ok((8, Passed::Descriptor(socket))) => {
                let caller = CallerId(generation << GENERATION | u64::from_le_bytes(number));
                desk.begin(caller, socket, None);
            }
            // There is no descriptor for it: the process waits for the successor.
            Ok((8, Passed::Lost)) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
            _ => return,
        }
        if desk.leaves.get() {
            return;
        }
    }
}

impl Desk {
    /// Stops serving, and leaves all to the last successor; whether that has got it.
    pub(super) async fn leave_to(self: &Rc<Self>, successors: &Successors) -> bool {
        let Some(link) = &successors.link else {
            return false;
        };
        self.leaves.set(true);
        while self.serving.get() > 0 {
            self.leaving.notify_waiters();
            yield_now().await;
        }
        let number = |caller: CallerId| {
            let is_its_own = caller.0 >> GENERATION == successors.generation;
            is_its_own.then_some(caller.0 & ((1 << GENERATION) - 1))
        };
        let inputs = self.inputs.take();
        let mut state = self.state.borrow_mut();
        let mut snapshot = state.take_all(inputs, number, self.now());
        snapshot.taken = milliseconds();
        let file = snapshot.write();
        file.and_then(|file| handoff::send(link.get_ref().as_fd(), &SNAPSHOT, Some(file.as_fd())))
            .is_ok()
    }
}
