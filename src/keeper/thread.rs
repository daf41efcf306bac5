//! The keeper's thread: sockets and the clock.

mod succession;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::socket::{MsgFlags, Shutdown, recv, send, shutdown};
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::{Instant, sleep_until};

use self::succession::{Successors, Waiting};
use super::request::Place;
use super::state::State;
use super::{CallerId, Command};
use crate::ipc::frame::{Decoder, Frame, Kind, header};
use crate::panic;
use crate::sys::page::now_ns;
use crate::sys::watch;

/// How much may wait for a process before nothing more is done for it, in bytes.
const MOST_UNREAD: usize = 256 << 10;

/// How many locks may be given in a millisecond so that fences grow also over restarts of the primary.
const FENCES_PER_MILLISECOND: u64 = 1024;

/// Starts the thread. It ends when there is nobody left who could tell it anything.
pub(super) fn start(
    commands: UnboundedReceiver<Command>,
    predecessor: Option<OwnedFd>,
    panicked: impl Fn(String) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    // The thread inherits the mask, so that no signal meant for the program is ever handled there.
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let thread = std::thread::Builder::new()
        .name("cluster-keeper".into())
        .spawn(move || {
            let work = || LocalSet::new().block_on(&runtime, run(commands, predecessor));
            if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                panicked(panic::text(&*panic));
            }
        });
    before.thread_set_mask()?;
    thread
}

/// Locks are given larger numbers than before, also when the primary has been restarted.
fn first_fence() -> u64 {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since_epoch.as_millis() as u64 * FENCES_PER_MILLISECOND
}

/// A time that all processes of this machine have in common.
fn milliseconds() -> u64 {
    now_ns() / 1_000_000
}

async fn run(mut commands: UnboundedReceiver<Command>, predecessor: Option<OwnedFd>) {
    let mut waiting = Waiting::default();
    let snapshot = match predecessor {
        Some(link) => waiting.follow(link, &mut commands).await,
        None => None,
    };
    let state = match snapshot {
        Some(snapshot) => {
            let elapsed = milliseconds().saturating_sub(snapshot.taken);
            State::restore(snapshot, first_fence(), elapsed, 1)
        }
        None => State::new(first_fence()),
    };
    let desk = Rc::new(Desk {
        began: Instant::now(),
        state: RefCell::new(state),
        writable: RefCell::default(),
        deadline: Notify::new(),
        serving: Cell::new(0),
        leaves: Cell::new(false),
        leaving: Notify::new(),
        inputs: RefCell::default(),
    });
    let clock = spawn_local(Rc::clone(&desk).keep_time());
    let mut last = waiting.last;
    let mut successors = Successors::default();
    for (caller, socket, input) in waiting.sockets {
        desk.begin(caller, socket, input);
    }
    let mut early = waiting.commands.into_iter();
    loop {
        let command = match early.next() {
            Some(command) => Some(command),
            None => commands.recv().await,
        };
        match command {
            Some(Command::Serve(socket)) => {
                last += 1;
                desk.begin(CallerId(last), socket, None);
            }
            Some(Command::Prepare(link)) => successors.prepare(&desk, link),
            Some(Command::Leave(left)) => {
                // Whoever waits for it may have gone.
                let _ = left.send(desk.leave_to(&successors).await);
            }
            None => break,
        }
    }
    clock.abort();
}

/// What has been read from a process. Of the last frame, some requests may not have been done yet.
#[derive(Default)]
struct Inbox {
    decoder: Decoder,
    begun: Option<(Frame, Place)>,
}

impl Inbox {
    /// What has not been done, as it would be read again.
    fn rest(&self) -> Vec<u8> {
        let mut rest = Vec::new();
        if let Some((frame, place)) = &self.begun
            && let Some(requests) = place.rest(self.decoder.payload(frame))
        {
            rest.extend_from_slice(&header(frame.kind, requests.len(), 0));
            rest.extend_from_slice(&requests);
        }
        rest.extend_from_slice(self.decoder.rest());
        rest
    }
}

/// Where all tasks of the thread meet.
struct Desk {
    began: Instant,
    state: RefCell<State>,
    /// Wakes the task of a process for which there is something to write.
    writable: RefCell<HashMap<CallerId, Rc<Notify>>>,
    /// Wakes the one that keeps the time, when that is up earlier than it knows.
    deadline: Notify,
    /// How many processes are served.
    serving: Cell<usize>,
    /// Whether all is left to a successor, and wakes those who are to stop for that.
    leaves: Cell<bool>,
    leaving: Notify,
    /// The beginnings of frames that they had read then.
    inputs: RefCell<Vec<(CallerId, Vec<u8>)>>,
}

impl Desk {
    /// In milliseconds, and not 0.
    fn now(&self) -> u64 {
        self.began.elapsed().as_millis() as u64 + 1
    }

    async fn keep_time(self: Rc<Self>) {
        loop {
            let deadline = self.state.borrow().next_deadline();
            let sleep = async {
                match deadline {
                    Some(time) => sleep_until(self.began + Duration::from_millis(time)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.deadline.notified() => {}
                () = sleep => {
                    self.state.borrow_mut().pass(self.now());
                    self.wake_touched();
                }
            }
        }
    }

    /// Serves a process from now on: one that a predecessor has served, if `input` is what it had read of the next frame.
    fn begin(self: &Rc<Self>, caller: CallerId, socket: OwnedFd, input: Option<Vec<u8>>) {
        if input.is_none() {
            self.state.borrow_mut().join(caller);
        }
        match watch::readable(socket) {
            Ok(socket) => {
                let input = input.unwrap_or_default();
                self.serving.set(self.serving.get() + 1);
                spawn_local(Rc::clone(self).serve(caller, socket, input));
            }
            Err(_) => self.state.borrow_mut().leave(caller, self.now()),
        }
    }

    /// Serves a process until its end of the socket is closed, or it has said what is no request.
    async fn serve(self: Rc<Self>, caller: CallerId, socket: AsyncFd<OwnedFd>, input: Vec<u8>) {
        let writable = Rc::new(Notify::new());
        self.writable
            .borrow_mut()
            .insert(caller, Rc::clone(&writable));
        let mut inbox = Inbox::default();
        inbox.decoder.put(&input);
        let mut room = None;
        while !self.leaves.get()
            && let Some(waiting) = self.write(caller, socket.get_ref())
        {
            // It is watched only while there is no room: each reply that is read would wake this thread otherwise.
            if waiting == 0 {
                room = None;
            } else if room.is_none() {
                let Ok(copy) = socket.get_ref().try_clone() else {
                    break;
                };
                let Ok(made) = watch::writable(copy) else {
                    break;
                };
                room = Some(made);
            }
            if waiting < MOST_UNREAD && inbox.begun.is_some() {
                if self.handle(caller, &mut inbox).is_none() {
                    break;
                }
                // Others have their turn.
                yield_now().await;
                continue;
            }
            tokio::select! {
                () = writable.notified() => {}
                () = self.leaving.notified() => {}
                ready = async { match &room { Some(room) => room.writable().await, None => std::future::pending().await } } => {
                    match ready {
                        Ok(mut ready) => ready.clear_ready(),
                        Err(_) => break,
                    }
                }
                // Who floods and does not read waits for itself.
                ready = socket.readable(), if waiting < MOST_UNREAD => {
                    let Ok(mut ready) = ready else { break };
                    match self.read(caller, socket.get_ref(), &mut inbox) {
                        Some(true) => {}
                        Some(false) => ready.clear_ready(),
                        None => break,
                    }
                    yield_now().await;
                }
            }
        }
        self.writable.borrow_mut().remove(&caller);
        self.serving.set(self.serving.get() - 1);
        if self.leaves.get() {
            let input = inbox.rest();
            return self.inputs.borrow_mut().push((caller, input));
        }
        self.state.borrow_mut().leave(caller, self.now());
        self.wake_touched();
        // Another process may have a copy of this end.
        let _ = shutdown(socket.as_raw_fd(), Shutdown::Both);
    }

    /// Reads once; whether there may be more now. `None` if nothing comes any more.
    fn read(&self, caller: CallerId, socket: &OwnedFd, inbox: &mut Inbox) -> Option<bool> {
        let room = inbox.decoder.room();
        let size = room.len();
        let count = match recv(socket.as_raw_fd(), room, MsgFlags::MSG_DONTWAIT) {
            Ok(0) => return None,
            Ok(count) => count,
            Err(Errno::EAGAIN) => return Some(false),
            Err(Errno::EINTR) => return Some(true),
            Err(_) => return None,
        };
        inbox.decoder.filled(count);
        self.handle(caller, inbox)?;
        Some(count == size)
    }

    /// Does what has been read, as far as there is room for the answers. `None` if it is nonsense.
    fn handle(&self, caller: CallerId, inbox: &mut Inbox) -> Option<()> {
        let deadline = self.state.borrow().next_deadline();
        self.handle_some(caller, inbox)?;
        let next = self.state.borrow().next_deadline();
        if next.is_some_and(|next| deadline.is_none_or(|deadline| next < deadline)) {
            self.deadline.notify_one();
        }
        self.wake_touched();
        Some(())
    }

    fn handle_some(&self, caller: CallerId, inbox: &mut Inbox) -> Option<()> {
        let mut state = self.state.borrow_mut();
        let now = self.now();
        let Inbox { decoder, begun } = inbox;
        loop {
            if begun.is_none() {
                *begun = decoder.next().ok()?.map(|frame| (frame, Place::default()));
            }
            let Some((frame, place)) = begun else {
                return Some(());
            };
            if frame.kind != Kind::Messages || frame.descriptors > 0 {
                return None;
            }
            while let Some((number, request)) = place.next(decoder.payload(frame)).ok()? {
                state.handle(caller, number, request, now)?;
                if state.outbox(caller)?.len() >= MOST_UNREAD {
                    return Some(());
                }
            }
            *begun = None;
        }
    }

    fn wake_touched(&self) {
        let mut state = self.state.borrow_mut();
        let writable = self.writable.borrow();
        for caller in state.take_touched() {
            if let Some(writable) = writable.get(&caller) {
                writable.notify_one();
            }
        }
    }

    /// Writes what there is room for; how many bytes wait then. `None` if nobody reads them any more.
    fn write(&self, caller: CallerId, socket: &OwnedFd) -> Option<usize> {
        let mut state = self.state.borrow_mut();
        let outbox = state.outbox(caller)?;
        loop {
            let waiting = outbox.waiting();
            if waiting.is_empty() {
                return Some(0);
            }
            let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_NOSIGNAL;
            match send(socket.as_raw_fd(), waiting, flags) {
                Ok(count) => outbox.wrote(count),
                Err(Errno::EAGAIN) => return Some(outbox.len()),
                Err(Errno::EINTR) => {}
                Err(_) => return None,
            }
        }
    }
}
