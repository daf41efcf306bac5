//! The keeper's thread: sockets and the clock.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::socket::{MsgFlags, recv, send};
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::{Instant, sleep_until};

use super::CallerId;
use super::request::Place;
use super::state::State;
use crate::ipc::frame::{Decoder, Frame, Kind};
use crate::panic;
use crate::sys::watch;

/// How much may wait for a process before nothing more is done for it, in bytes.
const MOST_UNREAD: usize = 256 << 10;

/// How many locks may be given in a millisecond so that fences grow also over restarts of the primary.
const FENCES_PER_MILLISECOND: u64 = 1024;

/// Starts the thread. It ends when there is nobody left who could add sockets.
pub(super) fn start(
    sockets: UnboundedReceiver<OwnedFd>,
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
            let work = || LocalSet::new().block_on(&runtime, run(sockets));
            if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                panicked(panic::text(&*panic));
            }
        });
    before.thread_set_mask()?;
    thread
}

async fn run(mut sockets: UnboundedReceiver<OwnedFd>) {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let first_fence = since_epoch.as_millis() as u64 * FENCES_PER_MILLISECOND;
    let desk = Rc::new(Desk {
        began: Instant::now(),
        state: RefCell::new(State::new(first_fence)),
        writable: RefCell::default(),
        deadline: Notify::new(),
    });
    let clock = spawn_local(Rc::clone(&desk).keep_time());
    let mut last = 0;
    while let Some(socket) = sockets.recv().await {
        last += 1;
        if let Ok(socket) = watch::readable(socket) {
            spawn_local(Rc::clone(&desk).serve(CallerId(last), socket));
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

/// Where all tasks of the thread meet.
struct Desk {
    began: Instant,
    state: RefCell<State>,
    /// Wakes the task of a process for which there is something to write.
    writable: RefCell<HashMap<CallerId, Rc<Notify>>>,
    /// Wakes the one that keeps the time, when that is up earlier than it knows.
    deadline: Notify,
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

    /// Serves a process until its end of the socket is closed, or it has said what is no request.
    async fn serve(self: Rc<Self>, caller: CallerId, socket: AsyncFd<OwnedFd>) {
        let writable = Rc::new(Notify::new());
        self.writable
            .borrow_mut()
            .insert(caller, Rc::clone(&writable));
        self.state.borrow_mut().join(caller);
        let mut inbox = Inbox::default();
        let mut room = None;
        while let Some(waiting) = self.write(caller, socket.get_ref()) {
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
        self.state.borrow_mut().leave(caller, self.now());
        self.wake_touched();
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
