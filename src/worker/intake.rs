//! Connections, one at a time, from the handoff socket into JavaScript.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::rc::{Rc, Weak};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::Object;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::resource::{Resource, getrlimit};

use crate::dispatch::{Key, STALL_FROM};
use crate::ipc::queue_time::bucket_of;
use crate::ipc::ticket::{self, Received, Ticket};
use crate::sys::handoff;
use crate::sys::js::{Argument, AsyncContext, Callback, Outcome};
use crate::sys::page::{self, Page};
use crate::sys::socket;
use crate::sys::uv::{Interest, Loop, Poll, Turn};

/// How many connections are taken in one turn of the loop, so that what a busy handler blocks stays in the queue,
/// where the primary can take it back.
const MOST_PER_TURN: usize = 8;

/// After how many milliseconds what could not be given back is tried again.
const RETRY_AFTER: u64 = 10;

/// For how many milliseconds a worker waits until the dispatcher has read what it was told before.
const ROOM_WITHIN: u8 = 20;

/// How near to the limit of descriptors each connection is preceded by a look whether there is room for it.
const NARROW: u64 = 128;

/// What JavaScript counts.
pub struct Counted {
    /// Connections that are open.
    pub open: u64,
    /// HTTP requests that have begun.
    pub requests: u64,
    /// By how many milliseconds the last regular timer was late.
    pub lag: u64,
}

/// What is shared with JavaScript without calling it.
pub struct JavaScript {
    /// Gives what it counts.
    pub counted: Box<dyn Fn() -> Counted>,
    /// Tells it whether the page says that the loop is awake.
    pub tell_awake: Box<dyn Fn(bool)>,
}

/// The worker's end of its handoff socket.
pub struct Intake {
    this: Weak<Intake>,
    turns: RefCell<Vec<Turn>>,
    event_loop: Loop,
    socket: Poll,
    page: Page,
    javascript: JavaScript,
    /// `onconnection(listener, fd, served, unwanted, waited)`, with `waited` in milliseconds, gives `false` to refuse;
    /// otherwise the descriptor is JavaScript's.
    connection: Callback,
    /// `onexhausted()`: there is no descriptor left for a connection.
    exhausted: Callback,
    /// `onasked()`: the dispatcher wants kept-alive connections back, see [`Intake::asked`].
    asked: Callback,
    /// The number on the page of which JavaScript has been told last.
    heard: Cell<u64>,
    /// When the loop last began to wait for events, and for how long it had waited before; zeros if it has not yet.
    slept: Cell<(u64, u64)>,
    /// Since when the page says that the loop is awake, if it does.
    awake_since: Cell<Option<u64>>,
    /// How many kept-alive connections have been given back, all in all.
    moved: Cell<u64>,
    /// Whether there is something to take.
    arrived: Rc<Cell<bool>>,
    /// Connections that are to go back, but did not fit into the socket: nothing more is taken before they have.
    refused: RefCell<VecDeque<(Ticket, OwnedFd)>>,
    retry: RefCell<Option<Turn>>,
    /// Whether nothing is taken until there are descriptors again.
    paused: Cell<bool>,
    /// Whether nothing is taken any more.
    stopped: Cell<bool>,
    /// The highest number that a connection had lately: the kernel gives the lowest that is free.
    highest: Cell<u64>,
    /// Whether even low numbers are near to the limit of descriptors: it is low, or has been reached once.
    limit_is_low: Cell<bool>,
}

impl Intake {
    /// Begins to take connections. `events` has the two functions.
    pub fn start(
        env: &Env,
        event_loop: &Loop,
        socket: OwnedFd,
        page: Page,
        events: &Object<'_>,
        javascript: JavaScript,
    ) -> napi::Result<Rc<Intake>> {
        let context = AsyncContext::new(env, "CLUSTERINTAKE")?;
        let connection = context.callback(events, "onconnection")?;
        let exhausted = context.callback(events, "onexhausted")?;
        let asked = context.callback(events, "onasked")?;
        let arrived = Rc::new(Cell::new(false));
        let seen = Rc::clone(&arrived);
        let socket = Poll::new(event_loop, socket, move |_| seen.set(true))?;
        // A server keeps the process alive; its connections on their way do not.
        socket.keep_alive(false);
        let intake = Rc::new_cyclic(|this| Intake {
            this: this.clone(),
            turns: RefCell::default(),
            event_loop: *event_loop,
            socket,
            page,
            javascript,
            connection,
            exhausted,
            asked,
            heard: Cell::new(0),
            slept: Cell::new((0, 0)),
            awake_since: Cell::new(None),
            moved: Cell::new(0),
            arrived,
            refused: RefCell::default(),
            retry: RefCell::default(),
            paused: Cell::new(false),
            stopped: Cell::new(false),
            highest: Cell::new(0),
            limit_is_low: Cell::new(
                getrlimit(Resource::RLIMIT_NOFILE).is_ok_and(|(most, _)| most <= 2 * NARROW),
            ),
        });
        intake.begin()?;
        Ok(intake)
    }

    fn begin(self: &Rc<Intake>) -> io::Result<()> {
        self.socket.watch(Interest {
            read: true,
            write: false,
        })?;
        let event_loop = &self.event_loop;
        let call = |action: fn(&Intake)| {
            let weak = Rc::downgrade(self);
            move || {
                if let Some(intake) = weak.upgrade() {
                    action(&intake);
                }
            }
        };
        self.turns.replace(vec![
            Turn::before_sleep(event_loop, call(Intake::before_sleep))?,
            Turn::after_events(event_loop, call(Intake::woke))?,
        ]);
        Ok(())
    }

    fn before_sleep(&self) {
        // Only now, and not when they arrive: the loop reads from what it is given here at once. Between there and here
        // timers run, and while one of them takes its time the primary can still take the connections back.
        if self.arrived.replace(false) {
            self.take();
        }
        self.hear_asked();
        let counted = (self.javascript.counted)();
        self.page.set_open_connections(counted.open);
        self.page.set_requests(counted.requests);
        self.page.set_lag(counted.lag);
        let now = page::now_ns();
        let idle = self.event_loop.idle_time();
        self.page.set_idle(idle);
        self.slept.set((now, idle));
        self.page.sleep(now);
        self.awake_since.set(None);
        (self.javascript.tell_awake)(false);
    }

    /// Puts on the page that the loop is awake, unless it says so.
    pub fn wake(&self) {
        if self.awake_since.get().is_none() {
            let now = page::now_ns();
            self.page.set_idle(self.event_loop.idle_time());
            self.page.wake(now);
            self.awake_since.set(Some(now));
            (self.javascript.tell_awake)(true);
        }
    }

    /// Tells the dispatcher that a client is given this key, before the client has it. If there is no room for that, it
    /// waits for a moment; if there is none then, the client is taken for a new one later.
    pub fn claim(&self, key: Key) {
        let socket = self.socket.as_fd();
        let no_room = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        if ticket::claim(socket, key.number()).is_err_and(no_room) {
            let mut room = [PollFd::new(socket, PollFlags::POLLOUT)];
            let _ = poll(&mut room, ROOM_WITHIN);
            let _ = ticket::claim(socket, key.number());
        }
    }

    /// Takes no connection any more, for a process that exits: those in the queue are for others.
    pub fn stop(&self) {
        self.stopped.set(true);
        self.watch_queue(false);
        self.retry.replace(None);
    }

    fn woke(&self) {
        self.wake();
        // Callbacks for I/O have run before this one, while the page said that the loop is asleep.
        let (since, idle) = self.slept.get();
        let waited = self.event_loop.idle_time().saturating_sub(idle);
        let until = self.awake_since.get().unwrap_or_default();
        let ran = until.saturating_sub(since).saturating_sub(waited);
        if since > 0 && ran >= STALL_FROM {
            let ran = ran / 1000;
            self.page.add_stalled(ran.saturating_mul(ran));
        }
        // What gives a descriptor back, gives the loop a turn.
        if self.paused.get() && handoff::has_room(self.socket.as_fd()) {
            self.paused.set(false);
            self.watch_queue(self.refused.borrow().is_empty());
        }
    }

    /// How many kept-alive connections the dispatcher wants back now.
    pub fn asked(&self) -> u64 {
        self.page.asked().saturating_sub(self.moved.get())
    }

    fn hear_asked(&self) {
        let total = self.page.asked();
        if self.heard.replace(total) != total && self.asked() > 0 {
            self.asked.call(&[]);
        }
    }

    fn watch_queue(&self, yes: bool) {
        // Failing to watch is failing to serve: the primary takes back what waits.
        let _ = self.socket.watch(Interest {
            read: yes && !self.stopped.get(),
            write: false,
        });
    }

    fn take(&self) {
        for _ in 0..MOST_PER_TURN {
            if self.stopped.get() || !self.refused.borrow().is_empty() {
                return;
            }
            if self.is_narrow() && !handoff::has_room(self.socket.as_fd()) {
                return self.run_out();
            }
            match ticket::receive(self.socket.as_fd()) {
                Ok(Received::Connection { ticket, descriptor }) => {
                    self.page.add_taken();
                    let waited = page::now_ns().saturating_sub(ticket.since);
                    self.page
                        .add_waited(ticket.listener, bucket_of(waited), waited);
                    self.offer(ticket, descriptor, waited);
                }
                Ok(Received::OutOfDescriptors) => {
                    self.page.add_taken();
                    self.limit_is_low.set(true);
                    return self.run_out();
                }
                Ok(
                    Received::Nudge
                    | Received::Claim { .. }
                    | Received::Quiet { .. }
                    | Received::Malformed,
                ) => {
                    self.page.add_taken();
                }
                // The primary is gone; the channel says so too.
                Ok(Received::Closed) => return self.stop(),
                Err(_) => return,
            }
        }
    }

    /// Whether something waits to be taken.
    pub fn has_queued(&self) -> bool {
        !self.stopped.get() && handoff::has_message(self.socket.as_fd())
    }

    /// Whether some connections still wait to be sent back.
    pub fn is_giving_back(&self) -> bool {
        !self.refused.borrow().is_empty()
    }

    fn offer(&self, ticket: Ticket, descriptor: OwnedFd, waited: u64) {
        self.highest.set(descriptor.as_raw_fd() as u64);
        let arguments = [
            Argument::Number(ticket.listener.into()),
            Argument::Number(descriptor.as_raw_fd().into()),
            Argument::Number(u8::from(ticket.served).into()),
            Argument::Number(u8::from(ticket.unwanted).into()),
            Argument::Number(waited as f64 / 1e6),
        ];
        match self.connection.call(&arguments) {
            // It is JavaScript's now.
            Outcome::Returned(Some(true)) | Outcome::Threw => {
                socket::release(descriptor);
            }
            outcome @ (Outcome::Returned(_) | Outcome::NotCalled) => {
                let unwanted = matches!(outcome, Outcome::Returned(None));
                let ticket = Ticket { unwanted, ..ticket };
                // The primary is to know with how many open it was too much.
                self.page
                    .set_open_connections((self.javascript.counted)().open);
                self.refused.borrow_mut().push_back((ticket, descriptor));
                self.give_back();
            }
        }
    }

    /// Sends back what this worker can't serve, the way it came; whether nothing of it is left.
    fn give_back(&self) -> bool {
        let mut refused = self.refused.borrow_mut();
        while let Some((ticket, descriptor)) = refused.front() {
            match ticket::send(self.socket.as_fd(), *ticket, descriptor.as_fd()) {
                // The primary is gone, and the client is told by the end of its connection.
                Err(error)
                    if matches!(error.raw_os_error(), Some(libc::EPIPE | libc::ECONNRESET)) => {}
                Err(_) => {
                    drop(refused);
                    self.try_again_later();
                    return false;
                }
                Ok(()) => {}
            }
            refused.pop_front();
        }
        true
    }

    /// Gives back a connection of which this worker has answered all requests. It is to be closed if its client says nothing
    /// for that time. Whether there was room for it.
    pub fn move_back(
        &self,
        listener: u32,
        connection: BorrowedFd<'_>,
        idle: Option<Duration>,
    ) -> bool {
        let until = idle.map_or(0, |idle| {
            let idle = u64::try_from(idle.as_nanos()).unwrap_or(u64::MAX);
            page::now_ns().saturating_add(idle)
        });
        let sent = ticket::send_quiet(self.socket.as_fd(), listener, until, connection).is_ok();
        self.moved.set(self.moved.get() + u64::from(sent));
        sent
    }

    fn try_again_later(&self) {
        self.watch_queue(false);
        let this = self.this.clone();
        let again = move || {
            let Some(this) = this.upgrade() else { return };
            this.retry.replace(None);
            if this.give_back() {
                this.watch_queue(!this.paused.get());
            }
        };
        self.retry
            .replace(Turn::later(&self.event_loop, RETRY_AFTER, again).ok());
    }

    fn is_narrow(&self) -> bool {
        // Usually, descriptors 0 to 128 say nothing; asking for the limit costs as much as looking for room.
        (self.highest.get() > NARROW || self.limit_is_low.get())
            && getrlimit(Resource::RLIMIT_NOFILE)
                .is_ok_and(|(most, _)| self.highest.get().saturating_add(NARROW) >= most)
    }

    fn run_out(&self) {
        self.paused.set(true);
        self.watch_queue(false);
        self.exhausted.call(&[]);
    }
}
