//! The N-API surface of cluster-rs, and nothing but. What the objects here do is written in the modules below.
#![deny(unsafe_op_in_unsafe_fn)]

mod dispatch;
mod ipc;
mod primary;
#[allow(unsafe_code)]
mod sys;
mod worker;

use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use napi::bindgen_prelude::{BufferSlice, Function, Object};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Error, Result, Status};
use napi_derive::napi;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use tokio::sync::oneshot;

use crate::dispatch::{Arrival, Chooser, Key, Policy, Report, StickyBy, WorkerId};
use crate::ipc::channel::Draft;
use crate::ipc::control::{Family, FromWorker, Listening, Query};
use crate::ipc::delivery::Delivery;
use crate::ipc::frame::{Kind, LENGTH};
use crate::primary::WorkerControl;
use crate::primary::process::{Order, Started, environment_from, stdio_from};
use crate::sys::js::{Argument, Callback, Callbacks, SharedNumbers, Text};
use crate::sys::page::{self, Page};
use crate::sys::pidfd::{self, Exit};
use crate::sys::uv::{Loop, Turn, Uv};
use crate::sys::{socket, stream};
use crate::worker::intake::{Figures, Intake};
use crate::worker::{PrimaryControl, Questions};

/// Why the addon can't serve in this process, if it can't.
#[napi(catch_unwind)]
pub fn unsupported() -> Option<&'static str> {
    if Uv::get().is_none() {
        return Some("this host does not export libuv");
    }
    (!pidfd::has_pidfd()).then_some("this kernel has no pidfd_open (Linux 5.3 or newer is needed)")
}

/// Whether this process has a variable of that name.
#[napi(catch_unwind)]
pub fn has_variable(name: String) -> bool {
    std::env::var_os(name).is_some()
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

/// The number of the language that this addon's primaries and workers speak; both must speak the same.
#[napi(catch_unwind)]
pub fn protocol() -> u32 {
    primary::process::PROTOCOL
}

/// A folder that is locked for this process, until it is released or the process ends.
#[napi]
pub struct FolderLock(Option<Flock<File>>);

#[napi]
impl FolderLock {
    /// Lets others have it.
    #[napi(catch_unwind)]
    pub fn release(&mut self) {
        self.0 = None;
    }
}

/// Locks a folder; nothing if another process has locked it.
#[napi(catch_unwind)]
pub fn lock_folder(folder: String) -> Result<Option<FolderLock>> {
    let folder = File::open(folder).map_err(failed)?;
    match Flock::lock(folder, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(FolderLock(Some(lock)))),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, error)) => Err(failed(error.into())),
    }
}

/// Tells the manager of this service something: text for the socket that it has named. Whether it could be sent.
#[napi(catch_unwind)]
pub fn notify(socket: String, text: String) -> bool {
    primary::notify::notify(&socket, &text).is_ok()
}

/// Takes note of the end of a child process that has ended, and that nobody else waits for.
#[napi(catch_unwind)]
pub fn reap(pid: i32) {
    primary::process::reap(pid);
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

    /// Sends one message without the string `missing`, which must be well-formed. `text` is as for a handle.
    #[napi(catch_unwind)]
    pub fn send_incomplete(&self, text: Text, missing: Text, reported: bool) -> Result<f64> {
        let mut draft = self.0.draft();
        let payload = draft.payload();
        let begin = payload.len() + LENGTH;
        payload.resize(begin, 0);
        payload.push(b'[');
        text.append_to(payload)?;
        payload.push(b']');
        let length = (payload.len() - begin) as u32;
        payload[begin - LENGTH..begin].copy_from_slice(&length.to_le_bytes());
        missing.append_to(payload)?;
        self.send(Kind::Incomplete, draft, Vec::new(), reported)
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

/// The variables of a worker.
#[napi(object)]
pub struct Environment {
    /// Whether it has those of this process, unless they are among the following.
    pub inherits: bool,
    /// `NAME=value`.
    pub variables: Vec<String>,
    /// Names.
    pub removed: Vec<String>,
}

/// A worker to start.
#[napi(object)]
pub struct StartOptions {
    pub file: String,
    /// With the program's own name first.
    pub arguments: Vec<String>,
    pub environment: Environment,
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

/// What a worker says of itself.
#[napi(object)]
pub struct WorkerFigures {
    /// Connections that are open.
    pub connections: f64,
    /// HTTP requests that have begun, where they are counted.
    pub requests: f64,
    /// By how many milliseconds its last regular timer was late, where it has one.
    pub lag: f64,
    /// For how many milliseconds its loop has neither gone to sleep nor woken up.
    pub still_for: f64,
}

/// A connection that a worker is to be chosen for. Without addresses it comes through a Unix socket.
#[napi(object, object_from_js = false)]
pub struct ArrivingConnection {
    pub remote_address: Option<String>,
    pub remote_port: Option<u16>,
    pub local_address: Option<String>,
    pub local_port: Option<u16>,
}

impl From<Arrival> for ArrivingConnection {
    fn from(arrival: Arrival) -> Self {
        let address = |of: SocketAddr| of.ip().to_canonical().to_string();
        ArrivingConnection {
            remote_address: arrival.peer.map(address),
            remote_port: arrival.peer.map(|peer| peer.port()),
            local_address: arrival.local.map(address),
            local_port: arrival.local.map(|local| local.port()),
        }
    }
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

    /// How connections are dispatched: `rr`, `least`, `sticky`, or `none` to share the listeners that are opened from
    /// now on with the workers. `key` says what a client is recognised by: `ip`, `header:NAME`, `cookie:NAME` or
    /// `query:NAME`.
    #[napi(catch_unwind)]
    pub fn set_policy(&self, name: String, key: String) -> Result<()> {
        let policy = match name.as_str() {
            "none" => Some(None),
            "rr" => Some(Some(Policy::RoundRobin)),
            "least" => Some(Some(Policy::LeastConnections)),
            "sticky" => StickyBy::parse(&key).map(|by| Some(Policy::Sticky(by))),
            _ => None,
        };
        let policy = policy.ok_or_else(|| Error::new(Status::InvalidArg, "no such policy"))?;
        self.inner.set_policy(policy);
        Ok(())
    }

    /// Has `choose(arrival)` say the id of the worker for each connection from now on; nothing, or too late, for the
    /// next in turn. `null` gives the choice back to the policy.
    #[napi(catch_unwind)]
    pub fn set_chooser(
        &self,
        choose: Option<Function<'_, ArrivingConnection, Option<u32>>>,
    ) -> Result<()> {
        let chooser = match choose {
            None => None,
            Some(choose) => {
                let choose = choose.build_threadsafe_function().weak::<true>().build()?;
                let ask = move |arrival, answer: oneshot::Sender<Option<WorkerId>>| {
                    let arrival = ArrivingConnection::from(arrival);
                    let mode = ThreadsafeFunctionCallMode::NonBlocking;
                    choose.call_with_return_value(arrival, mode, move |worker, _| {
                        // Nobody waits for it any more, perhaps.
                        let _ = answer.send(worker.ok().flatten().map(WorkerId));
                        Ok(())
                    });
                };
                Some(Box::new(ask) as Chooser)
            }
        };
        self.inner.set_chooser(chooser).map_err(failed)
    }

    /// What worker `id` is to get: nothing while it is paused, and otherwise its share by weight.
    #[napi(catch_unwind)]
    pub fn set_share(&self, id: u32, paused: bool, weight: f64) {
        self.inner.set_share(id, paused, weight);
    }

    /// Whether each worker gets a UDP socket of its own from now on, among which the kernel spreads the senders.
    #[napi(catch_unwind)]
    pub fn set_spread_datagrams(&self, yes: bool) {
        self.inner.set_spread_datagrams(yes);
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

    /// What worker `id` says of itself; nothing if it is gone.
    #[napi(catch_unwind)]
    pub fn worker_figures(&self, id: u32) -> Option<WorkerFigures> {
        let page = self.inner.page(id)?;
        let (page::Loop::Awake { since_ns } | page::Loop::Asleep { since_ns }) = page.loop_state();
        Some(WorkerFigures {
            connections: page.open_connections() as f64,
            requests: page.requests() as f64,
            lag: page.lag() as f64,
            still_for: page::now_ns().saturating_sub(since_ns) as f64 / 1e6,
        })
    }

    /// Takes over a socket that this process was started with, for the server that wants to be where it is bound; whether
    /// it is one.
    #[napi(catch_unwind)]
    pub fn adopt(&self, fd: i32) -> bool {
        self.inner.adopt(fd).is_ok()
    }

    /// Where the sockets are bound that were taken over and that no server has asked for.
    #[napi(catch_unwind)]
    pub fn unused_sockets(&self) -> Vec<String> {
        self.inner.unused_sockets()
    }

    /// Whether listeners stay open when their last worker leaves, for those that come later.
    #[napi(catch_unwind)]
    pub fn keep_listeners(&self, yes: bool) {
        self.inner.keep_listeners(yes);
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
            environment: environment_from(
                options.environment.inherits,
                options.environment.variables,
                &options.environment.removed,
            ),
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
        let pid = started.process.as_ref().ok().map(|(pid, ..)| *pid);
        self.attend(&env, event_loop, id, started, &events)
            .inspect_err(|_| {
                if let Some(pid) = pid {
                    primary::process::abandon(pid);
                }
            })
    }

    /// Watches a worker that has been started.
    fn attend(
        &self,
        env: &Env,
        event_loop: Loop,
        id: u32,
        started: Started,
        events: &Object<'_>,
    ) -> Result<WorkerProcess> {
        let channel = ipc::channel::Channel::new(&event_loop, started.channel).map_err(failed)?;
        let control = WorkerControl::new(env, events, &self.inner, id)?;
        channel
            .start(Rc::new(Delivery::new(env, events, control)?))
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
                let exit = Callbacks::new(env, "CLUSTERWORKER")?.get(events, "onexit")?;
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
    /// and `Intake`; `numbers` is as for a primary, and has what JavaScript counts: open connections, HTTP
    /// requests, and the lag of the loop.
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
        let counted = SharedNumbers::new(&env, &numbers, LAG + 1)?;
        let figures = move || Figures {
            open: counted.get(OPEN_CONNECTIONS).into(),
            requests: counted.get(REQUESTS).into(),
            lag: counted.get(LAG).into(),
        };
        let intake = Intake::start(&env, &event_loop, take(handoff)?, page, &events, figures)?;
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

    /// Gives back a connection that is between two requests; `fd` stays the caller's. Whether there was room for it.
    #[napi(catch_unwind)]
    pub fn move_back(&self, listener: u32, fd: i32) -> bool {
        self.intake.move_back(listener, fd)
    }

    /// Whether connections that this worker could not serve still wait to be sent to the primary.
    #[napi(getter, catch_unwind)]
    pub fn is_giving_back(&self) -> bool {
        self.intake.is_giving_back()
    }

    /// Tells that a client has been given this, by which it is recognised later.
    #[napi(catch_unwind)]
    pub fn claim(&self, value: String) {
        self.intake.claim(Key::of(value.as_bytes()));
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

/// Where JavaScript finds the number of turns, and puts those that it counts.
const TURNS: usize = 0;
const OPEN_CONNECTIONS: usize = 1;
const REQUESTS: usize = 2;
const LAG: usize = 3;

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
