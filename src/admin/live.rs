//! What the page for people shows, as JSON: the same figures as in [`metrics`](super::metrics), and how each worker is now.

use serde_json::{Value, json};

use super::health::Health;
use super::metrics::{ListenerSnapshot, Snapshot, WorkerSnapshot};
use super::told::Supervised;
use crate::ipc::queue_time;

/// The JSON. Times are in milliseconds, CPU times in seconds, memory is in bytes; counters only grow.
pub fn describe(snapshot: &Snapshot, ready: &Health, live: &Health) -> Value {
    let Snapshot {
        figures,
        supervised,
        ..
    } = snapshot;
    let workers: Vec<Value> = snapshot
        .workers
        .iter()
        .filter(|worker| worker.is_there)
        .map(|worker| describe_worker(worker, supervised))
        .collect();
    let listeners: Vec<Value> = snapshot.listeners.iter().map(describe_listener).collect();
    json!({
        "ready": describe_health(ready),
        "live": describe_health(live),
        "isStopping": supervised.is_stopping,
        "size": supervised.size,
        "hangAfter": supervised.hang_after.as_millis() as u64,
        "restarts": supervised.restarts,
        "reloads": supervised.reloads,
        "workers": workers,
        "listeners": listeners,
        "queueTimeBounds": queue_time::BOUNDS.map(|bound| bound as f64 / 1e6),
        "connections": {
            "queued": figures.queued(),
            "waiting": figures.waiting,
            "parked": figures.parked,
            "moved": figures.moved,
            "takenBack": figures.taken_back,
            "refused": figures.shed,
            "closed": figures.closed,
        },
        "primary": { "cpu": snapshot.primary.cpu_seconds, "memory": snapshot.primary.memory },
        "dispatcher": { "cpu": snapshot.dispatcher_cpu_seconds, "lag": snapshot.dispatcher_lag * 1e3 },
    })
}

fn describe_health(health: &Health) -> Value {
    json!({ "isGood": health.is_good, "text": health.text })
}

fn describe_worker(worker: &WorkerSnapshot, supervised: &Supervised) -> Value {
    let members = supervised
        .members
        .iter()
        .filter(|member| worker.ids.contains(&member.id))
        .map(|member| json!({ "id": member.id, "pid": member.pid, "state": member.state }));
    json!({
        "place": worker.name,
        "members": members.collect::<Vec<Value>>(),
        "connections": worker.connections,
        "requests": worker.requests,
        "lag": worker.lag,
        "stillFor": worker.still_for,
        "cpu": worker.process.cpu_seconds,
        "memory": worker.process.memory,
    })
}

fn describe_listener(listener: &ListenerSnapshot) -> Value {
    let times = &listener.queue_times;
    json!({
        "name": listener.name,
        "accepted": listener.accepted,
        "queueTime": { "buckets": times.buckets, "sum": times.sum as f64 / 1e6 },
    })
}

#[cfg(test)]
mod tests {
    use super::super::told::Member;
    use super::*;

    #[test]
    fn each_place_says_who_has_it() {
        let mut snapshot = Snapshot::default();
        snapshot.supervised.members = [(1, "ready"), (2, "draining"), (3, "ready")]
            .map(|(id, state)| Member {
                id,
                pid: 100 + id as i32,
                state: state.to_owned(),
            })
            .to_vec();
        let place = |name: &str, ids: &[u32]| WorkerSnapshot {
            name: name.to_owned(),
            ids: ids.to_vec(),
            is_there: !ids.is_empty(),
            ..WorkerSnapshot::default()
        };
        snapshot.workers = vec![place("0", &[2, 3]), place("1", &[1]), place("2", &[])];
        let good = Health {
            is_good: true,
            text: "fine".to_owned(),
        };
        let found = describe(&snapshot, &good, &good);
        assert_eq!(found["workers"].as_array().map(Vec::len), Some(2));
        assert_eq!(
            found["workers"][0]["members"],
            json!([
                { "id": 2, "pid": 102, "state": "draining" },
                { "id": 3, "pid": 103, "state": "ready" },
            ])
        );
        assert_eq!(found["ready"], json!({ "isGood": true, "text": "fine" }));
    }
}
