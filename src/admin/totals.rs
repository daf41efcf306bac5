//! What has been counted until now, for the primary that follows: it counts on from there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::metrics::{ListenerSnapshot, Snapshot, WorkerSnapshot};
use super::told::Times;
use crate::dispatch::Figures;
use crate::ipc::queue_time::QueueTimes;

/// All counters of a [`Snapshot`], by the names of listeners and places.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Totals {
    /// Of the dispatcher.
    figures: BTreeMap<String, u64>,
    listeners: BTreeMap<String, ListenerTotals>,
    places: BTreeMap<String, PlaceTotals>,
    restarts: BTreeMap<String, u64>,
    reloads: BTreeMap<String, u64>,
    reload_times: TimesTotals,
    start_times: TimesTotals,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
struct ListenerTotals {
    accepted: u64,
    buckets: Vec<u64>,
    sum: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct PlaceTotals {
    requests: u64,
    taken: BTreeMap<String, u64>,
    idle: u64,
    cpu_seconds: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
struct TimesTotals {
    buckets: Vec<u64>,
    sum: f64,
}

impl From<&Times> for TimesTotals {
    fn from(times: &Times) -> TimesTotals {
        TimesTotals {
            buckets: times.buckets.to_vec(),
            sum: times.sum,
        }
    }
}

impl TimesTotals {
    fn add_to(&self, times: &mut Times) {
        add_all(&mut times.buckets, &self.buckets);
        times.sum += self.sum;
    }
}

/// The numbers of the dispatcher that only grow, by name.
fn counters(figures: &mut Figures) -> [(&'static str, &mut u64); 9] {
    [
        ("accepted", &mut figures.accepted),
        ("handed", &mut figures.handed),
        ("taken", &mut figures.taken),
        ("takenBack", &mut figures.taken_back),
        ("givenBack", &mut figures.given_back),
        ("moved", &mut figures.moved),
        ("closed", &mut figures.closed),
        ("evicted", &mut figures.evicted),
        ("shed", &mut figures.shed),
    ]
}

// What another process says may be nonsense.
fn add(to: &mut u64, more: u64) {
    *to = to.wrapping_add(more);
}

fn add_all(to: &mut [u64], more: &[u64]) {
    for (to, more) in to.iter_mut().zip(more) {
        add(to, *more);
    }
}

fn add_by_name(to: &mut BTreeMap<String, u64>, more: &BTreeMap<String, u64>) {
    for (name, more) in more {
        add(to.entry(name.clone()).or_default(), *more);
    }
}

impl Totals {
    /// What a snapshot counts.
    pub fn of(snapshot: &Snapshot) -> Totals {
        let mut figures = snapshot.figures;
        let listener = |of: &ListenerSnapshot| {
            let totals = ListenerTotals {
                accepted: of.accepted,
                buckets: of.queue_times.buckets.to_vec(),
                sum: of.queue_times.sum,
            };
            (of.name.clone(), totals)
        };
        let place = |of: &WorkerSnapshot| {
            let totals = PlaceTotals {
                requests: of.requests,
                taken: of.taken.clone(),
                idle: of.idle,
                cpu_seconds: of.process.cpu_seconds,
            };
            (of.name.clone(), totals)
        };
        Totals {
            figures: counters(&mut figures)
                .map(|(name, count)| (name.into(), *count))
                .into(),
            listeners: snapshot.listeners.iter().map(listener).collect(),
            places: snapshot.workers.iter().map(place).collect(),
            restarts: snapshot.supervised.restarts.clone(),
            reloads: snapshot.supervised.reloads.clone(),
            reload_times: (&snapshot.supervised.reload_times).into(),
            start_times: (&snapshot.supervised.start_times).into(),
        }
    }

    /// Counts it in. Listeners that are not there any more are left out, places are not.
    pub fn add_to(&self, snapshot: &mut Snapshot) {
        for (name, count) in counters(&mut snapshot.figures) {
            add(count, self.figures.get(name).copied().unwrap_or_default());
        }
        for listener in &mut snapshot.listeners {
            if let Some(totals) = self.listeners.get(&listener.name) {
                add(&mut listener.accepted, totals.accepted);
                let QueueTimes { buckets, sum } = &mut listener.queue_times;
                add_all(buckets, &totals.buckets);
                add(sum, totals.sum);
            }
        }
        for (name, totals) in &self.places {
            let index = snapshot.workers.iter().position(|of| of.name == *name);
            let index = index.unwrap_or_else(|| {
                snapshot.workers.push(WorkerSnapshot {
                    name: name.clone(),
                    ..WorkerSnapshot::default()
                });
                snapshot.workers.len() - 1
            });
            let worker = &mut snapshot.workers[index];
            add(&mut worker.requests, totals.requests);
            add(&mut worker.idle, totals.idle);
            worker.process.cpu_seconds += totals.cpu_seconds;
            add_by_name(&mut worker.taken, &totals.taken);
        }
        add_by_name(&mut snapshot.supervised.restarts, &self.restarts);
        add_by_name(&mut snapshot.supervised.reloads, &self.reloads);
        self.reload_times
            .add_to(&mut snapshot.supervised.reload_times);
        self.start_times
            .add_to(&mut snapshot.supervised.start_times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_counted_on() {
        let mut snapshot = Snapshot::default();
        snapshot.figures.accepted = 3;
        snapshot.supervised.restarted("exit".into());
        snapshot.supervised.started(0.3);
        snapshot.listeners.push(ListenerSnapshot {
            name: "127.0.0.1:80".into(),
            accepted: 3,
            ..ListenerSnapshot::default()
        });
        snapshot.workers.push(WorkerSnapshot {
            name: "1".into(),
            requests: 5,
            taken: [("127.0.0.1:80".into(), 3)].into(),
            ..WorkerSnapshot::default()
        });
        let text = serde_json::to_string(&Totals::of(&snapshot)).unwrap();
        let totals: Totals = serde_json::from_str(&text).unwrap();
        totals.add_to(&mut snapshot);
        assert_eq!(snapshot.figures.accepted, 6);
        assert_eq!(snapshot.listeners[0].accepted, 6);
        assert_eq!(snapshot.workers[0].requests, 10);
        assert_eq!(snapshot.workers[0].taken["127.0.0.1:80"], 6);
        assert_eq!(snapshot.supervised.restarts["exit"], 2);
        assert_eq!(snapshot.supervised.start_times.sum, 0.6);
        let mut next = Snapshot::default();
        totals.add_to(&mut next);
        assert_eq!(next.workers[0].requests, 5);
        assert!(!next.workers[0].is_there);
        assert!(next.listeners.is_empty());
    }
}
