//! What the admin port tells of workers and listeners, of those that have gone as well: what they have counted is not to get
//! less. Kept only where there is such a port.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hyper::body::Bytes;

use super::{Figures, ListenerId, Place, WorkerId};
use crate::admin::{
    Gathered, Health, ListenerSnapshot, ProcessFigures, Snapshot, Supervised, Told, Totals,
    WorkerSnapshot, describe, figures_of, figures_of_self, live, ready, thread_cpu_seconds,
};
use crate::ipc::queue_time::QueueTimes;
use crate::sys::page::{Page, now_ns};

/// For how long an event for the page is good for others.
const SAME_EVENT: Duration = Duration::from_millis(500);

/// What a worker without a place is called.
const SPARE: &str = "spare";

/// A worker that is there.
struct Watched {
    id: u32,
    page: Arc<Page>,
    pid: i32,
    place: Option<u32>,
    /// What its process used when it was last looked at.
    process: ProcessFigures,
}

impl Watched {
    fn name(&self) -> String {
        self.place
            .map_or(SPARE.to_owned(), |place| place.to_string())
    }

    /// For how long its loop has neither gone to sleep nor woken up.
    fn still_for(&self, now: u64) -> Duration {
        Duration::from_nanos(now.saturating_sub(self.page.loop_state().since_ns()))
    }

    fn look(&mut self) {
        if let Some(figures) = figures_of(self.pid) {
            self.process = figures;
        }
    }
}

/// What a worker has counted.
#[derive(Clone, Debug, Default)]
struct Tally {
    requests: u64,
    idle: u64,
    cpu_seconds: f64,
    taken: BTreeMap<u32, u64>,
}

impl Tally {
    fn add(&mut self, worker: &Watched) {
        self.requests = self.requests.wrapping_add(worker.page.requests());
        self.idle = self.idle.wrapping_add(worker.page.idle());
        self.cpu_seconds += worker.process.cpu_seconds;
        for (listener, buckets, sum) in worker.page.waited() {
            let taken = self.taken.entry(listener).or_default();
            *taken = taken.wrapping_add(QueueTimes { buckets, sum }.count());
        }
    }
}

struct Listener {
    name: String,
    accepted: u64,
    /// How long connections have waited for workers that have gone.
    past: QueueTimes,
}

/// The book.
pub(super) struct Ledger {
    told: Arc<Told>,
    listeners: BTreeMap<ListenerId, Listener>,
    workers: BTreeMap<WorkerId, Watched>,
    /// What workers have counted that have gone, by what they were called.
    past: BTreeMap<String, Tally>,
    /// What a predecessor has counted.
    inherited: Totals,
    /// By how many seconds the dispatcher's last regular timer was late.
    lag: f64,
    /// The last event for the page, and when it was made.
    last_event: Option<(Instant, Bytes)>,
}

impl Ledger {
    /// Of a supervisor that tells of itself.
    pub(super) fn new(told: Arc<Told>) -> Ledger {
        Ledger {
            told,
            listeners: BTreeMap::new(),
            workers: BTreeMap::new(),
            past: BTreeMap::new(),
            inherited: Totals::default(),
            lag: 0.0,
            last_event: None,
        }
    }

    pub(super) fn add_worker(&mut self, worker: WorkerId, page: Arc<Page>, pid: i32) {
        let watched = Watched {
            id: worker.0,
            page,
            pid,
            place: None,
            process: ProcessFigures::default(),
        };
        self.workers.insert(worker, watched);
    }

    pub(super) fn set_place(&mut self, worker: WorkerId, place: Place) {
        if let Some(watched) = self.workers.get_mut(&worker) {
            watched.place = place.number();
        }
    }

    /// A worker has died, or is removed.
    pub(super) fn worker_gone(&mut self, worker: WorkerId) {
        let Some(mut watched) = self.workers.remove(&worker) else {
            return;
        };
        watched.look();
        self.past.entry(watched.name()).or_default().add(&watched);
        for (listener, buckets, sum) in watched.page.waited() {
            if let Some(listener) = self.listeners.get_mut(&ListenerId(listener)) {
                listener.past += &QueueTimes { buckets, sum };
            }
        }
    }

    pub(super) fn open_listener(&mut self, listener: ListenerId, name: String) {
        let entry = Listener {
            name,
            accepted: 0,
            past: QueueTimes::default(),
        };
        self.listeners.insert(listener, entry);
    }

    pub(super) fn close_listener(&mut self, listener: ListenerId) {
        self.listeners.remove(&listener);
    }

    pub(super) fn accepted(&mut self, listener: ListenerId, count: u64) {
        if let Some(listener) = self.listeners.get_mut(&listener) {
            listener.accepted += count;
        }
    }

    pub(super) fn set_lag(&mut self, lag: Duration) {
        self.lag = lag.as_secs_f64();
    }

    /// Whether the service should get requests.
    pub(super) fn ready(&self) -> Health {
        let supervised = self.told.read();
        let in_service = self.in_service(&supervised).count();
        ready(&supervised, in_service as u32)
    }

    /// Whether it can go on by itself.
    pub(super) fn live(&self) -> Health {
        let supervised = self.told.read();
        let now = now_ns();
        let in_service = self.in_service(&supervised);
        let still_for: Vec<Duration> = in_service.map(|worker| worker.still_for(now)).collect();
        live(&supervised, &still_for)
    }

    /// The workers that are ready, and have not died since that was told.
    fn in_service(&self, supervised: &Supervised) -> impl Iterator<Item = &Watched> {
        supervised
            .members
            .iter()
            .filter(|member| member.state == "ready")
            .filter_map(|member| self.workers.get(&WorkerId(member.id)))
    }

    /// All that there is to tell, but for the application's own metrics.
    pub(super) fn snapshot(&mut self, figures: Figures) -> Snapshot {
        for worker in self.workers.values_mut() {
            worker.look();
        }
        let mut snapshot = Snapshot {
            figures,
            listeners: self
                .listeners
                .iter()
                .map(|(id, listener)| self.listener(*id, listener))
                .collect(),
            workers: self.places(),
            supervised: self.told.read(),
            primary: figures_of_self().unwrap_or_default(),
            dispatcher_cpu_seconds: thread_cpu_seconds(),
            dispatcher_lag: self.lag,
            application: Gathered::default(),
        };
        self.inherited.add_to(&mut snapshot);
        snapshot
    }

    /// What has been counted until now.
    pub(super) fn totals(&mut self, figures: Figures) -> Totals {
        Totals::of(&self.snapshot(figures))
    }

    /// Counts on from what a predecessor has counted until now.
    pub(super) fn inherit(&mut self, totals: Totals) {
        self.inherited = totals;
    }

    /// An event for the page, the same for all who want one at about the same time.
    pub(super) fn event(&mut self, figures: Figures) -> Bytes {
        if let Some((made, event)) = &self.last_event
            && made.elapsed() < SAME_EVENT
        {
            return event.clone();
        }
        let snapshot = self.snapshot(figures);
        let data = describe(&snapshot, &self.ready(), &self.live());
        let event = Bytes::from(format!("data: {data}\n\n"));
        self.last_event = Some((Instant::now(), event.clone()));
        event
    }

    fn listener(&self, id: ListenerId, listener: &Listener) -> ListenerSnapshot {
        let mut queue_times = listener.past;
        for worker in self.workers.values() {
            for (_, buckets, sum) in worker.page.waited().filter(|(of, ..)| *of == id.0) {
                queue_times += &QueueTimes { buckets, sum };
            }
        }
        ListenerSnapshot {
            name: listener.name.clone(),
            accepted: listener.accepted,
            queue_times,
        }
    }

    /// What is told of each place, and of the spares together. In a reload, two workers have one place for a while.
    fn places(&self) -> Vec<WorkerSnapshot> {
        let now = now_ns();
        let mut tallies = self.past.clone();
        let mut there: BTreeMap<String, Vec<&Watched>> = BTreeMap::new();
        for worker in self.workers.values() {
            tallies.entry(worker.name()).or_default().add(worker);
            there.entry(worker.name()).or_default().push(worker);
        }
        let name_of = |listener: u32| {
            self.listeners
                .get(&ListenerId(listener))
                .map(|found| found.name.clone())
        };
        tallies
            .into_iter()
            .map(|(name, tally)| {
                let workers = there.remove(&name).unwrap_or_default();
                let mut taken: BTreeMap<String, u64> = BTreeMap::new();
                for (listener, count) in tally.taken {
                    if let Some(listener) = name_of(listener) {
                        *taken.entry(listener).or_default() += count;
                    }
                }
                let descriptors: Option<u64> = workers
                    .iter()
                    .map(|worker| worker.process.descriptors)
                    .sum();
                WorkerSnapshot {
                    name,
                    ids: workers.iter().map(|worker| worker.id).collect(),
                    is_there: !workers.is_empty(),
                    connections: workers
                        .iter()
                        .map(|worker| worker.page.open_connections())
                        .sum(),
                    requests: tally.requests,
                    taken,
                    lag: workers
                        .iter()
                        .map(|worker| worker.page.lag())
                        .max()
                        .unwrap_or_default(),
                    still_for: workers
                        .iter()
                        .map(|worker| worker.still_for(now).as_millis() as u64)
                        .max()
                        .unwrap_or_default(),
                    idle: tally.idle,
                    process: ProcessFigures {
                        cpu_seconds: tally.cpu_seconds,
                        memory: workers.iter().map(|worker| worker.process.memory).sum(),
                        descriptors,
                    },
                }
            })
            .collect()
    }
}
