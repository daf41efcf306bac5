//! The primary's side: its workers, and what they listen on.

pub mod activation;
pub mod admin;
pub mod asked;
pub mod kept_sockets;
pub mod listener;
pub mod notify;
pub mod process;
pub mod registry;
pub mod succession;
pub mod worker;

use std::cell::{Cell, RefCell, RefMut};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::Object;
use nix::errno::Errno;

use self::activation::{AdoptedSockets, Inherited};
use self::admin::SocketFile;
use self::kept_sockets::KeptSockets;
use self::listener::{Socket, Use};
use self::registry::Registry;
use self::succession::Inheritance;
use self::worker::{Share, Worker};
use crate::admin::{Application, Gathered, Supervised, Told};
use crate::dispatch::{
    Chooser, Dispatcher, Figures, ListenerId, Policy, Report, Seat, Successor, WorkerId,
};
use crate::ipc::channel::Channel;
use crate::ipc::control::{self, Answer, Family, FromPrimary, FromWorker, Listening, Query};
use crate::ipc::delivery::ControlReceiver;
use crate::ipc::frame::Malformed;
use crate::ipc::queue_time::QueueTimes;
use crate::keeper::Keeper;
use crate::sys::js::{Argument, AsyncContext, Callback, Outcome};
use crate::sys::page::Page;
use crate::sys::socket;

/// Everything that a primary knows of its workers. Shared by the objects that JavaScript holds.
pub struct Primary {
    /// The number of the last worker. They are counted from 1, and none is used twice.
    last_worker: Cell<u32>,
    workers: RefCell<BTreeMap<u32, Worker>>,
    registry: RefCell<Registry>,
    sockets: RefCell<HashMap<u32, Socket>>,
    adopted: RefCell<AdoptedSockets>,
    kept_sockets: RefCell<KeptSockets>,
    /// Started with the first who asks it something.
    keeper: RefCell<Option<Keeper>>,
    /// Started with the first listener that it serves.
    dispatcher: RefCell<Option<Dispatcher>>,
    report: Arc<dyn Fn(Report) + Send + Sync>,
    /// Throws if this process may not have a socket; `None` if it may have any.
    ask: Option<Callback>,
    /// How connections are dispatched; `None` if the workers accept by themselves. Fixed by the first `setupPrimary`.
    policy: RefCell<Option<Policy>>,
    spread_datagrams: Cell<bool>,
    take_back_after: Cell<Option<Duration>>,
    rebalance: Cell<bool>,
    max_wait: Cell<Option<Duration>>,
    max_unidentified: Cell<Option<usize>>,
    /// What the supervisor tells of itself on the admin port, the application's own metrics there, and the file of that port's
    /// socket.
    told: Arc<Told>,
    application: RefCell<Option<Arc<Application>>>,
    admin_file: RefCell<Option<SocketFile>>,
    /// A copy of that socket, for a successor.
    admin_socket: RefCell<Option<OwnedFd>>,
    /// What a predecessor has left, and the way to a successor.
    inheritance: Inheritance,
    successor: RefCell<Option<Successor>>,
    /// How long connections have waited for workers that have ended, by listener.
    past: RefCell<HashMap<u32, QueueTimes>>,
}

impl Primary {
    /// A primary without workers. `report` is called by the dispatcher's thread. `ask(family, address, port, fd, listens)`
    /// is called in JavaScript before a socket is opened, with `listens` 1 if it also listens, and throws if it must not be.
    pub fn new(
        report: impl Fn(Report) + Send + Sync + 'static,
        ask: Option<Callback>,
    ) -> Rc<Primary> {
        Rc::new(Primary {
            last_worker: Cell::new(0),
            workers: RefCell::default(),
            registry: RefCell::default(),
            sockets: RefCell::default(),
            adopted: RefCell::default(),
            kept_sockets: RefCell::default(),
            keeper: RefCell::default(),
            dispatcher: RefCell::default(),
            report: Arc::new(report),
            ask,
            policy: RefCell::new(Some(Policy::default())),
            spread_datagrams: Cell::new(false),
            take_back_after: Cell::new(None),
            rebalance: Cell::new(false),
            max_wait: Cell::new(None),
            max_unidentified: Cell::new(None),
            told: Arc::default(),
            application: RefCell::default(),
            admin_file: RefCell::default(),
            admin_socket: RefCell::default(),
            inheritance: Inheritance::default(),
            successor: RefCell::default(),
            past: RefCell::default(),
        })
    }

    /// How connections are dispatched; `None` to share the listeners that are opened from now on (`SCHED_NONE`).
    pub fn set_policy(&self, policy: Option<Policy>) {
        if let (Some(dispatcher), Some(policy)) = (self.dispatcher.borrow().as_ref(), &policy) {
            dispatcher.set_policy(policy.clone());
        }
        self.policy.replace(policy);
    }

    /// Has the program choose a worker for each connection from now on, or, with `None`, the policy again.
    pub fn set_chooser(&self, chooser: Option<Chooser>) -> io::Result<()> {
        self.start_dispatcher()?;
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.set_chooser(chooser);
        }
        Ok(())
    }

    /// Says what a worker is to get of the connections.
    pub fn set_share(&self, id: u32, share: Share) {
        let mut workers = self.workers.borrow_mut();
        let Some(worker) = workers.get_mut(&id) else {
            return;
        };
        worker.share = Some(share);
        if !share.paused {
            for (listener, bound) in worker.resume() {
                self.is_bound(WorkerId(id), listener, bound);
            }
        }
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            worker.join(dispatcher, WorkerId(id));
        }
    }

    /// A worker that was held back has its own socket of a listener now, or can't have it.
    fn is_bound(&self, worker: WorkerId, listener: u32, bound: io::Result<()>) {
        let sockets = self.sockets.borrow();
        let Some(socket) = sockets.get(&listener) else {
            return;
        };
        match bound {
            Ok(()) => socket.keep_none(),
            Err(error) => {
                let (address, port) = socket.name();
                (self.report)(Report::Unbound {
                    worker,
                    address: address.unwrap_or_default(),
                    port: port.unwrap_or_default(),
                    errno: Errno::try_from(error).unwrap_or(Errno::EINVAL),
                });
            }
        }
    }

    /// Whether each worker gets a UDP socket of its own from now on, among which the kernel spreads the senders.
    pub fn set_spread_datagrams(&self, yes: bool) {
        self.spread_datagrams.set(yes);
    }

    /// For how long a connection may wait in the queue of a worker, before it goes to another that is free.
    pub fn set_take_back_after(&self, after: Duration) {
        self.take_back_after.set(Some(after));
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.set_take_back_after(after);
        }
    }

    /// Whether workers are asked for kept-alive connections whose clients are better off elsewhere.
    pub fn set_rebalance(&self, yes: bool) {
        self.rebalance.set(yes);
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.set_rebalance(yes);
        }
    }

    /// How many clients are waited for at the same time to send what they are recognised by.
    pub fn set_max_unidentified(&self, most: usize) {
        self.max_unidentified.set(Some(most));
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.set_max_unidentified(most);
        }
    }

    /// For how long a connection may wait for a worker, before it is refused; for as long as it takes, if nothing is said.
    pub fn set_max_wait(&self, most: Option<Duration>) {
        self.max_wait.set(most);
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.set_max_wait(most);
        }
    }

    /// How long connections have waited for a worker, by listener, with the address of each.
    pub fn queue_times(&self) -> Vec<(Name, QueueTimes)> {
        let mut times = self.past.borrow().clone();
        for worker in self.workers.borrow().values() {
            add_queue_times(&mut times, &worker.page);
        }
        let sockets = self.sockets.borrow();
        let mut listeners: Vec<u32> = sockets.keys().copied().collect();
        listeners.sort_unstable();
        listeners
            .into_iter()
            .filter_map(|listener| {
                let times = times.get(&listener).copied().unwrap_or_default();
                Some((sockets.get(&listener)?.name(), times))
            })
            .collect()
    }

    /// How long a worker's connections have waited for it, by listener, with the address of each.
    pub fn queue_times_of(&self, worker: u32) -> Vec<(Name, QueueTimes)> {
        let mut times = HashMap::new();
        if let Some(page) = self.page(worker) {
            add_queue_times(&mut times, &page);
        }
        let sockets = self.sockets.borrow();
        let mut found: Vec<_> = times.into_iter().collect();
        found.sort_unstable_by_key(|(listener, _)| *listener);
        found
            .into_iter()
            .filter_map(|(listener, times)| Some((sockets.get(&listener)?.name(), times)))
            .collect()
    }

    /// Opens the admin port; where it is. It has to be open before the first worker is started, of which it is to tell. `wake`
    /// is called by the dispatcher's thread when the application's own metrics are wanted.
    ///
    /// Errors: as for [`admin::open`].
    pub fn open_admin(
        &self,
        place: &admin::Place,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<String> {
        let inherited = self.inheritance.take_admin();
        let (socket, file) = match inherited.and_then(|socket| admin::inherit(place, socket)) {
            Some(inherited) => inherited,
            None => admin::open(place)?,
        };
        let name = socket::name(socket.as_fd());
        self.admin_socket.replace(Some(socket.try_clone()?));
        self.start_dispatcher()?;
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            let application = Arc::new(Application::new(wake));
            self.application.replace(Some(Arc::clone(&application)));
            dispatcher.open_admin(socket, Arc::clone(&self.told), application);
        }
        self.admin_file.replace(file);
        Ok(name)
    }

    /// Closes the admin port.
    pub fn close_admin(&self) {
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.close_admin();
        }
        self.admin_socket.replace(None);
        self.admin_file.replace(None);
    }

    /// Says that the application's own metrics are about to be gathered.
    pub fn hear_scrape(&self) {
        if let Some(application) = self.application.borrow().as_ref() {
            application.hear();
        }
    }

    /// Gives the application's own metrics to those who wait for them.
    pub fn give_metrics(&self, gathered: Gathered) {
        if let Some(application) = self.application.borrow().as_ref() {
            application.give(gathered);
        }
    }

    /// Changes what the supervisor tells of itself on the admin port.
    pub fn tell_admin(&self, change: impl FnOnce(&mut Supervised)) {
        self.told.change(change);
    }

    /// Has the keeper serve a process, which has the other end of this socket.
    ///
    /// Errors: as for [`Keeper::start`].
    pub fn serve_from_keeper(&self, socket: OwnedFd) -> io::Result<()> {
        self.with_keeper(|keeper| keeper.serve(socket))
    }

    fn with_keeper(&self, act: impl FnOnce(&Keeper)) -> io::Result<()> {
        let mut keeper = self.keeper.borrow_mut();
        let keeper = match &mut *keeper {
            Some(keeper) => keeper,
            none => {
                let report = Arc::clone(&self.report);
                let panicked = move |text| report(Report::Panicked { text });
                none.insert(Keeper::start(self.inheritance.take_keeper(), panicked)?)
            }
        };
        act(keeper);
        Ok(())
    }

    /// What has become of the connections so far; zeros before the first listener is dispatched.
    pub fn figures(&self) -> Figures {
        self.dispatcher
            .borrow()
            .as_ref()
            .map(Dispatcher::figures)
            .unwrap_or_default()
    }

    /// Takes over a socket that this process was started with, for the server that wants to be where it is bound, or that has
    /// had it before the last start. `name` says which of both.
    pub fn adopt(&self, descriptor: OwnedFd, name: &str) -> io::Result<()> {
        match self.kept_sockets.borrow_mut().receive(name, descriptor)? {
            Some(descriptor) => self.adopted.borrow_mut().adopt(descriptor),
            None => Ok(()),
        }
    }

    /// See [`Store`].
    pub fn kept_sockets(&self) -> RefMut<'_, KeptSockets> {
        self.kept_sockets.borrow_mut()
    }

    /// See [`AdoptedSockets::unused`].
    pub fn unused_sockets(&self) -> Vec<String> {
        self.adopted.borrow().unused()
    }

    /// What a worker's page says, as long as the worker is there.
    pub fn page(&self, worker: u32) -> Option<Arc<Page>> {
        let workers = self.workers.borrow();
        workers.get(&worker).map(|worker| Arc::clone(&worker.page))
    }

    /// Whether listeners stay open when their last worker leaves, for those that come later.
    pub fn keep_listeners(&self, yes: bool) {
        if !yes {
            let owns_files = self.inheritance.is_taken_over();
            self.adopted.borrow_mut().drop_inherited(owns_files);
        }
        let unused = self.registry.borrow_mut().keep(yes);
        for listener in unused {
            self.close(listener);
        }
    }

    /// The id of the next worker.
    pub fn next_worker(&self) -> u32 {
        let id = self.last_worker.get() + 1;
        self.last_worker.set(id);
        id
    }

    /// A worker has been started.
    pub fn add_worker(&self, id: u32, channel: Channel, seat: Seat) {
        let mut worker = Worker::new(channel, seat);
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            worker.join(dispatcher, WorkerId(id));
        }
        self.workers.borrow_mut().insert(id, worker);
    }

    /// A worker's process has ended.
    pub fn remove_worker(&self, id: u32) {
        self.leave_all(id);
        let worker = self.workers.borrow_mut().remove(&id);
        if let Some(worker) = worker {
            let mut past = self.past.borrow_mut();
            add_queue_times(&mut past, &worker.page);
            past.retain(|listener, _| self.sockets.borrow().contains_key(listener));
        }
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.remove_worker(WorkerId(id));
        }
    }

    /// A worker is about to leave: its later queries go nowhere.
    fn leaving(&self, worker: u32) {
        if let Some(worker) = self.workers.borrow_mut().get_mut(&worker) {
            worker.is_leaving = true;
        }
    }

    /// Asks a worker to close its servers and to leave. It gets no connection from now on.
    pub fn disconnect(&self, worker: u32) {
        self.leaving(worker);
        self.tell(worker, &FromPrimary::Disconnect, None);
        self.leave_all(worker);
    }

    /// Asks a worker to finish what it has and to end, see [`FromPrimary::Drain`]. It gets no connection from now on. The
    /// second time only `moves` is new.
    pub fn drain(&self, worker: u32, moves: bool) {
        self.leaving(worker);
        let mut kept = self.registry.borrow().listeners_of(worker);
        self.leave_all(worker);
        kept.retain(|listener| self.sockets.borrow().contains_key(listener));
        self.tell(worker, &FromPrimary::Drain { moves, kept }, None);
    }

    /// Tells a worker that it is going to be drained after a while.
    pub fn lame_duck(&self, worker: u32) {
        self.tell(worker, &FromPrimary::LameDuck, None);
    }

    /// Tells a spare that it has the place with this number now.
    pub fn promote(&self, worker: u32, place: u32) {
        self.tell(worker, &FromPrimary::Promoted { place }, None);
    }

    /// Tells a worker that the SIGTERM which follows is for itself, and not for its primary.
    pub fn end(&self, worker: u32) {
        self.tell(worker, &FromPrimary::End, None);
    }

    /// Takes a worker out of all its listeners.
    pub fn leave_all(&self, worker: u32) {
        let listeners = self.registry.borrow().listeners_of(worker);
        for listener in listeners {
            self.leave(worker, listener);
        }
    }

    /// Closes every listener and ends the dispatcher. For a primary that exits.
    pub fn shut_down(&self) {
        self.dispatcher.replace(None);
        self.admin_socket.replace(None);
        self.admin_file.replace(None);
        let mut kept = self.kept_sockets.borrow_mut();
        for (listener, mut socket) in self.sockets.borrow_mut().drain() {
            if kept.has(listener) {
                socket.leave_file();
            } else {
                kept.closed(listener, socket.has_file());
            }
        }
    }

    fn leave(&self, worker: u32, listener: u32) {
        let Some(last) = self.registry.borrow_mut().leave(worker, listener) else {
            return;
        };
        if let Some(worker) = self.workers.borrow_mut().get_mut(&worker) {
            worker.unbound.remove(&listener);
        }
        if last {
            self.close(listener);
        } else if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.leave(ListenerId(listener), WorkerId(worker));
        }
    }

    fn close(&self, listener: u32) {
        if let Some(dispatcher) = self.dispatcher.borrow().as_ref() {
            dispatcher.close_listener(ListenerId(listener));
        }
        if let Some(socket) = self.sockets.borrow_mut().remove(&listener) {
            self.kept_sockets
                .borrow_mut()
                .closed(listener, socket.has_file());
        }
        self.past.borrow_mut().remove(&listener);
    }

    fn tell(&self, worker: u32, message: &FromPrimary, descriptor: Option<OwnedFd>) {
        if let Some(worker) = self.workers.borrow().get(&worker) {
            worker.tell(message, descriptor);
        }
    }

    /// Whether a worker is there, and not about to leave.
    fn stays(&self, worker: u32) -> bool {
        let workers = self.workers.borrow();
        workers
            .get(&worker)
            .is_some_and(|worker| !worker.is_leaving)
    }

    fn query(&self, worker: u32, question: u32, query: &Query) {
        // If it is denied, the program has got the exception. The worker gets no answer then, as from Node's own module.
        if !self.stays(worker) || !self.is_allowed(worker, query) {
            return;
        }
        // What was asked there has run JavaScript.
        if !self.stays(worker) {
            return;
        }
        let joined = self.registry.borrow_mut().join(worker, query);
        let found = joined.map_or_else(|| self.open(worker, query), Ok);
        let granted = found.and_then(|listener| {
            self.grant(worker, listener)
                .inspect_err(|_| self.leave(worker, listener))
        });
        let (answer, socket) = granted.unwrap_or_else(|error| {
            let errno = error.raw_os_error().unwrap_or(libc::EINVAL);
            (Answer::Refused { errno }, None)
        });
        self.tell(worker, &FromPrimary::Answer { question, answer }, socket);
    }

    /// Whether a query may be answered: opening a socket for it, if that is needed, is not denied. What is asked for this
    /// runs JavaScript, after which everything may be different.
    fn is_allowed(&self, worker: u32, query: &Query) -> bool {
        let Some(ask) = &self.ask else {
            return true;
        };
        let how = self.use_of(query);
        let opens = match self.registry.borrow().look_up(worker, query) {
            None => true,
            Some(_) => how == Use::Spread,
        };
        // What is no socket is refused as such.
        if !opens || listener::is_no_socket(query) {
            return true;
        }
        let address = query.address.as_deref().map(|address| match query.family {
            Family::Unix => listener::shortest(address),
            _ => address.to_owned(),
        });
        let outcome = ask.call(&[
            family_argument(query.family),
            Argument::text_or_undefined(address.as_deref()),
            Argument::number_or_undefined(query.port),
            Argument::number_or_undefined(query.fd),
            Argument::Number((how == Use::Dispatched).into()),
        ]);
        matches!(outcome, Outcome::Returned(_))
    }

    /// How the workers are to get at a socket that is opened now.
    fn use_of(&self, query: &Query) -> Use {
        let udp = matches!(query.family, Family::Udp4 | Family::Udp6);
        match (udp, self.policy.borrow().is_some()) {
            (true, _) if self.spread_datagrams.get() => Use::Spread,
            (false, true) => Use::Dispatched,
            _ => Use::Shared,
        }
    }

    fn open(&self, worker: u32, query: &Query) -> io::Result<u32> {
        let how = self.use_of(query);
        let Found {
            socket,
            predecessors,
            is_kept,
        } = self.find_socket(query, how)?;
        let descriptor = socket.to_dispatch()?;
        if descriptor.is_some() {
            self.start_dispatcher()?;
        }
        let listener = self.registry.borrow_mut().open(worker, query);
        if let Some(predecessors) = predecessors {
            self.inheritance.note(predecessors, listener);
        }
        if let (Some(dispatcher), Some(descriptor)) =
            (self.dispatcher.borrow().as_ref(), descriptor)
        {
            dispatcher.open_listener(ListenerId(listener), descriptor);
        }
        if let (Some(descriptor), Some(is_kept)) = (socket.descriptor(), is_kept) {
            let new = (!is_kept).then_some(descriptor);
            self.kept_sockets.borrow_mut().keep(listener, query, new);
        }
        self.sockets.borrow_mut().insert(listener, socket);
        Ok(listener)
    }

    /// The socket for a server: one of systemd's, the predecessor's, or one that systemd has kept, or else a new one.
    fn find_socket(&self, query: &Query, how: Use) -> io::Result<Found> {
        if let Some(inherited) = self.adopted.borrow_mut().take_inherited(query) {
            let Inherited {
                descriptor,
                listener,
                file,
                ..
            } = inherited;
            let socket = Socket::inherit(descriptor, file, query, how)?;
            socket.own_file(self.inheritance.is_taken_over());
            return Ok(Found {
                socket,
                predecessors: Some(listener),
                is_kept: Some(true),
            });
        }
        let found = |socket, is_kept| Found {
            socket,
            predecessors: None,
            is_kept,
        };
        if let Some(adopted) = self.adopted.borrow().find(query) {
            return Ok(found(Socket::adopt(adopted?, query, how)?, None));
        }
        let kept = self.kept_sockets.borrow_mut().take(query);
        Ok(match kept {
            Some(kept) => found(Socket::restore(kept, query, how)?, Some(true)),
            None => found(self.open_socket(query, how)?, Some(false)),
        })
    }

    fn open_socket(&self, query: &Query, how: Use) -> io::Result<Socket> {
        // Whoever supervises is started again when it has been killed. Under the permission model files are Node's.
        if self.registry.borrow().keeps() && self.ask.is_none() {
            listener::remove_abandoned(query);
        }
        Socket::open(query, how)
    }

    fn grant(&self, worker: u32, listener: u32) -> io::Result<(Answer, Option<OwnedFd>)> {
        let sockets = self.sockets.borrow();
        let socket = sockets.get(&listener).ok_or(io::ErrorKind::NotFound)?;
        let address = socket.address()?;
        let mut workers = self.workers.borrow_mut();
        let mut holder = workers
            .get_mut(&worker)
            .filter(|worker| socket.can_be_held() && worker.is_paused());
        let held = holder.is_some();
        let shared = socket.to_share(held)?;
        if let Some(holder) = &mut holder {
            holder.hold(listener, shared.as_ref(), socket.bound_later())?;
        }
        if let (None, Some(dispatcher)) = (&shared, self.dispatcher.borrow().as_ref()) {
            dispatcher.join(ListenerId(listener), WorkerId(worker));
        }
        let data = self.registry.borrow().data(listener);
        let answer = Answer::Granted {
            listener,
            address,
            data,
            shared: shared.is_some(),
            held,
        };
        Ok((answer, shared))
    }

    fn start_dispatcher(&self) -> io::Result<()> {
        let mut dispatcher = self.dispatcher.borrow_mut();
        if dispatcher.is_none() {
            let report = Arc::clone(&self.report);
            let started = Dispatcher::start(move |what| report(what))?;
            started.set_policy(self.policy.borrow().clone().unwrap_or_default());
            if let Some(after) = self.take_back_after.get() {
                started.set_take_back_after(after);
            }
            if let Some(most) = self.max_unidentified.get() {
                started.set_max_unidentified(most);
            }
            started.set_rebalance(self.rebalance.get());
            started.set_max_wait(self.max_wait.get());
            for (id, worker) in self.workers.borrow_mut().iter_mut() {
                worker.join(&started, WorkerId(*id));
            }
            *dispatcher = Some(started);
        }
        Ok(())
    }
}

/// What there is for a server.
struct Found {
    socket: Socket,
    /// The number that its listener had at a predecessor.
    predecessors: Option<u32>,
    /// Whether the manager of this service keeps it already; `None` if it is not to.
    is_kept: Option<bool>,
}

/// Where a listener is bound, see [`Socket::name`].
type Name = (Option<String>, Option<u16>);

/// Adds what a worker has counted.
fn add_queue_times(times: &mut HashMap<u32, QueueTimes>, page: &Page) {
    for (listener, buckets, sum) in page.waited() {
        *times.entry(listener).or_default() += &QueueTimes { buckets, sum };
    }
}

/// The control messages of one worker.
///
/// JavaScript hears of `ononline()`, `onlistening(family, address, port, fd)`, `onready()` and `onleaving()`.
pub struct WorkerControl {
    primary: Weak<Primary>,
    worker: u32,
    online: Callback,
    listening: Callback,
    ready: Callback,
    leaving: Callback,
}

impl WorkerControl {
    /// Finds the functions in `events`.
    pub fn new(
        env: &Env,
        events: &Object<'_>,
        primary: &Rc<Primary>,
        worker: u32,
    ) -> napi::Result<WorkerControl> {
        let context = AsyncContext::new(env, "CLUSTERWORKER")?;
        Ok(WorkerControl {
            primary: Rc::downgrade(primary),
            worker,
            online: context.callback(events, "ononline")?,
            listening: context.callback(events, "onlistening")?,
            ready: context.callback(events, "onready")?,
            leaving: context.callback(events, "onleaving")?,
        })
    }

    fn listening(&self, listening: &Listening) {
        self.listening.call(&[
            family_argument(listening.family),
            listening
                .address
                .as_ref()
                .map_or(Argument::Null, |text| Argument::Text(text.as_bytes())),
            listening
                .port
                .map_or(Argument::Null, |port| Argument::Number(port.into())),
            Argument::number_or_undefined(listening.fd),
        ]);
    }
}

/// `addressType`, as `net` and `dgram` have it.
fn family_argument(family: Family) -> Argument<'static> {
    match family {
        Family::Tcp4 => Argument::Number(4.0),
        Family::Tcp6 => Argument::Number(6.0),
        Family::Unix => Argument::Number(-1.0),
        Family::Udp4 => Argument::Text(b"udp4"),
        Family::Udp6 => Argument::Text(b"udp6"),
        Family::Unknown => Argument::Null,
    }
}

impl ControlReceiver for WorkerControl {
    fn control(&self, payload: &[u8], descriptors: Vec<OwnedFd>) -> Result<(), Malformed> {
        let Some(primary) = self.primary.upgrade() else {
            return Ok(());
        };
        match control::decode(payload).ok_or(Malformed)? {
            FromWorker::Online => {
                self.online.call(&[]);
            }
            FromWorker::Query { question, query } => primary.query(self.worker, question, &query),
            FromWorker::Listening(listening) => self.listening(&listening),
            FromWorker::Ready => {
                self.ready.call(&[]);
            }
            FromWorker::Close { listener } => primary.leave(self.worker, listener),
            FromWorker::Keeper => {
                // Where there is no socket, or no keeper, the worker reads the end of its own.
                if let Some(socket) = descriptors.into_iter().next() {
                    let _ = primary.serve_from_keeper(socket);
                }
            }
            FromWorker::Leaving => {
                primary.leaving(self.worker);
                self.leaving.call(&[]);
                primary.tell(self.worker, &FromPrimary::LeaveNoted, None);
            }
        }
        Ok(())
    }

    fn ended(&self) {
        if let Some(primary) = self.primary.upgrade() {
            primary.leave_all(self.worker);
        }
    }
}
