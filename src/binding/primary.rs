//! A primary and the processes of its workers, as JavaScript sees them.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{FnArgs, Function, Object};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Error, Result, Status};
use napi_derive::napi;

use super::channel::Channel;
use super::text_channel::{KEEPER, SUCCESSION, TextChannel};
use super::{count_turns, errno, failed};
use crate::admin::{Family, Gathered, Member};
use crate::dispatch::{Arrival, Chooser, Place, Policy, Report, StickyBy, WorkerId};
use crate::ipc::queue_time::{BOUNDS, QueueTimes};
use crate::ipc::{channel, delivery::Delivery};
use crate::primary::asked::Asked;
use crate::primary::process::{self, Order, Started, stdio_from};
use crate::primary::worker::Share;
use crate::primary::{self, WorkerControl, admin, succession};
use crate::sys::js::{Argument, AsyncContext, Callback, GivenDescriptor};
use crate::sys::page;
use crate::sys::pidfd::Exit;
use crate::sys::uv::{Loop, Turn};
use crate::sys::{socket, stream};

/// A worker to start.
#[napi(object)]
pub struct StartOptions {
    pub file: String,
    /// With the program's own name first.
    pub args: Vec<String>,
    /// `NAME=value`, the whole of it.
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
    /// Given back by a worker that could not serve them.
    pub given_back: f64,
    /// Given back by a worker between two requests, to be parked.
    pub moved: f64,
    /// Between two requests, and waiting in the primary for their clients to speak.
    pub parked: f64,
    /// Closed: no server for them was left, or, while they were parked, their clients hung up or their idle time was over.
    pub closed: f64,
    /// Those of the closed that had to make room for others while they were parked.
    pub evicted: f64,
    /// Those of the closed that had waited too long for a worker, and were refused.
    pub shed: f64,
    pub listeners: Vec<ListenerFigures>,
    /// In the queues of the workers now.
    pub queued: f64,
    /// In the primary now, because no worker can take them.
    pub waiting: f64,
}

/// How long the connections of a listener have waited for a worker.
#[napi(object)]
pub struct ListenerFigures {
    /// Where it listens: an address, or the path of a Unix socket.
    pub address: Option<String>,
    pub port: Option<u16>,
    pub queue_time: QueueTime,
}

/// Times, counted. The bounds of the buckets are those of [`queue_time_bounds`].
#[napi(object)]
pub struct QueueTime {
    pub count: f64,
    /// In milliseconds.
    pub sum: f64,
    pub buckets: Vec<f64>,
}

impl From<((Option<String>, Option<u16>), QueueTimes)> for ListenerFigures {
    fn from(((address, port), times): ((Option<String>, Option<u16>), QueueTimes)) -> Self {
        ListenerFigures {
            address,
            port,
            queue_time: QueueTime {
                count: times.count() as f64,
                sum: times.sum as f64 / 1e6,
                buckets: times.buckets.map(|count| count as f64).to_vec(),
            },
        }
    }
}

/// Up to how many milliseconds each bucket of a [`QueueTime`] counts, but the last.
#[napi(catch_unwind)]
pub fn queue_time_bounds() -> Vec<f64> {
    BOUNDS.iter().map(|&bound| bound as f64 / 1e6).collect()
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
    /// For how many milliseconds its loop has waited for events until now, all in all.
    pub idle: f64,
    /// How long its connections have waited for it.
    pub listeners: Vec<ListenerFigures>,
}

/// What a supervisor tells of itself on the admin port.
#[napi(object)]
pub struct Supervision {
    pub members: Vec<SupervisedWorker>,
    /// How many workers are to be in service.
    pub size: u32,
    /// How few and how many that may be, where it follows the load.
    pub min: u32,
    pub max: u32,
    /// Whether all have been in service once.
    pub was_ready: bool,
    /// Whether it is about to stop.
    pub is_stopping: bool,
    /// Whether no worker is left, and none is started any more.
    pub has_given_up: bool,
}

/// A worker under supervision.
#[napi(object)]
pub struct SupervisedWorker {
    pub id: u32,
    pub pid: i32,
    /// `starting`, `ready`, `spare` or `draining`.
    pub state: String,
}

/// A metric of the application's, with its samples in the text format of Prometheus.
#[napi(object)]
pub struct MetricFamily {
    pub name: String,
    pub text: String,
}

/// Where the admin port is, or why there is none.
#[napi(object)]
pub struct OpenedAdmin {
    /// 0, or a negative error number.
    pub errno: f64,
    /// `127.0.0.1:9464`, or a path.
    pub name: Option<String>,
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
    /// What the program's own scheduler is asked.
    asked: RefCell<Arc<Asked>>,
    _turns: Turn,
}

#[napi]
impl Primary {
    /// `numbers` is an `ArrayBuffer` whose first `Uint32` counts the turns of the loop; `hear(text, panicked)` hears what
    /// the dispatcher has to say; if it has panicked, it is the last. `permission`, if there is anything to be asked, has the
    /// function `onask` of [`primary::Primary::new`].
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        numbers: Object<'_>,
        hear: Function<'_, FnArgs<(String, bool)>, ()>,
        permission: Option<Object<'_>>,
    ) -> Result<Primary> {
        let ask =
            |permission| AsyncContext::new(&env, "CLUSTERWORKER")?.callback(&permission, "onask");
        let hear = hear.build_threadsafe_function().weak::<true>().build()?;
        let tell = move |report: Report| {
            let said = match report {
                Report::Exhausted { errno } => {
                    (format!("Accepting connections pauses: {errno}"), false)
                }
                Report::Broken { worker } => {
                    let text = format!("Worker {} has broken its handoff socket", worker.0);
                    (text, false)
                }
                Report::Failed { errno } => {
                    (format!("A descriptor can't be watched: {errno}"), false)
                }
                Report::Unbound {
                    worker,
                    address,
                    port,
                    errno,
                } => {
                    let text = format!(
                        "Worker {} receives no datagrams at {address}:{port}, since it has sent from that socket while it was paused: {errno}",
                        worker.0
                    );
                    (text, false)
                }
                Report::Panicked { text } => (text, true),
            };
            hear.call(said.into(), ThreadsafeFunctionCallMode::NonBlocking);
        };
        Ok(Primary {
            inner: primary::Primary::new(tell, permission.map(ask).transpose()?),
            asked: RefCell::default(),
            _turns: count_turns(&env, &numbers)?,
        })
    }

    /// A way to the keeper. `events` has the functions of a [`TextChannel`].
    #[napi(catch_unwind)]
    pub fn keeper(&self, env: Env, events: Object<'_>) -> Result<TextChannel> {
        let (ours, theirs) = stream::pair().map_err(failed)?;
        self.inner.serve_from_keeper(theirs).map_err(failed)?;
        TextChannel::open(&env, KEEPER, ours, &events)
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

    /// Has the program choose from now on: `wake()` is called when there are [`questions`](Self::questions). `null` gives the
    /// choice back to the policy.
    #[napi(catch_unwind)]
    pub fn set_chooser(&self, wake: Option<Function<'_, (), ()>>) -> Result<()> {
        // Questions for another scheduler are dropped, and answered by that.
        let asked = Arc::<Asked>::default();
        self.asked.replace(Arc::clone(&asked));
        let chooser = match wake {
            None => None,
            Some(wake) => {
                let wake = wake.build_threadsafe_function().weak::<true>().build()?;
                let ask = move |arrival, answer| {
                    if asked.add(arrival, answer) {
                        wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
                    }
                };
                Some(Box::new(ask) as Chooser)
            }
        };
        self.inner.set_chooser(chooser).map_err(failed)
    }

    /// How many connections there are to choose for. For those that come from now on `wake()` is called again.
    #[napi(catch_unwind)]
    pub fn questions(&self) -> u32 {
        self.asked.borrow().count()
    }

    /// The next connection to choose for, of those that somebody still waits for; [`answer`](Self::answer) is about it.
    #[napi(catch_unwind)]
    pub fn next_question(&self) -> Option<ArrivingConnection> {
        self.asked.borrow().next().map(ArrivingConnection::from)
    }

    /// Names the worker for the connection that was asked about last; nothing for the next in turn.
    #[napi(catch_unwind)]
    pub fn answer(&self, id: Option<u32>) {
        self.asked.borrow().answer(id.map(WorkerId));
    }

    /// What worker `id` is to get: nothing while it is paused, and otherwise its share by weight; with sticky scheduling
    /// the clients of a place by its number, if it has not one of its own.
    #[napi(catch_unwind)]
    pub fn set_share(&self, id: u32, paused: bool, weight: f64, place: Option<u32>) {
        let place = place.map(Place::numbered);
        let share = Share {
            paused,
            weight,
            place,
        };
        self.inner.set_share(id, share);
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

    /// How many clients are waited for at the same time to send what they are recognised by.
    #[napi(catch_unwind)]
    pub fn set_max_unidentified(&self, most: u32) {
        self.inner.set_max_unidentified(most as usize);
    }

    /// Whether workers are asked to give back kept-alive connections where that saves their clients more than it costs.
    #[napi(catch_unwind)]
    pub fn set_rebalance(&self, yes: bool) {
        self.inner.set_rebalance(yes);
    }

    /// For how many milliseconds a connection may wait for a worker before it is refused; nothing for as long as it takes.
    #[napi(catch_unwind)]
    pub fn set_max_wait(&self, milliseconds: Option<u32>) {
        self.inner
            .set_max_wait(milliseconds.map(|most| Duration::from_millis(most.into())));
    }

    /// Opens the admin port: at an IP address and a port, or, without a port, a Unix socket. A worker in service that has not
    /// turned its loop for so many milliseconds is taken for hung there. `onscrape()` is called when the application's own metrics
    /// are wanted.
    #[napi(catch_unwind)]
    pub fn open_admin(
        &self,
        address: String,
        port: Option<u16>,
        hang_after: u32,
        onscrape: Function<'_, (), ()>,
    ) -> Result<OpenedAdmin> {
        let place = match port {
            Some(port) => admin::Place::Tcp { address, port },
            None => admin::Place::Unix(address),
        };
        let hang_after = Duration::from_millis(hang_after.into());
        self.inner.tell_admin(|told| told.hang_after = hang_after);
        let onscrape = onscrape
            .build_threadsafe_function()
            .weak::<true>()
            .build()?;
        let wake = move || {
            onscrape.call((), ThreadsafeFunctionCallMode::NonBlocking);
        };
        Ok(match self.inner.open_admin(&place, wake) {
            Ok(name) => OpenedAdmin {
                errno: 0.0,
                name: Some(name),
            },
            Err(error) => OpenedAdmin {
                errno: errno(&error),
                name: None,
            },
        })
    }

    /// Says that `onscrape` was called, and that [`give_metrics`](Self::give_metrics) follows.
    #[napi(catch_unwind)]
    pub fn hear_scrape(&self) {
        self.inner.hear_scrape();
    }

    /// Gives the application's own metrics, which so many workers have.
    #[napi(catch_unwind)]
    pub fn give_metrics(&self, families: Vec<MetricFamily>, workers: u32) {
        let families = families.into_iter();
        let families = families.map(|MetricFamily { name, text }| Family { name, text });
        self.inner.give_metrics(Gathered {
            families: families.collect(),
            workers,
        });
    }

    /// Closes the admin port.
    #[napi(catch_unwind)]
    pub fn close_admin(&self) {
        self.inner.close_admin();
    }

    /// Says what the supervisor is doing now.
    #[napi(catch_unwind)]
    pub fn tell_admin(&self, supervision: Supervision) {
        let members = supervision.members.into_iter();
        let members = members.map(|SupervisedWorker { id, pid, state }| Member { id, pid, state });
        self.inner.tell_admin(|told| {
            told.members = members.collect();
            told.size = supervision.size;
            told.min = supervision.min;
            told.max = supervision.max;
            told.was_ready = supervision.was_ready;
            told.is_stopping = supervision.is_stopping;
            told.has_given_up = supervision.has_given_up;
        });
    }

    /// Counts a worker that is replaced, for the admin port.
    #[napi(catch_unwind)]
    pub fn count_restart(&self, reason: String) {
        self.inner.tell_admin(|told| told.restarted(reason));
    }

    /// Counts a reload that took so many seconds.
    #[napi(catch_unwind)]
    pub fn count_reload(&self, result: String, seconds: f64) {
        self.inner.tell_admin(|told| told.reloaded(result, seconds));
    }

    /// Counts a change of the number of workers by load: `up` or `down`.
    #[napi(catch_unwind)]
    pub fn count_scaling(&self, direction: String) {
        self.inner.tell_admin(|told| told.scaled(direction));
    }

    /// Counts a worker that took so many seconds to get ready.
    #[napi(catch_unwind)]
    pub fn count_start(&self, seconds: f64) {
        self.inner.tell_admin(|told| told.started(seconds));
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
            moved: figures.moved as f64,
            parked: figures.parked as f64,
            evicted: figures.evicted as f64,
            shed: figures.shed as f64,
            listeners: self
                .inner
                .queue_times()
                .into_iter()
                .map(ListenerFigures::from)
                .collect(),
            closed: figures.closed as f64,
            queued: figures.queued() as f64,
            waiting: figures.waiting as f64,
        }
    }

    /// What worker `id` says of itself; nothing if it is gone.
    #[napi(catch_unwind)]
    pub fn worker_figures(&self, id: u32) -> Option<WorkerFigures> {
        let page = self.inner.page(id)?;
        let since_ns = page.loop_state().since_ns();
        let now_ns = page::now_ns();
        Some(WorkerFigures {
            connections: page.open_connections() as f64,
            requests: page.requests() as f64,
            lag: page.lag() as f64,
            still_for: now_ns.saturating_sub(since_ns) as f64 / 1e6,
            idle: page.idle_until(now_ns) as f64 / 1e6,
            listeners: self
                .inner
                .queue_times_of(id)
                .into_iter()
                .map(ListenerFigures::from)
                .collect(),
        })
    }

    /// Takes over a socket that this process was started with, for the server that wants to be where it is bound, or that has
    /// had it before; `name` is what the manager calls it. Whether it is one.
    #[napi(catch_unwind)]
    pub fn adopt(&self, fd: GivenDescriptor, name: String) -> bool {
        let adopted = fd
            .take()
            .and_then(|descriptor| self.inner.adopt(descriptor, &name));
        adopted.is_ok()
    }

    /// Has the manager of this service, which listens on `manager`, keep up to `most` listening sockets for the next start.
    #[napi(catch_unwind)]
    pub fn keep_sockets(&self, manager: String, most: u32) {
        self.inner.kept_sockets().open(manager, most as usize);
    }

    /// Closes what the manager has kept and no server has asked for.
    #[napi(catch_unwind)]
    pub fn close_unused_kept(&self) {
        self.inner.kept_sockets().clear();
    }

    /// Leaves to the manager what it keeps, for a primary that stops.
    #[napi(catch_unwind)]
    pub fn leave_kept(&self) {
        self.inner.kept_sockets().leave();
    }

    /// Where the sockets are bound that were taken over and that no server has asked for.
    #[napi(catch_unwind)]
    pub fn unused_sockets(&self) -> Vec<String> {
        self.inner.unused_sockets()
    }

    /// Prepares for a primary that is to follow this one. `events` has the functions of a [`TextChannel`].
    #[napi(catch_unwind)]
    pub fn prepare_successor(&self, env: Env, events: Object<'_>) -> Result<Succession> {
        let prepared = self.inner.prepare_successor().map_err(failed)?;
        let channel = TextChannel::open(&env, SUCCESSION, prepared.channel, &events)?;
        Ok(Succession {
            channel: channel.copy(),
            text: prepared.text,
            descriptors: prepared.descriptors,
        })
    }

    /// Has all connections cross over to the successor from now on; and leaves it the files of sockets.
    #[napi(catch_unwind)]
    pub fn hand_over(&self) -> Result<()> {
        self.inner.hand_over().map_err(failed)
    }

    /// What the admin port has counted until now, for [`inherit_totals`](Self::inherit_totals); nothing if there is none.
    #[napi(catch_unwind)]
    pub fn totals(&self) -> Option<String> {
        self.inner.totals()
    }

    /// Has the admin port count on from what a predecessor has counted.
    #[napi(catch_unwind)]
    pub fn inherit_totals(&self, text: String) -> Result<()> {
        self.inner.inherit_totals(&text).map_err(failed)
    }

    /// Leaves what is shared to the successor, and serves nobody from it any more; whether that could be done.
    #[napi(catch_unwind)]
    pub fn leave_all_kept(&self) -> bool {
        self.inner.leave_all_kept()
    }

    /// The successor is gone: what it has not taken is served here.
    #[napi(catch_unwind)]
    pub fn take_back(&self) {
        self.inner.take_back();
    }

    /// Takes over what a predecessor has left: descriptors, and the text that describes them. Gives the channel to it.
    #[napi(catch_unwind)]
    pub fn inherit(
        &self,
        env: Env,
        text: String,
        descriptors: Vec<GivenDescriptor>,
        events: Object<'_>,
    ) -> Result<TextChannel> {
        let descriptors: std::io::Result<_> = descriptors
            .into_iter()
            .map(GivenDescriptor::take_socket)
            .collect();
        let channel = descriptors.and_then(|all| self.inner.inherit(&text, all));
        TextChannel::open(&env, SUCCESSION, channel.map_err(failed)?, &events)
    }

    /// Serves what crosses over from the predecessor from now on, and answers on the admin port.
    #[napi(catch_unwind)]
    pub fn take_over(&self) -> Result<()> {
        self.inner.take_over().map_err(failed)
    }

    /// Answers on the admin port, or leaves that to another primary.
    #[napi(catch_unwind)]
    pub fn serve_admin(&self, yes: bool) {
        self.inner.serve_admin(yes);
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
            arguments: options.args,
            environment: options.environment,
            folder: options.folder,
            stdio: options.stdio.into_iter().map(stdio_from).collect(),
            advanced: options.advanced,
            user: options.user,
            group: options.group,
        };
        let event_loop = Loop::of(&env).map_err(failed)?;
        let started = match process::start(order) {
            Ok(started) => started,
            Err(error) => return Ok(WorkerProcess::failed(&error)),
        };
        let pid = started.process.as_ref().ok().map(|(pid, ..)| *pid);
        self.attend(&env, event_loop, id, started, &events)
            .inspect_err(|_| {
                if let Some(pid) = pid {
                    process::abandon(pid);
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
        let channel = channel::Channel::new(&event_loop, started.channel).map_err(failed)?;
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
                let exit = AsyncContext::new(env, "CLUSTERWORKER")?.callback(events, "onexit")?;
                let ended = self.ended(id, channel.clone(), exit);
                let process =
                    process::Process::watch(&event_loop, pid, pidfd, ended).map_err(failed)?;
                self.inner.add_worker(id, channel, seat);
                worker.process = Some(process);
            }
            Err(error) => worker.errno = errno(&error) as i32,
        }
        Ok(worker)
    }

    /// What follows the end of a worker's process: first all that it has sent, then the exit.
    fn ended(&self, id: u32, channel: channel::Channel, exit: Callback) -> impl Fn(Exit) + 'static {
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

    /// Tells worker `id` that it is going to be drained after a while.
    #[napi(catch_unwind)]
    pub fn lame_duck(&self, id: u32) {
        self.inner.lame_duck(id);
    }

    /// Tells worker `id`, a spare until now, that it has the place with this number.
    #[napi(catch_unwind)]
    pub fn promote(&self, id: u32, place: u32) {
        self.inner.promote(id, place);
    }

    /// Tells worker `id` that the SIGTERM which follows is for itself.
    #[napi(catch_unwind)]
    pub fn end(&self, id: u32) {
        self.inner.end(id);
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

/// The number of the language that a primary and the one that follows it speak; both must speak the same.
#[napi(catch_unwind)]
pub fn succession_protocol() -> u32 {
    succession::PROTOCOL
}

/// What a primary that is to follow this one is started with.
#[napi]
pub struct Succession {
    channel: channel::Channel,
    text: String,
    descriptors: Vec<OwnedFd>,
}

#[napi]
impl Succession {
    /// The channel to it.
    #[napi(getter, catch_unwind)]
    pub fn channel(&self) -> TextChannel {
        TextChannel::of(self.channel.clone())
    }

    /// What the descriptors are.
    #[napi(getter, catch_unwind)]
    pub fn text(&self) -> String {
        self.text.clone()
    }

    /// Descriptors of this process that it is to have, open until it has been [started](Self::started).
    #[napi(getter, catch_unwind)]
    pub fn descriptors(&self) -> Vec<i32> {
        self.descriptors.iter().map(AsRawFd::as_raw_fd).collect()
    }

    /// It has its own copies now.
    #[napi(catch_unwind)]
    pub fn started(&mut self) {
        self.descriptors.clear();
    }
}

/// A worker that was started, or why it could not be.
#[napi]
pub struct WorkerProcess {
    errno: i32,
    channel: Option<channel::Channel>,
    process: Option<Rc<process::Process>>,
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

    /// The primary's ends of the pipes by their numbers in `stdio`, -1 elsewhere. The caller owns them.
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
