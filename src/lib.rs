//! The N-API surface of cluster-rs, and nothing but. What the objects here do is written in the modules below.
#![deny(unsafe_op_in_unsafe_fn)]

mod dispatch;
mod ipc;
mod primary;
#[allow(unsafe_code)]
mod sys;
mod worker;

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use napi::bindgen_prelude::{BufferSlice, Function, Object};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Error, Result, Status};
use napi_derive::napi;

use crate::dispatch::{Policy, Report};
use crate::ipc::channel::Draft;
use crate::ipc::control::{Family, FromWorker, Listening, Query};
use crate::ipc::delivery::Delivery;
use crate::ipc::frame::Kind;
use crate::primary::WorkerControl;
use crate::primary::process::{Order, stdio_from};
use crate::sys::js::{Argument, Callback, Callbacks, SharedNumbers, Text};
use crate::sys::page::Page;
use crate::sys::pidfd::{self, Exit};
use crate::sys::uv::{Loop, Turn, Uv};
use crate::sys::{socket, stream};
use crate::worker::intake::Intake;
use crate::worker::{PrimaryControl, Questions};

/// Why the addon can't serve in this process, if it can't.
#[napi(catch_unwind)]
pub fn unsupported() -> Option<&'static str> {
    if Uv::get().is_none() {
        return Some("this host does not export libuv");
    }
    (!pidfd::has_pidfd()).then_some("this kernel has no pidfd_open (Linux 5.3 or newer is needed)")
}

/// A socket that nothing is done with, as a descriptor for the caller: TCP, or else a Unix stream socket.
#[napi(catch_unwind)]
pub fn blank_socket(tcp: bool) -> Result<i32> {
    let made = if tcp {
        socket::blank_tcp()
    } else {
        stream::pair().map(|(one, _)| one)
    };
    Ok(socket::release(made.map_err(failed)?))
}

/// One end of a channel.
///
/// The methods that send give how many bytes wait in this process afterwards, 0 if all is written, or a negative
/// errno. With `reported`, a frame that has to wait is counted in `onwritten` once it is written.
#[napi]
pub struct Channel(ipc::channel::Channel);

#[napi]
impl Channel {
    /// Sends messages, given as JSON separated by commas.
    #[napi(catch_unwind)]
    pub fn send_messages(&self, text: Text, reported: bool) -> Result<f64> {
        self.send(Kind::Messages, self.array(&text)?, Vec::new(), reported)
    }

    /// Sends one message that is a string, which must be well-formed.
    #[napi(catch_unwind)]
    pub fn send_text(&self, text: Text, reported: bool) -> Result<f64> {
        let mut draft = self.0.draft();
        text.append_to(draft.payload())?;
        self.send(Kind::Text, draft, Vec::new(), reported)
    }

    /// Sends one structured-clone message.
    #[napi(catch_unwind)]
    pub fn send_advanced(&self, bytes: BufferSlice<'_>, reported: bool) -> Result<f64> {
        self.send(Kind::Advanced, self.copy(&bytes), Vec::new(), reported)
    }

    /// Sends a message and its handle's description, given as JSON separated by a comma, and a duplicate of the descriptor `fd`.
    #[napi(catch_unwind)]
    pub fn send_handle(&self, text: Text, fd: i32, reported: bool) -> Result<f64> {
        match socket::duplicate(fd) {
            Ok(descriptor) => {
                self.send(Kind::Handle, self.array(&text)?, vec![descriptor], reported)
            }
            Err(error) => Ok(errno(&error)),
        }
    }

    /// The same for a structured-clone message.
    #[napi(catch_unwind)]
    pub fn send_advanced_handle(
        &self,
        bytes: BufferSlice<'_>,
        fd: i32,
        reported: bool,
    ) -> Result<f64> {
        match socket::duplicate(fd) {
            Ok(descriptor) => self.send(
                Kind::AdvancedHandle,
                self.copy(&bytes),
                vec![descriptor],
                reported,
            ),
            Err(error) => Ok(errno(&error)),
        }
    }

    fn send(
        &self,
        kind: Kind,
        draft: Draft,
        descriptors: Vec<OwnedFd>,
        reported: bool,
    ) -> Result<f64> {
        Ok(match self.0.send(kind, draft, descriptors, reported) {
            Ok(sent) => sent.waiting as f64,
            Err(error) => errno(&error),
        })
    }

    /// A JSON array of the values in `text`, which are separated by commas.
    fn array(&self, text: &Text) -> Result<Draft> {
        let mut draft = self.0.draft();
        draft.payload().push(b'[');
        text.append_to(draft.payload())?;
        draft.payload().push(b']');
        Ok(draft)
    }

    fn copy(&self, bytes: &[u8]) -> Draft {
        let mut draft = self.0.draft();
        draft.payload().extend_from_slice(bytes);
        draft
    }

    /// Whether the channel keeps the process alive.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, yes: bool) {
        self.0.keep_alive(yes);
    }

    /// Writes what waits, for a process that exits. Gives up when the other end takes nothing for so many milliseconds.
    #[napi(catch_unwind)]
    pub fn flush(&self, patience: u16) {
        self.0.flush(patience);
    }

    /// Reads no more, and closes once everything is written.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.0.close();
    }

    /// The number of the socket.
    #[napi(getter, catch_unwind)]
    pub fn fd(&self) -> i32 {
        self.0.number()
    }
}

/// A worker to start.
#[napi(object)]
pub struct StartOptions {
    pub file: String,
    /// With the program's own name first.
    pub arguments: Vec<String>,
    /// `NAME=value`.
    pub environment: Vec<String>,
    pub folder: Option<String>,
    /// A descriptor of this process, or -1 to ignore, -2 for a pipe, -3 for the channel.
    pub stdio: Vec<i32>,
    /// `serialization: 'advanced'`.
    pub advanced: bool,
    pub user: Option<u32>,
    pub group: Option<u32>,
}

/// What has become of the connections that were dispatched.
#[napi(object)]
pub struct DispatchFigures {
    /// Accepted from the kernel.
    pub accepted: f64,
    /// Taken by a worker.
    pub taken: f64,
    /// Taken back from the queue of a worker that was stuck, left or died.
    pub taken_back: f64,
    /// Given back by a worker that could not serve them, or is drained.
    pub given_back: f64,
    /// Closed, because no server for them was left.
    pub closed: f64,
    /// In the queues of the workers now.
    pub queued: f64,
    /// In the primary now, because no worker can take them.
    pub waiting: f64,
}

/// All that a primary knows of its workers and listeners.
#[napi]
pub struct Primary {
    inner: Rc<primary::Primary>,
    _turns: Turn,
}

#[napi]
impl Primary {
    /// `numbers` is an `ArrayBuffer` whose first `Uint32` counts the turns of the loop; `warn(text)` hears what the
    /// dispatcher has to say.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, numbers: Object<'_>, warn: Function<'_, String, ()>) -> Result<Primary> {
        let warn = warn.build_threadsafe_function().weak::<true>().build()?;
        let tell = move |report: Report| {
            let text = match report {
                Report::Exhausted { errno } => format!("Accepting connections pauses: {errno}"),
                Report::Broken { worker } => {
                    format!("Worker {} has broken its handoff socket", worker.0)
                }
                Report::Failed { errno } => format!("A descriptor can't be watched: {errno}"),
            };
            warn.call(text, ThreadsafeFunctionCallMode::NonBlocking);
        };
        Ok(Primary {
            inner: primary::Primary::new(tell),
            _turns: count_turns(&env, &numbers)?,
        })
    }

    /// How connections of listeners opened from now on are dispatched: `rr`, `least`, or `none` to share the listeners
    /// with the workers.
    #[napi(catch_unwind)]
    pub fn set_policy(&self, name: String) -> Result<()> {
        self.inner.set_policy(match name.as_str() {
            "none" => None,
            "rr" => Some(Policy::RoundRobin),
            "least" => Some(Policy::LeastConnections),
            _ => return Err(Error::new(Status::InvalidArg, "no such policy")),
        });
        Ok(())
    }

    /// For how long, in milliseconds, a connection may wait in the queue of a worker before it goes to another that
    /// is free.
    #[napi(catch_unwind)]
    pub fn set_take_back_after(&self, milliseconds: u32) {
        self.inner
            .set_take_back_after(Duration::from_millis(milliseconds.into()));
    }

    /// What has become of the connections so far.
    #[napi(catch_unwind)]
    pub fn figures(&self) -> DispatchFigures {
        let figures = self.inner.figures();
        DispatchFigures {
            accepted: figures.accepted as f64,
            taken: figures.taken as f64,
            taken_back: figures.taken_back as f64,
            given_back: figures.given_back as f64,
            closed: figures.closed as f64,
            queued: figures.queued() as f64,
            waiting: figures.waiting as f64,
        }
    }

    /// The id of the next worker.
    #[napi(catch_unwind)]
    pub fn next_worker(&self) -> u32 {
        self.inner.next_worker()
    }

    /// Starts worker `id`. `events` has the functions of `Delivery` and `WorkerControl`, and `onexit(code, signal)`,
    /// each -1 where the other one says how the process ended.
    #[napi(catch_unwind)]
    pub fn start(
        &self,
        env: Env,
        id: u32,
        options: StartOptions,
        events: Object<'_>,
    ) -> Result<WorkerProcess> {
        let order = Order {
            file: options.file,
            arguments: options.arguments,
            environment: options.environment,
            folder: options.folder,
            stdio: options.stdio.into_iter().map(stdio_from).collect(),
            advanced: options.advanced,
            user: options.user,
            group: options.group,
        };
        let event_loop = Loop::of(&env).map_err(failed)?;
        let started = match primary::process::start(order) {
            Ok(started) => started,
            Err(error) => return Ok(WorkerProcess::failed(&error)),
        };
        let channel = ipc::channel::Channel::new(&event_loop, started.channel).map_err(failed)?;
        let control = WorkerControl::new(&env, &events, &self.inner, id)?;
        channel
            .start(Rc::new(Delivery::new(&env, &events, control)?))
            .map_err(failed)?;
        let mut worker = WorkerProcess {
            errno: 0,
            channel: Some(channel.clone()),
            process: None,
            pipes: started
                .pipes
                .into_iter()
                .map(|pipe| pipe.map_or(-1, socket::release))
                .collect(),
        };
        match started.process {
            Ok((pid, pidfd, seat)) => {
                let exit = Callbacks::new(&env, "CLUSTERWORKER")?.get(&events, "onexit")?;
                let ended = self.ended(id, channel.clone(), exit);
                let process = primary::process::Process::watch(&event_loop, pid, pidfd, ended)
                    .map_err(failed)?;
                self.inner.add_worker(id, channel, seat);
                worker.process = Some(process);
            }
            Err(error) => worker.errno = errno(&error) as i32,
        }
        Ok(worker)
    }

    /// What follows the end of a worker's process: first all that it has sent, then the exit.
    fn ended(
        &self,
        id: u32,
        channel: ipc::channel::Channel,
        exit: Callback,
    ) -> impl Fn(Exit) + 'static {
        let primary = Rc::downgrade(&self.inner);
        move |how| {
            channel.read_rest();
            if let Some(primary) = primary.upgrade() {
                primary.remove_worker(id);
            }
            let (code, signal) = match how {
                Exit::Code(code) => (code, -1),
                Exit::Signal(signal) => (-1, signal),
            };
            exit.call(&[
                Argument::Number(code.into()),
                Argument::Number(signal.into()),
            ]);
        }
    }

    /// Asks worker `id` to close its servers and to leave; it gets no connection from now on.
    #[napi(catch_unwind)]
    pub fn disconnect(&self, id: u32) {
        self.inner.disconnect(id);
    }

    /// Asks worker `id` to finish what it has and to end; it gets no connection from now on. `moves`: its kept-alive
    /// connections go to other workers.
    #[napi(catch_unwind)]
    pub fn drain(&self, id: u32, moves: bool) {
        self.inner.drain(id, moves);
    }

    /// Takes worker `id` out of all its listeners.
    #[napi(catch_unwind)]
    pub fn leave_all(&self, id: u32) {
        self.inner.leave_all(id);
    }

    /// Closes every listener and ends the dispatcher's thread, for a primary that exits.
    #[napi(catch_unwind)]
    pub fn shut_down(&self) {
        self.inner.shut_down();
    }
}

/// A worker that was started, or why it could not be.
#[napi]
pub struct WorkerProcess {
    errno: i32,
    channel: Option<ipc::channel::Channel>,
    process: Option<Rc<primary::process::Process>>,
    pipes: Vec<i32>,
}

#[napi]
impl WorkerProcess {
    fn failed(error: &std::io::Error) -> WorkerProcess {
        WorkerProcess {
            errno: errno(error) as i32,
            channel: None,
            process: None,
            pipes: Vec::new(),
        }
    }

    /// 0, or the negative errno with which starting the process failed.
    #[napi(getter, catch_unwind)]
    pub fn errno(&self) -> i32 {
        self.errno
    }

    /// The process id.
    #[napi(getter, catch_unwind)]
    pub fn pid(&self) -> Option<i32> {
        Some(self.process.as_ref()?.pid().as_raw())
    }

    /// The primary's ends of the pipes at their places in `stdio`, -1 elsewhere. The caller owns them.
    #[napi(getter, catch_unwind)]
    pub fn pipes(&self) -> Vec<i32> {
        self.pipes.clone()
    }

    /// The primary's end of the channel; none if there were no descriptors for it.
    #[napi(getter, catch_unwind)]
    pub fn channel(&self) -> Option<Channel> {
        self.channel.clone().map(Channel)
    }

    /// Sends a signal by its number: 0, or a negative errno.
    #[napi(catch_unwind)]
    pub fn kill(&self, signal: i32) -> i32 {
        match self.process.as_ref().map(|process| process.kill(signal)) {
            Some(Ok(())) => 0,
            Some(Err(errno)) => -(errno as i32),
            None => -libc::ESRCH,
        }
    }

    /// Whether waiting for the process's end keeps this process alive.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, yes: bool) {
        if let Some(process) = &self.process {
            process.keep_alive(yes);
        }
    }
}

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
    channel: ipc::channel::Channel,
    questions: Questions,
    intake: Rc<Intake>,
    _turns: Turn,
}

#[napi]
impl Worker {
    /// Takes over the descriptors that the primary gave. `events` has the functions of `Delivery`, `PrimaryControl`
    /// and `Intake`; `numbers` is as for a primary, with the number of open connections, which JavaScript counts, second.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        numbers: Object<'_>,
        channel: i32,
        handoff: i32,
        page: i32,
        events: Object<'_>,
    ) -> Result<Worker> {
        let take = |number| socket::take_inherited(number).map_err(failed);
        let event_loop = Loop::of(&env).map_err(failed)?;
        let channel = ipc::channel::Channel::new(&event_loop, take(channel)?).map_err(failed)?;
        let page = Page::open(take(page)?).map_err(failed)?;
        let open = SharedNumbers::new(&env, &numbers, OPEN_CONNECTIONS + 1)?;
        let open = move || open.get(OPEN_CONNECTIONS).into();
        let intake = Intake::start(&env, &event_loop, take(handoff)?, page, &events, open)?;
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
            _turns: count_turns(&env, &numbers)?,
        })
    }

    /// The worker's end of the channel.
    #[napi(getter, catch_unwind)]
    pub fn channel(&self) -> Channel {
        Channel(self.channel.clone())
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

    /// Tells that the worker's server of this listener is closed.
    #[napi(catch_unwind)]
    pub fn close_server(&self, listener: u32) {
        self.questions.tell(&FromWorker::Close { listener });
    }

    /// Gives back a connection that is between two requests; `fd` stays the caller's. Whether there was room for it.
    #[napi(catch_unwind)]
    pub fn move_back(&self, listener: u32, fd: i32) -> bool {
        socket::duplicate(fd).is_ok_and(|descriptor| self.intake.move_back(listener, descriptor))
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

/// Where JavaScript finds the number of turns, and puts that of open connections.
const TURNS: usize = 0;
const OPEN_CONNECTIONS: usize = 1;

fn count_turns(env: &Env, numbers: &Object<'_>) -> Result<Turn> {
    let numbers = SharedNumbers::new(env, numbers, TURNS + 1)?;
    let event_loop = Loop::of(env).map_err(failed)?;
    Turn::after_events(&event_loop, move || numbers.increment(TURNS)).map_err(failed)
}

fn failed(error: std::io::Error) -> Error {
    Error::new(Status::GenericFailure, error.to_string())
}

/// As JavaScript gets it: negative.
fn errno(error: &std::io::Error) -> f64 {
    let code = match (error.raw_os_error(), error.kind()) {
        (Some(code), _) => code,
        (None, std::io::ErrorKind::FileTooLarge) => libc::EMSGSIZE,
        (None, std::io::ErrorKind::InvalidInput) => libc::EINVAL,
        (None, _) => libc::EPIPE,
    };
    -f64::from(code)
}
