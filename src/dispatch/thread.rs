//! The thread that accepts connections and hands them over: the scheduler's decisions, carried out.
//!
//! It sleeps while nothing happens. Only while a connection is queued or waits does it look again every few milliseconds.

mod crossing;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SigSet, SigmaskHow};
use nix::sys::socket::{Shutdown, shutdown};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Notify, oneshot};
use tokio::task::{self, LocalSet, spawn_local, yield_now};
use tokio::time::sleep;

use super::figures::Counts;
use super::identify::{self, Heard, Looks};
use super::ledger::Ledger;
use super::lot::Lot;
use super::queue::{Handoff, Refusal, TakenBack};
use super::scheduler::Scheduler;
use super::shed;
use super::{Chooser, Command, Key, ListenerId, Policy, Report, Seat, StickyBy, WorkerId};
use crate::admin::{self, Answer, Application, Gathered};
use crate::ipc::ticket::{self, Received, Ticket};
use crate::panic;
use crate::sys::page::{LoopState, Page, now_ns};
use crate::sys::{handoff, socket, watch};

/// How often to look after what is queued or waits.
const TICK: Duration = Duration::from_millis(5);
/// How long to leave alone what failed for want of descriptors or memory.
const PAUSE: Duration = Duration::from_millis(50);
/// How long nothing must have failed so that the next failure is news.
const RECOVERED: Duration = Duration::from_secs(1);
/// How many connections to accept or to receive before others have their turn.
const BATCH: usize = 64;
/// How often to look which workers are stuck, for rebalancing: while they do something, and while they do nothing.
const LOOK: Duration = Duration::from_millis(10);
const IDLE_LOOK: Duration = Duration::from_millis(50);
/// How near to the limit of descriptors parked connections make room for others, and how many at once.
const NARROW: u64 = 128;
const ROOM: usize = 16;
/// How often the thread looks how late it is, for the admin port.
const LAG_EVERY: Duration = Duration::from_millis(250);
/// How many batches to receive of what a worker has sent so far: the kernel holds a few hundred messages.
const LAST_BATCHES: usize = 8;

/// Starts the thread. It ends when all senders of commands are gone.
pub(super) fn start(
    commands: UnboundedReceiver<Command>,
    counts: Arc<Counts>,
    report: impl Fn(Report) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let lot = {
        let _within = runtime.enter();
        Lot::new()?
    };
    // The thread inherits the mask, so that no signal meant for the program is ever handled there.
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let thread = std::thread::Builder::new()
        .name("cluster-dispatch".into())
        .spawn(move || {
            let reporter = Rc::new(Reporter {
                report: Box::new(report),
                last_shortage: Cell::new(None),
            });
            let dispatch = Rc::new(Dispatch {
                scheduler: RefCell::new(Scheduler::new(counts.clone())),
                lines: RefCell::default(),
                reporter: reporter.clone(),
                policy: RefCell::default(),
                chooser: RefCell::default(),
                looks: Looks::new(),
                asked: Cell::new(0),
                changed: Notify::new(),
                tick: Notify::new(),
                ticking: Cell::new(false),
                lot,
                parked: Notify::new(),
                crosses: Notify::new(),
                rebalance: Cell::new(false),
                look: Notify::new(),
                ledger: RefCell::default(),
                counts,
                panicked: Notify::new(),
                panic: RefCell::default(),
            });
            let work = || LocalSet::new().block_on(&runtime, dispatch.run(commands));
            if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
                let text = panic::text(&*panic);
                (reporter.report)(Report::Panicked { text });
            }
        });
    before.thread_set_mask()?;
    thread
}

/// Tells of what goes wrong.
struct Reporter {
    report: Box<dyn Fn(Report)>,
    last_shortage: Cell<Option<Instant>>,
}

impl Reporter {
    /// Tells once of a shortage, until there has been none for a while.
    fn short_of(&self, errno: Errno) {
        let now = Instant::now();
        let last = self.last_shortage.replace(Some(now));
        if last.is_none_or(|last| now - last > RECOVERED) {
            (self.report)(Report::Exhausted { errno });
        }
    }
}

/// The primary's side of a worker.
struct Line {
    ours: Rc<AsyncFd<OwnedFd>>,
    theirs: OwnedFd,
    page: Arc<Page>,
    reporter: Rc<Reporter>,
}

impl Handoff for Line {
    type Connection = OwnedFd;

    fn send(&self, ticket: Ticket, connection: OwnedFd) -> Result<(), (OwnedFd, Refusal)> {
        let Err(error) = ticket::send(self.ours.as_fd(), ticket, connection.as_fd()) else {
            return Ok(());
        };
        let refusal = match errno_of(&error) {
            Errno::EAGAIN => Refusal::Full,
            errno @ (Errno::ETOOMANYREFS | Errno::ENOBUFS | Errno::ENOMEM) => {
                self.reporter.short_of(errno);
                Refusal::Full
            }
            _ => Refusal::Broken,
        };
        Err((connection, refusal))
    }

    fn take_back(&self) -> TakenBack<OwnedFd> {
        if !handoff::has_room(self.theirs.as_fd()) {
            self.reporter.short_of(Errno::EMFILE);
            return TakenBack::NoRoom;
        }
        match ticket::receive(self.theirs.as_fd()) {
            Ok(Received::Connection { ticket, descriptor }) => {
                TakenBack::Connection(ticket, descriptor)
            }
            // Nobody else writes into this end; whatever it is, it was counted.
            Ok(Received::Nudge | Received::Claim { .. } | Received::Quiet { .. }) => {
                TakenBack::Nudge
            }
            Ok(Received::OutOfDescriptors | Received::Malformed) => TakenBack::Lost,
            Ok(Received::Closed) | Err(_) => TakenBack::Empty,
        }
    }

    fn nudge(&self) -> bool {
        ticket::nudge(self.ours.as_fd()).is_ok()
    }

    fn taken(&self) -> u64 {
        self.page.taken()
    }

    fn loop_state(&self) -> LoopState {
        self.page.loop_state()
    }

    fn open(&self) -> u64 {
        self.page.open_connections()
    }

    fn stalled(&self) -> u64 {
        self.page.stalled()
    }

    fn ask(&self, total: u64) {
        self.page.set_asked(total);
    }
}

/// The admin port, if there is one.
#[derive(Default)]
struct Admin {
    port: Option<(OwnedFd, Arc<Application>)>,
    /// What answers there.
    tasks: Vec<task::JoinHandle<()>>,
}

impl Admin {
    fn stop(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
    }
}

/// How far a batch has got.
enum Batch {
    /// Nothing is left.
    Drained,
    /// There may be more.
    More,
    /// There is more, but no descriptor or memory for it.
    Exhausted,
    /// The other end is closed, or sends what it must not.
    Broken,
}

struct Dispatch {
    scheduler: RefCell<Scheduler<Line>>,
    /// Where each worker's messages are received.
    lines: RefCell<BTreeMap<WorkerId, Rc<AsyncFd<OwnedFd>>>>,
    reporter: Rc<Reporter>,
    policy: RefCell<Policy>,
    /// The program's own scheduler, which comes before the policy.
    chooser: RefCell<Option<Rc<Chooser>>>,
    /// The connections that are being looked at.
    looks: Looks,
    /// How many connections the program is being asked about.
    asked: Cell<usize>,
    /// Listeners that had stopped accepting look again.
    changed: Notify,
    /// Starts the ticking.
    tick: Notify,
    ticking: Cell<bool>,
    /// The parked connections, as far as they are watched.
    lot: Lot,
    /// One has been parked whose idle time is over before all others'.
    parked: Notify,
    /// There may be connections to send to the primary that follows.
    crosses: Notify,
    /// Whether kept-alive connections are rebalanced.
    rebalance: Cell<bool>,
    /// Starts the rebalancing.
    look: Notify,
    /// What the admin port tells, if there is one.
    ledger: RefCell<Option<Ledger>>,
    counts: Arc<Counts>,
    /// A task has panicked, and this is how. It is not to go unheard: the others would wait for it in vain.
    panicked: Notify,
    panic: RefCell<Option<Box<dyn Any + Send>>>,
}

impl Dispatch {
    /// Works until all senders of commands are gone. Panics if a task does.
    async fn run(self: Rc<Self>, commands: UnboundedReceiver<Command>) {
        self.spawn(self.clone().tick());
        self.spawn(self.clone().hear_parked());
        self.spawn(self.clone().close_expired());
        self.spawn(self.clone().rebalance());
        tokio::select! {
            () = self.clone().obey(commands) => {}
            () = self.panicked.notified() => {
                if let Some(panic) = self.panic.take() {
                    resume_unwind(panic);
                }
            }
        }
    }

    /// Does `task` aside. tokio keeps a panic in a task to itself, so it is caught here.
    fn spawn(self: &Rc<Self>, task: impl Future<Output = ()> + 'static) -> task::JoinHandle<()> {
        let this = self.clone();
        spawn_local(async move {
            let mut task = pin!(task);
            poll_fn(|context| {
                let poll = || task.as_mut().poll(context);
                catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|panic| {
                    this.panic.replace(Some(panic));
                    this.panicked.notify_one();
                    Poll::Ready(())
                })
            })
            .await;
        })
    }

    async fn obey(self: Rc<Self>, mut commands: UnboundedReceiver<Command>) {
        let mut accepting = BTreeMap::new();
        let mut watching = BTreeMap::new();
        let mut admin = Admin::default();
        let mut crossing: Option<(task::JoinHandle<()>, OwnedFd)> = None;
        while let Some(command) = commands.recv().await {
            match command {
                Command::OpenAdmin(socket, told, application) => {
                    self.ledger.replace(Some(Ledger::new(told)));
                    admin.port = Some((socket, application));
                }
                Command::ServeAdmin(yes) => {
                    admin.stop();
                    if let (true, Some((socket, application))) = (yes, &admin.port) {
                        let watched = socket
                            .try_clone()
                            .and_then(|copy| watch::readable(copy).map_err(io::Error::from));
                        match watched {
                            Ok(socket) => {
                                admin.tasks = self.serve_admin(socket, application.clone());
                            }
                            Err(error) => self.failed(&error),
                        }
                    }
                }
                Command::CloseAdmin => {
                    admin.stop();
                    admin.port = None;
                    self.ledger.replace(None);
                }
                Command::HandOver(successor) => match watch::writable(successor.ours) {
                    Ok(ours) => {
                        self.scheduler.borrow_mut().hand_over();
                        self.looks.let_go(usize::MAX);
                        crossing = Some((self.spawn(self.clone().cross(ours)), successor.theirs));
                    }
                    Err(error) => self.failed(&error.into()),
                },
                Command::TakeBack => {
                    if let Some((task, theirs)) = crossing.take() {
                        task.abort();
                        self.take_back(&theirs);
                    }
                }
                Command::Totals(told) => self.note(|ledger| {
                    // Whoever asked may have gone away meanwhile.
                    let _ = told.send(ledger.totals(self.counts.read()));
                }),
                Command::InheritTotals(totals) => self.note(|ledger| ledger.inherit(*totals)),
                Command::Inherit(handoff, listeners) => match watch::readable(handoff) {
                    Ok(handoff) => drop(self.spawn(self.clone().inherit(handoff, listeners))),
                    Err(error) => self.failed(&error.into()),
                },
                Command::AddWorker(worker, seat) => match self.add_worker(worker, seat) {
                    Ok(watch) => drop(watching.insert(worker, watch)),
                    Err(error) => self.failed(&error),
                },
                Command::RemoveWorker(worker) => drop(watching.remove(&worker)),
                Command::OpenListener(listener, socket) => match watch::readable(socket) {
                    Ok(socket) => {
                        self.scheduler.borrow_mut().open_listener(listener);
                        let name = socket::name(socket.get_ref().as_fd());
                        self.note(|ledger| ledger.open_listener(listener, name));
                        let task = self.spawn(self.clone().accept(listener, socket));
                        accepting.insert(listener, task);
                    }
                    Err(error) => self.failed(&error.into()),
                },
                Command::Join(listener, worker) => {
                    let mut scheduler = self.scheduler.borrow_mut();
                    scheduler.join(listener, worker, now_ns());
                }
                Command::Leave(listener, worker) => {
                    let mut scheduler = self.scheduler.borrow_mut();
                    scheduler.leave(listener, worker, now_ns());
                }
                Command::CloseListener(listener, closed) => {
                    if let Some(task) = accepting.remove(&listener) {
                        // The task owns the socket; when it has ended, the socket is closed.
                        task.abort();
                        let _ = task.await;
                    }
                    let mut scheduler = self.scheduler.borrow_mut();
                    scheduler.close_listener(listener, now_ns());
                    self.note(|ledger| ledger.close_listener(listener));
                    // Whoever asked may have gone away meanwhile.
                    let _ = closed.send(());
                }
                Command::SetPolicy(policy) => {
                    self.policy.replace(policy);
                    self.apply_policy();
                }
                Command::SetChooser(chooser) => {
                    self.chooser.replace(chooser.map(Rc::new));
                    self.apply_policy();
                }
                Command::SetWeight(worker, weight) => {
                    self.scheduler.borrow_mut().set_weight(worker, weight);
                }
                Command::SetPaused(worker, paused) => {
                    let mut scheduler = self.scheduler.borrow_mut();
                    scheduler.set_paused(worker, paused, now_ns());
                }
                Command::SetRebalance(yes) => {
                    self.rebalance.set(yes);
                    self.look.notify_one();
                }
                Command::SetMaxWait(most) => {
                    let most = most.map(|most| u64::try_from(most.as_nanos()).unwrap_or(u64::MAX));
                    self.scheduler.borrow_mut().set_max_wait(most);
                }
                Command::SetPlace(worker, place) => {
                    self.scheduler.borrow_mut().set_place(worker, place);
                    self.note(|ledger| ledger.set_place(worker, place));
                }
                Command::SetMaxUnidentified(most) => self.looks.set_most(most),
                Command::SetTakeBackAfter(after) => {
                    let after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
                    self.scheduler.borrow_mut().set_take_back_after(after);
                }
            }
            self.moved();
        }
    }

    /// Notes something for the admin port, if there is one.
    fn note(&self, note: impl FnOnce(&mut Ledger)) {
        if let Some(ledger) = &mut *self.ledger.borrow_mut() {
            note(ledger);
        }
    }

    fn serve_admin(
        self: &Rc<Self>,
        socket: AsyncFd<OwnedFd>,
        application: Arc<Application>,
    ) -> Vec<task::JoinHandle<()>> {
        let this = self.clone();
        let serving = admin::serve(socket, async move |path: &str| match path {
            "/" => Answer::page(),
            "/events" => {
                let this = this.clone();
                Answer::events(Rc::new(move || {
                    let mut ledger = this.ledger.borrow_mut();
                    Some(ledger.as_mut()?.event(this.counts.read()))
                }))
            }
            "/metrics" => this.metrics(application.gather().await),
            _ => this.health(path),
        });
        vec![self.spawn(serving), self.spawn(self.clone().note_lag())]
    }

    fn health(&self, path: &str) -> Answer {
        let ledger = self.ledger.borrow();
        match (&*ledger, path) {
            (Some(ledger), "/live") => Answer::health(&ledger.live()),
            (Some(ledger), "/ready") => Answer::health(&ledger.ready()),
            _ => Answer::not_found(),
        }
    }

    fn metrics(&self, application: Gathered) -> Answer {
        match &mut *self.ledger.borrow_mut() {
            Some(ledger) => {
                let mut snapshot = ledger.snapshot(self.counts.read());
                snapshot.application = application;
                Answer::metrics(admin::render(snapshot))
            }
            None => Answer::not_found(),
        }
    }

    /// Notes how late this thread is, again and again.
    async fn note_lag(self: Rc<Self>) {
        loop {
            let due = Instant::now() + LAG_EVERY;
            sleep(LAG_EVERY).await;
            let lag = Instant::now().saturating_duration_since(due);
            self.note(|ledger| ledger.set_lag(lag));
        }
    }

    fn apply_policy(&self) {
        let policy = match *self.chooser.borrow() {
            Some(_) => Policy::Program,
            None => self.policy.borrow().clone(),
        };
        self.scheduler.borrow_mut().set_policy(policy);
    }

    fn failed(&self, error: &io::Error) {
        (self.reporter.report)(Report::Failed {
            errno: errno_of(error),
        });
    }

    /// Connections may have moved: somebody may accept again, and somebody has to look after them.
    fn moved(&self) {
        self.crosses.notify_one();
        self.changed.notify_waiters();
        self.start_ticking();
    }

    fn start_ticking(&self) {
        if !self.ticking.replace(true) {
            self.tick.notify_one();
        }
    }

    async fn tick(self: Rc<Self>) {
        loop {
            self.tick.notified().await;
            loop {
                sleep(TICK).await;
                let again = self.scheduler.borrow_mut().tick(now_ns());
                for connection in self.scheduler.borrow_mut().take_shed() {
                    drop(spawn_local(shed::refuse(connection)));
                }
                self.changed.notify_waiters();
                if !again {
                    break;
                }
            }
            self.ticking.set(false);
        }
    }

    async fn accept(self: Rc<Self>, listener: ListenerId, socket: AsyncFd<OwnedFd>) {
        loop {
            while !self.scheduler.borrow().accepts(listener) {
                self.changed.notified().await;
            }
            let Ok(mut ready) = socket.readable().await else {
                return;
            };
            let (accepted, batch) = self.accept_batch(listener, socket.get_ref());
            self.note(|ledger| ledger.accepted(listener, accepted));
            match batch {
                Batch::Drained => ready.clear_ready(),
                Batch::Exhausted => sleep(PAUSE).await,
                Batch::More | Batch::Broken => yield_now().await,
            }
        }
    }

    /// Accepts some connections; how many they were, and how far it has got.
    fn accept_batch(self: &Rc<Self>, listener: ListenerId, socket: &OwnedFd) -> (u64, Batch) {
        let mut accepted = 0;
        for _ in 0..BATCH {
            if !self.scheduler.borrow().accepts(listener) {
                break;
            }
            match socket::accept(socket.as_fd()) {
                Ok(connection) => {
                    accepted += 1;
                    self.scheduler.borrow_mut().accepted();
                    self.identify(Ticket::new(listener.0, now_ns()), connection);
                }
                Err(error) => match errno_of(&error) {
                    Errno::EAGAIN => return (accepted, Batch::Drained),
                    errno if concerns_one_connection(errno) => {}
                    Errno::EMFILE | Errno::ENFILE if self.make_room() => {}
                    errno => {
                        self.reporter.short_of(errno);
                        return (accepted, Batch::Exhausted);
                    }
                },
            }
        }
        (accepted, Batch::More)
    }

    /// Finds out what there is to know of a connection, and hands it over. What can't be known at once is waited for
    /// aside.
    fn identify(self: &Rc<Self>, ticket: Ticket, connection: OwnedFd) {
        let chooser = self.chooser.borrow().clone();
        if let Some(chooser) = chooser {
            let this = self.clone();
            return drop(self.spawn(async move {
                let worker = this.ask(&connection, &chooser).await;
                this.arrived(ticket, worker.map(Key::of_worker), connection);
            }));
        }
        match &*self.policy.borrow() {
            Policy::Sticky(StickyBy::Address) => {
                let key = identify::key_of_address(&connection);
                self.arrived(ticket, key, connection);
            }
            Policy::Sticky(by) => {
                let (this, by) = (self.clone(), by.clone());
                drop(self.spawn(async move {
                    let (connection, key) =
                        identify::key_of_request(connection, &by, &this.looks).await;
                    if by.is_given_out() && key.is_some_and(|key| !this.is_claimed(key)) {
                        this.hear_claims();
                    }
                    this.arrived(ticket, key, connection);
                }));
            }
            _ => self.arrived(ticket, None, connection),
        }
    }

    fn is_claimed(&self, key: Key) -> bool {
        self.scheduler.borrow_mut().is_claimed(key)
    }

    /// Receives what workers have sent so far. A worker claims a key before it gives it to the client, so the claim is
    /// there when the client is, though possibly not read yet.
    fn hear_claims(self: &Rc<Self>) {
        let lines = self.lines.borrow().clone();
        for (worker, ours) in lines {
            for _ in 0..LAST_BATCHES {
                match self.receive_batch(worker, ours.get_ref()) {
                    Batch::More => {}
                    Batch::Drained | Batch::Exhausted => break,
                    Batch::Broken => {
                        // Its watch is to find it broken too.
                        let _ = shutdown(ours.as_raw_fd(), Shutdown::Both);
                        break;
                    }
                }
            }
        }
    }

    async fn ask(&self, connection: &OwnedFd, chooser: &Chooser) -> Option<WorkerId> {
        let patience = Duration::from_nanos(self.scheduler.borrow().take_back_after());
        identify::ask(connection, chooser, patience, &self.asked).await
    }

    fn arrived(&self, ticket: Ticket, key: Option<Key>, connection: OwnedFd) {
        let mut scheduler = self.scheduler.borrow_mut();
        scheduler.arrived(ticket, key, connection, now_ns());
        self.crosses.notify_one();
        self.start_ticking();
    }

    /// Lets a worker in. It is watched until what is returned is dropped.
    fn add_worker(
        self: &Rc<Self>,
        worker: WorkerId,
        seat: Seat,
    ) -> io::Result<oneshot::Sender<()>> {
        let ours = Rc::new(watch::readable(seat.ours)?);
        let pidfd = watch::readable(seat.pidfd)?;
        self.note(|ledger| ledger.add_worker(worker, seat.page.clone(), seat.pid));
        let line = Line {
            ours: ours.clone(),
            theirs: seat.theirs,
            page: seat.page,
            reporter: self.reporter.clone(),
        };
        self.scheduler.borrow_mut().add_worker(worker, line);
        self.lines.borrow_mut().insert(worker, ours.clone());
        let (keep, removed) = oneshot::channel();
        self.spawn(self.clone().watch(worker, ours, pidfd, removed));
        Ok(keep)
    }

    /// Receives what a worker gives back, until it has died, is removed, or breaks the rules.
    async fn watch(
        self: Rc<Self>,
        worker: WorkerId,
        ours: Rc<AsyncFd<OwnedFd>>,
        pidfd: AsyncFd<OwnedFd>,
        mut removed: oneshot::Receiver<()>,
    ) {
        loop {
            let batch = tokio::select! {
                _ = &mut removed => break,
                _ = pidfd.readable() => break,
                ready = ours.readable() => {
                    let Ok(mut ready) = ready else { break };
                    let batch = self.receive_batch(worker, ours.get_ref());
                    if let Batch::Drained = batch {
                        ready.clear_ready();
                    }
                    batch
                }
            };
            match batch {
                Batch::Drained => {}
                Batch::More => yield_now().await,
                Batch::Exhausted => sleep(PAUSE).await,
                Batch::Broken => {
                    (self.reporter.report)(Report::Broken { worker });
                    break;
                }
            }
        }
        // What it gave back before. It may not be dead and go on for ever.
        for _ in 0..LAST_BATCHES {
            match self.receive_batch(worker, ours.get_ref()) {
                Batch::Drained | Batch::Broken => break,
                Batch::More => yield_now().await,
                Batch::Exhausted => sleep(PAUSE).await,
            }
        }
        self.lines.borrow_mut().remove(&worker);
        self.note(|ledger| ledger.worker_gone(worker));
        self.scheduler.borrow_mut().worker_gone(worker, now_ns());
        self.moved();
    }

    fn receive_batch(self: &Rc<Self>, worker: WorkerId, ours: &OwnedFd) -> Batch {
        for _ in 0..BATCH {
            if !handoff::has_room(ours.as_fd()) && !self.make_room() {
                self.reporter.short_of(Errno::EMFILE);
                return Batch::Exhausted;
            }
            match ticket::receive(ours.as_fd()) {
                Ok(Received::Connection { ticket, descriptor }) => {
                    if socket::is_connection(descriptor.as_fd()) {
                        self.given_back(worker, ticket, descriptor);
                    }
                }
                Ok(Received::Quiet {
                    listener,
                    until,
                    descriptor,
                }) => {
                    if socket::is_connection(descriptor.as_fd()) {
                        let until = Some(until).filter(|&until| until > 0);
                        self.moves(worker, ListenerId(listener), descriptor, until);
                    }
                }
                Ok(Received::Claim { key }) => {
                    self.scheduler.borrow_mut().claim(worker, Key(key));
                }
                Ok(Received::OutOfDescriptors) => {
                    self.scheduler.borrow_mut().given_back_lost(worker);
                }
                Ok(Received::Nudge | Received::Malformed | Received::Closed) => {
                    return Batch::Broken;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Batch::Drained,
                Err(_) => return Batch::Broken,
            }
        }
        Batch::More
    }

    fn given_back(self: &Rc<Self>, worker: WorkerId, ticket: Ticket, connection: OwnedFd) {
        let mut scheduler = self.scheduler.borrow_mut();
        scheduler.given_back(worker, ticket, connection, now_ns());
        drop(scheduler);
        self.moved();
    }

    /// A worker sends back a connection that is between two requests. Its client may have begun the next one meanwhile.
    fn moves(
        self: &Rc<Self>,
        worker: WorkerId,
        listener: ListenerId,
        connection: OwnedFd,
        until: Option<u64>,
    ) {
        if !self.scheduler.borrow_mut().moves(worker, listener) {
            return;
        }
        self.arrives_quiet(listener, connection, until);
    }

    /// A connection comes that has been counted, and is between two requests.
    fn arrives_quiet(
        self: &Rc<Self>,
        listener: ListenerId,
        connection: OwnedFd,
        until: Option<u64>,
    ) {
        match identify::hear(&connection) {
            Heard::Nothing => self.park(listener, connection, until),
            Heard::Something => {
                self.identify(Ticket::again(listener.0, now_ns()), connection);
            }
            Heard::End => self.scheduler.borrow().hung_up(),
        }
        self.moved();
    }

    /// Parks a connection whose client has said nothing yet.
    fn park(self: &Rc<Self>, listener: ListenerId, connection: OwnedFd, until: Option<u64>) {
        if is_narrow(&connection) {
            self.make_room();
        }
        let mut scheduler = self.scheduler.borrow_mut();
        let id = scheduler.next_parked();
        if !scheduler.is_handing_over() && self.lot.add(id, &connection).is_err() {
            // It is not heard of here when its client speaks. A worker hears it.
            drop(scheduler);
            return self.identify(Ticket::again(listener.0, now_ns()), connection);
        }
        scheduler.park(id, listener, connection, until);
        if until.is_some() && scheduler.next_deadline() == until {
            self.parked.notify_one();
        }
    }

    /// Passes parked connections on whose clients have spoken.
    async fn hear_parked(self: Rc<Self>) {
        loop {
            let spoken = self.lot.next().await;
            for id in spoken {
                let found = self.scheduler.borrow_mut().has_spoken(id);
                let Some((listener, connection)) = found else {
                    continue;
                };
                self.lot.remove(&connection);
                match identify::hear(&connection) {
                    Heard::End => self.scheduler.borrow().hung_up(),
                    Heard::Something | Heard::Nothing => {
                        self.identify(Ticket::again(listener.0, now_ns()), connection);
                    }
                }
            }
            self.moved();
            yield_now().await;
        }
    }

    /// Closes parked connections when their idle time is over.
    async fn close_expired(self: Rc<Self>) {
        loop {
            let next = self.scheduler.borrow_mut().close_expired(now_ns());
            match next {
                None => self.parked.notified().await,
                Some(at) => {
                    let left = Duration::from_nanos(at.saturating_sub(now_ns()));
                    tokio::select! {
                        () = sleep(left) => {}
                        () = self.parked.notified() => {}
                    }
                }
            }
        }
    }

    /// Looks for workers whose kept-alive connections are better off elsewhere, as long as that is wanted.
    async fn rebalance(self: Rc<Self>) {
        loop {
            if !self.rebalance.get() {
                self.look.notified().await;
                self.scheduler.borrow_mut().stop_asking();
                continue;
            }
            let is_active = self.scheduler.borrow_mut().rebalance(now_ns());
            sleep(if is_active { LOOK } else { IDLE_LOOK }).await;
        }
    }

    /// Closes parked connections for want of descriptors; whether there were any. Those that are only waited for go to workers.
    fn make_room(&self) -> bool {
        self.looks.let_go(ROOM);
        self.scheduler.borrow_mut().evict(ROOM) > 0
    }
}

/// Whether the number of this descriptor is near to their limit: the kernel gives the lowest that is free.
fn is_narrow(descriptor: &OwnedFd) -> bool {
    let next = descriptor.as_raw_fd() as u64 + NARROW;
    next > 2 * NARROW && getrlimit(Resource::RLIMIT_NOFILE).is_ok_and(|(most, _)| next >= most)
}

fn errno_of(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or_default())
}

/// Whether `accept` failed with this because of the connection that came next, which is gone with it.
fn concerns_one_connection(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ECONNABORTED
            | Errno::EINTR
            | Errno::EPERM
            | Errno::EPROTO
            | Errno::ENETDOWN
            | Errno::ENOPROTOOPT
            | Errno::EHOSTDOWN
            | Errno::ENONET
            | Errno::EHOSTUNREACH
            | Errno::EOPNOTSUPP
            | Errno::ENETUNREACH
            | Errno::ETIMEDOUT
    )
}
