//! A worker, as its own JavaScript sees it.

use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Duration;

use napi::bindgen_prelude::Object;
use napi::{Env, Result};
use napi_derive::napi;

use super::channel::Channel;
use super::text_channel::{KEEPER, TextChannel};
use super::{AWAKE, LAG, OPEN_CONNECTIONS, REQUESTS, count_turns, failed};
use crate::dispatch::Key;
use crate::ipc::channel;
use crate::ipc::control::{Family, FromWorker, Listening, Query};
use crate::ipc::delivery::Delivery;
use crate::sys::js::{GivenDescriptor, LentDescriptor, SharedNumbers};
use crate::sys::page::Page;
use crate::sys::uv::{Loop, Turn};
use crate::sys::{pidfd, socket};
use crate::worker::intake::{Counted, Intake, JavaScript};
use crate::worker::{PrimaryControl, Questions, deadline};

/// What a server of a worker wants to listen on.
#[napi(object)]
pub struct QueryOptions {
    pub address: Option<String>,
    pub port: Option<i32>,
    /// `addressType` as text: `4`, `6`, `-1`, `udp4`, `udp6`; anything else for a descriptor.
    pub family: String,
    pub fd: Option<i32>,
    pub flags: u32,
    pub backlog: i32,
    pub readable_all: bool,
    pub writable_all: bool,
    pub index: u32,
    pub data: Option<String>,
}

/// This process, as a worker of its primary.
#[napi]
pub struct Worker {
    channel: channel::Channel,
    questions: Questions,
    intake: Rc<Intake>,
    /// The id of the primary's process, where that can be seen from here.
    primary: Option<u32>,
    _turns: Turn,
}

#[napi]
impl Worker {
    /// Takes over the descriptors that the primary gave. `events` has the functions of `Delivery`, `PrimaryControl`
    /// and `Intake`; `numbers` is as for a primary, and has what JavaScript counts: open connections, HTTP
    /// requests, and the lag of the loop; and what it is told: whether the page says that the loop is awake.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        numbers: Object<'_>,
        channel: GivenDescriptor,
        handoff: GivenDescriptor,
        page: GivenDescriptor,
        events: Object<'_>,
    ) -> Result<Worker> {
        let take = |given: GivenDescriptor| given.take().map_err(failed);
        let event_loop = Loop::of(&env).map_err(failed)?;
        let channel = take(channel)?;
        let primary = socket::maker(channel.as_fd());
        let channel = channel::Channel::new(&event_loop, channel).map_err(failed)?;
        let page = Page::open(take(page)?).map_err(failed)?;
        let shared = Rc::new(SharedNumbers::new(&env, &numbers, AWAKE + 1)?);
        let told = Rc::clone(&shared);
        let javascript = JavaScript {
            counted: Box::new(move || Counted {
                open: shared.get(OPEN_CONNECTIONS).into(),
                requests: shared.get(REQUESTS).into(),
                lag: shared.get(LAG).into(),
            }),
            tell_awake: Box::new(move |yes| told.set(AWAKE, yes.into())),
        };
        let intake = Intake::start(&env, &event_loop, take(handoff)?, page, &events, javascript)?;
        let control = PrimaryControl::new(&env, &events)?;
        channel
            .start(Rc::new(Delivery::new(&env, &events, control)?))
            .map_err(failed)?;
        let questions = Questions::new(channel.clone());
        questions.tell(&FromWorker::Online);
        Ok(Worker {
            channel,
            questions,
            intake,
            primary,
            _turns: count_turns(&env, &numbers)?,
        })
    }

    /// The worker's end of the channel.
    #[napi(getter, catch_unwind)]
    pub fn channel(&self) -> Channel {
        Channel(self.channel.clone())
    }

    /// A way to the keeper. `events` has the functions of a [`TextChannel`].
    #[napi(catch_unwind)]
    pub fn keeper(&self, env: Env, events: Object<'_>) -> Result<TextChannel> {
        TextChannel::open(
            &env,
            KEEPER,
            self.questions.keeper().map_err(failed)?,
            &events,
        )
    }

    /// Asks for a listener. Gives the number that `onanswer` will have.
    #[napi(catch_unwind)]
    pub fn query(&self, options: QueryOptions) -> u32 {
        self.questions.query(Query {
            address: options.address,
            port: options.port,
            family: family(&options.family),
            fd: options.fd,
            flags: options.flags,
            backlog: options.backlog,
            readable_all: options.readable_all,
            writable_all: options.writable_all,
            index: options.index,
            data: options.data,
        })
    }

    /// Tells that a server listens now; `family` as in a query.
    #[napi(catch_unwind)]
    pub fn listening(
        &self,
        kind: String,
        address: Option<String>,
        port: Option<i32>,
        fd: Option<i32>,
    ) {
        let listening = Listening {
            family: family(&kind),
            address,
            port,
            fd,
        };
        self.questions.tell(&FromWorker::Listening(listening));
    }

    /// Tells that the program can do its work now.
    #[napi(catch_unwind)]
    pub fn ready(&self) {
        self.questions.tell(&FromWorker::Ready);
    }

    /// Tells that the worker's server of this listener is closed.
    #[napi(catch_unwind)]
    pub fn close_server(&self, listener: u32) {
        self.questions.tell(&FromWorker::Close { listener });
    }

    /// Gives back a connection that is between two requests; `fd` stays the caller's. It is closed if its client says nothing
    /// for so many milliseconds; never, if none are given. Whether there was room for it.
    #[napi(catch_unwind)]
    pub fn move_back(&self, listener: u32, fd: LentDescriptor<'_>, idle: Option<u32>) -> bool {
        let idle = idle.map(|idle| Duration::from_millis(idle.into()));
        fd.get()
            .is_ok_and(|fd| self.intake.move_back(listener, fd, idle))
    }

    /// How many connections between two requests the dispatcher wants back.
    #[napi(getter, catch_unwind)]
    pub fn asked(&self) -> f64 {
        self.intake.asked() as f64
    }

    /// Whether connections that this worker could not serve still wait to be sent to the primary.
    #[napi(getter, catch_unwind)]
    pub fn is_giving_back(&self) -> bool {
        self.intake.is_giving_back()
    }

    /// Whether connections wait in the queue of this worker.
    #[napi(getter, catch_unwind)]
    pub fn has_queued(&self) -> bool {
        self.intake.has_queued()
    }

    /// Has this process killed so many milliseconds after its primary has ended, also where the event loop is blocked. Whether
    /// that can be known.
    #[napi(catch_unwind)]
    pub fn outlive_by(&self, time: f64) -> bool {
        let time = Duration::try_from_secs_f64(time / 1000.0);
        let primary = self.primary.and_then(|pid| pidfd::open(pid).ok());
        match (time, primary) {
            (Ok(time), Some(primary)) => deadline::follow(primary, time).is_ok(),
            _ => false,
        }
    }

    /// Tells that a client has been given this, by which it is recognised later.
    #[napi(catch_unwind)]
    pub fn claim(&self, value: String) {
        self.intake.claim(Key::of(value.as_bytes()));
    }

    /// Puts on the page that the loop is awake. For callbacks for I/O, which run before libuv says that it is.
    #[napi(catch_unwind)]
    pub fn wake(&self) {
        self.intake.wake();
    }

    /// Takes no connection any more, for a process that exits.
    #[napi(catch_unwind)]
    pub fn stop_intake(&self) {
        self.intake.stop();
    }

    /// Tells that the worker leaves of its own will; `onleavenoted` answers.
    #[napi(catch_unwind)]
    pub fn leaving(&self) {
        self.questions.tell(&FromWorker::Leaving);
    }
}

fn family(text: &str) -> Family {
    match text {
        "4" => Family::Tcp4,
        "6" => Family::Tcp6,
        "-1" => Family::Unix,
        "udp4" => Family::Udp4,
        "udp6" => Family::Udp6,
        _ => Family::Unknown,
    }
}
