//! Connections, one at a time, from the handoff socket into JavaScript.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::rc::Rc;

use napi::Env;
use napi::bindgen_prelude::Object;
use nix::sys::resource::{Resource, getrlimit};

use crate::sys::handoff::{self, Received};
use crate::sys::js::{Argument, Callback, Callbacks, Outcome};
use crate::sys::page::{self, Page};
use crate::sys::socket;
use crate::sys::uv::{Interest, Loop, Poll, Turn};

/// How many connections are taken in one turn of the loop, so that what a busy handler blocks stays in the queue,
/// where the primary can take it back.
const MOST_PER_TURN: usize = 8;

/// How near to the limit of descriptors each connection is preceded by a look whether there is room for it.
const NARROW: u64 = 128;

/// The worker's end of its handoff socket.
pub struct Intake {
    // Before the socket, which must be open as long as it is polled.
    poll: RefCell<Option<Poll>>,
    turns: RefCell<Vec<Turn>>,
    socket: OwnedFd,
    page: Page,
    /// How many connections are open.
    open: Box<dyn Fn() -> u64>,
    /// `onconnection(listener, fd)` gives `false` to refuse; otherwise the descriptor is JavaScript's.
    connection: Callback,
    /// `onexhausted()`: there is no descriptor left for a connection.
    exhausted: Callback,
    /// Whether there is something to take.
    arrived: Cell<bool>,
    /// Whether nothing is taken until there are descriptors again.
    paused: Cell<bool>,
    /// The highest number that a connection had lately: the kernel gives the lowest that is free.
    highest: Cell<u64>,
}

impl Intake {
    /// Begins to take connections. `events` has the two functions; `open` tells how many connections are open.
    pub fn start(
        env: &Env,
        event_loop: &Loop,
        socket: OwnedFd,
        page: Page,
        events: &Object<'_>,
        open: impl Fn() -> u64 + 'static,
    ) -> napi::Result<Rc<Intake>> {
        let callbacks = Callbacks::new(env, "CLUSTERINTAKE")?;
        let intake = Rc::new(Intake {
            poll: RefCell::new(None),
            turns: RefCell::default(),
            socket,
            page,
            open: Box::new(open),
            connection: callbacks.get(events, "onconnection")?,
            exhausted: callbacks.get(events, "onexhausted")?,
            arrived: Cell::new(false),
            paused: Cell::new(false),
            highest: Cell::new(0),
        });
        intake.watch(event_loop)?;
        Ok(intake)
    }

    fn watch(self: &Rc<Intake>, event_loop: &Loop) -> io::Result<()> {
        let call = |action: fn(&Intake)| {
            let weak = Rc::downgrade(self);
            move || {
                if let Some(intake) = weak.upgrade() {
                    action(&intake);
                }
            }
        };
        let arrived = call(|intake| intake.arrived.set(true));
        let poll = Poll::new(event_loop, self.socket.as_fd(), move |_| arrived())?;
        poll.watch(Interest {
            read: true,
            write: false,
        })?;
        // A server keeps the process alive; its connections on their way do not.
        poll.keep_alive(false);
        self.poll.replace(Some(poll));
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
        self.page.set_open_connections((self.open)());
        self.page.sleep(page::now_ns());
    }

    fn woke(&self) {
        self.page.wake(page::now_ns());
        // What gives a descriptor back, gives the loop a turn.
        if self.paused.get() && handoff::has_room(self.socket.as_fd()) {
            self.pause(false);
        }
    }

    fn pause(&self, yes: bool) {
        self.paused.set(yes);
        if let Some(poll) = self.poll.borrow().as_ref() {
            // Failing to watch is failing to serve: the primary takes back what waits.
            let _ = poll.watch(Interest {
                read: !yes,
                write: false,
            });
        }
    }

    fn take(&self) {
        for _ in 0..MOST_PER_TURN {
            if self.is_narrow() && !handoff::has_room(self.socket.as_fd()) {
                return self.run_out();
            }
            match handoff::receive(self.socket.as_fd()) {
                Ok(Received::Connection {
                    listener,
                    descriptor,
                }) => {
                    self.page.add_taken();
                    self.offer(listener, descriptor);
                }
                Ok(Received::OutOfDescriptors) => {
                    self.page.add_taken();
                    self.highest.set(u64::MAX);
                    return self.run_out();
                }
                Ok(Received::Nudge | Received::Malformed) => self.page.add_taken(),
                // The primary is gone; the channel says so too.
                Ok(Received::Closed) => return self.pause(true),
                Err(_) => return,
            }
        }
    }

    fn offer(&self, listener: u32, descriptor: OwnedFd) {
        self.highest.set(descriptor.as_raw_fd() as u64);
        let number = socket::release(descriptor);
        let arguments = [
            Argument::Number(listener.into()),
            Argument::Number(number.into()),
        ];
        if self.connection.call(&arguments) == Outcome::Returned(false)
            && let Some(descriptor) = socket::reclaim(number)
        {
            // Back the way it came. If that fails, the client sees its connection end.
            let _ = handoff::send(self.socket.as_fd(), listener, descriptor.as_fd());
        }
    }

    fn is_narrow(&self) -> bool {
        // Descriptors 0 to 128 say nothing; asking for the limit costs as much as looking for room.
        self.highest.get() > NARROW
            && getrlimit(Resource::RLIMIT_NOFILE)
                .is_ok_and(|(most, _)| self.highest.get().saturating_add(NARROW) >= most)
    }

    fn run_out(&self) {
        self.pause(true);
        self.exhausted.call(&[]);
    }
}
