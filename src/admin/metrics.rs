//! What there is to count, in the text format of Prometheus. Names follow its conventions.

use std::collections::BTreeMap;
use std::fmt::Error;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::{Registry, Unit};

use super::application::Gathered;
use super::process::ProcessFigures;
use super::told::{self, Supervised, Times};
use crate::dispatch::Figures;
use crate::ipc::queue_time::{self, QueueTimes};

/// What is known of a listener.
#[derive(Clone, Debug, Default)]
pub struct ListenerSnapshot {
    /// Where it listens.
    pub name: String,
    /// How many connections it has accepted.
    pub accepted: u64,
    /// How long they have waited for a worker.
    pub queue_times: QueueTimes,
}

/// What is known of the worker in a place, and of those that had it before.
#[derive(Clone, Debug, Default)]
pub struct WorkerSnapshot {
    /// The number of the place; of a spare, `spare`.
    pub name: String,
    /// The numbers of the workers that are there now.
    pub ids: Vec<u32>,
    /// Whether there is a worker now.
    pub is_there: bool,
    /// Open connections.
    pub connections: u64,
    /// HTTP requests that have begun.
    pub requests: u64,
    /// Connections that were taken, by listener.
    pub taken: BTreeMap<String, u64>,
    /// By how many milliseconds the last regular timer was late.
    pub lag: u64,
    /// For how many milliseconds the event loop has neither gone to sleep nor woken up.
    pub still_for: u64,
    /// For how many nanoseconds the event loop has waited for events.
    pub idle: u64,
    /// CPU time of all that had the place, and what the one that has it now uses.
    pub process: ProcessFigures,
}

/// All that is known at one time.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub figures: Figures,
    pub listeners: Vec<ListenerSnapshot>,
    pub workers: Vec<WorkerSnapshot>,
    pub supervised: Supervised,
    pub primary: ProcessFigures,
    /// CPU time of the dispatcher's thread.
    pub dispatcher_cpu_seconds: f64,
    /// By how many seconds the dispatcher's last regular timer was late.
    pub dispatcher_lag: f64,
    /// The application's own metrics.
    pub application: Gathered,
}

/// The text of `/metrics`. What the application counts under a name of ours is left out: a name can stand there once.
pub fn render(mut snapshot: Snapshot) -> String {
    let application = std::mem::take(&mut snapshot.application.families);
    let mut registry = Registry::with_prefix("cluster");
    registry.register_collector(Box::new(snapshot));
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = encode(&mut text, &registry);
    let is_taken = |name: &str| text.contains(&format!("# TYPE {name} "));
    let others: String = application
        .into_iter()
        .filter(|family| !is_taken(&family.name))
        .map(|family| family.text)
        .collect();
    text + &others
}

/// A label with its value.
type Label<'a> = (&'a str, &'a str);

const NO_LABELS: [Label; 0] = [];

/// Puts families of metrics into the text.
struct Families<'a>(DescriptorEncoder<'a>);

impl Families<'_> {
    fn counter(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        values: &[(impl EncodeLabelSet, f64)],
    ) -> Result<(), Error> {
        self.family(MetricType::Counter, name, help, unit, values)
    }

    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        values: &[(impl EncodeLabelSet, f64)],
    ) -> Result<(), Error> {
        self.family(MetricType::Gauge, name, help, unit, values)
    }

    /// Counters or gauges, with their labels.
    fn family(
        &mut self,
        kind: MetricType,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        values: &[(impl EncodeLabelSet, f64)],
    ) -> Result<(), Error> {
        let mut family = self.0.encode_descriptor(name, help, unit, kind)?;
        let exemplar: Option<&Exemplar<NoLabelSet, f64>> = None;
        for (labels, value) in values {
            let mut metric = family.encode_family(labels)?;
            match kind {
                MetricType::Counter => metric.encode_counter(value, exemplar)?,
                _ => metric.encode_gauge(value)?,
            }
        }
        Ok(())
    }

    /// A histogram of seconds. `values` have how many there are up to each bound and beyond, and their sum.
    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        bounds: &[f64],
        values: &[(&[Label], &[u64], f64)],
    ) -> Result<(), Error> {
        let kind = MetricType::Histogram;
        let unit = Some(&Unit::Seconds);
        let mut family = self.0.encode_descriptor(name, help, unit, kind)?;
        for (labels, buckets, sum) in values {
            let bounds = bounds.iter().copied().chain([f64::INFINITY]);
            let buckets: Vec<(f64, u64)> = bounds.zip(buckets.iter().copied()).collect();
            let count = buckets.iter().map(|(_, count)| count).sum();
            family
                .encode_family(labels)?
                .encode_histogram::<NoLabelSet>(*sum, count, &buckets, None)?;
        }
        Ok(())
    }

    /// One that has no labels.
    fn total(&mut self, name: &str, help: &str, value: u64) -> Result<(), Error> {
        self.counter(name, help, None, &[(NO_LABELS, value as f64)])
    }

    fn times(&mut self, name: &str, help: &str, times: &Times) -> Result<(), Error> {
        let values: &[(&[Label], &[u64], f64)] = &[(&NO_LABELS, &times.buckets, times.sum)];
        self.histogram(name, help, &told::BOUNDS, values)
    }
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder) -> Result<(), Error> {
        let mut families = Families(encoder);
        self.encode_connections(&mut families)?;
        self.encode_listeners(&mut families)?;
        self.encode_workers(&mut families)?;
        self.encode_supervised(&mut families)?;
        self.encode_primary(&mut families)?;
        let workers = f64::from(self.application.workers);
        families.gauge(
            "application_metrics_workers",
            "Workers whose own metrics are in this answer; none while the primary is busy.",
            None,
            &[(NO_LABELS, workers)],
        )
    }
}

impl Snapshot {
    fn encode_connections(&self, families: &mut Families) -> Result<(), Error> {
        let Figures {
            handed,
            taken_back,
            given_back,
            moved,
            closed,
            evicted,
            shed,
            waiting,
            parked,
            ..
        } = self.figures;
        families.total(
            "connections_handed_over",
            "Connections put into the queue of a worker.",
            handed,
        )?;
        families.total(
            "connections_taken_back",
            "Connections taken back from the queue of a worker that was stuck, left or died.",
            taken_back,
        )?;
        families.total(
            "connections_given_back",
            "Connections that a worker could not serve and gave back.",
            given_back,
        )?;
        families.total(
            "connections_moved",
            "Kept-alive connections given back between two requests.",
            moved,
        )?;
        families.total(
            "connections_closed",
            "Connections closed by the primary, those that were evicted or refused included.",
            closed,
        )?;
        families.total(
            "connections_evicted",
            "Parked connections closed for want of descriptors.",
            evicted,
        )?;
        families.total(
            "connections_refused",
            "Connections refused because they had waited too long for a worker.",
            shed,
        )?;
        let gauges = [
            (
                "connections_queued",
                "Connections in the queues of the workers.",
                self.figures.queued(),
            ),
            (
                "connections_waiting",
                "Connections that no worker can take now.",
                waiting,
            ),
            (
                "connections_parked",
                "Kept-alive connections that wait in the primary for their clients.",
                parked,
            ),
        ];
        for (name, help, value) in gauges {
            families.gauge(name, help, None, &[(NO_LABELS, value as f64)])?;
        }
        Ok(())
    }

    fn encode_listeners(&self, families: &mut Families) -> Result<(), Error> {
        let labels: Vec<[Label; 1]> = self
            .listeners
            .iter()
            .map(|listener| [("listener", listener.name.as_str())])
            .collect();
        let accepted: Vec<(&[Label], f64)> = labels
            .iter()
            .zip(&self.listeners)
            .map(|(labels, listener)| (&labels[..], listener.accepted as f64))
            .collect();
        families.counter(
            "connections_accepted",
            "Connections accepted from the kernel.",
            None,
            &accepted,
        )?;
        let bounds = queue_time::BOUNDS.map(|bound| bound as f64 / 1e9);
        let waited: Vec<(&[Label], &[u64], f64)> = labels
            .iter()
            .zip(&self.listeners)
            .map(|(labels, listener)| {
                let times = &listener.queue_times;
                (&labels[..], &times.buckets[..], times.sum as f64 / 1e9)
            })
            .collect();
        families.histogram(
            "queue_time",
            "How long connections have waited for a worker since they were accepted or spoke again.",
            &bounds,
            &waited,
        )
    }

    fn encode_workers(&self, families: &mut Families) -> Result<(), Error> {
        let labels: Vec<[Label; 1]> = self
            .workers
            .iter()
            .map(|worker| [("worker", worker.name.as_str())])
            .collect();
        let of = |value: &dyn Fn(&WorkerSnapshot) -> Option<f64>| -> Vec<(&[Label], f64)> {
            labels
                .iter()
                .zip(&self.workers)
                .filter_map(|(labels, worker)| Some((&labels[..], value(worker)?)))
                .collect()
        };
        let now = |worker: &WorkerSnapshot, value: f64| worker.is_there.then_some(value);
        let values = of(&|worker| Some(worker.requests as f64));
        families.counter(
            "worker_requests",
            "HTTP requests that have begun.",
            None,
            &values,
        )?;
        let taken: Vec<([Label; 2], f64)> = self
            .workers
            .iter()
            .flat_map(|worker| {
                worker.taken.iter().map(|(listener, &count)| {
                    let labels = [
                        ("worker", worker.name.as_str()),
                        ("listener", listener.as_str()),
                    ];
                    (labels, count as f64)
                })
            })
            .collect();
        families.counter(
            "worker_connections_taken",
            "Connections that a worker took.",
            None,
            &taken,
        )?;
        let values = of(&|worker| Some(worker.process.cpu_seconds));
        families.counter(
            "worker_cpu",
            "CPU time of a worker's process.",
            Some(&Unit::Seconds),
            &values,
        )?;
        let values = of(&|worker| Some(worker.idle as f64 / 1e9));
        families.counter(
            "worker_event_loop_idle",
            "Time that a worker's event loop has waited for events; its utilization is 1 less the rate of this.",
            Some(&Unit::Seconds),
            &values,
        )?;
        let values = of(&|worker| now(worker, worker.connections as f64));
        families.gauge("worker_connections", "Open connections.", None, &values)?;
        let values = of(&|worker| now(worker, worker.lag as f64 / 1e3));
        families.gauge(
            "worker_event_loop_lag",
            "How late a worker's last regular timer was.",
            Some(&Unit::Seconds),
            &values,
        )?;
        let values = of(&|worker| now(worker, worker.process.memory as f64));
        families.gauge(
            "worker_resident_memory",
            "Resident memory of a worker's process.",
            Some(&Unit::Bytes),
            &values,
        )?;
        let values = of(&|worker| now(worker, worker.process.descriptors? as f64));
        families.gauge(
            "worker_open_fds",
            "Open file descriptors of a worker's process.",
            None,
            &values,
        )
    }

    fn encode_supervised(&self, families: &mut Families) -> Result<(), Error> {
        let Supervised {
            members,
            size,
            min,
            max,
            restarts,
            scalings,
            reloads,
            reload_times,
            start_times,
            ..
        } = &self.supervised;
        let states = ["starting", "ready", "ill", "spare", "draining"];
        let counted: Vec<([Label; 1], f64)> = states
            .iter()
            .map(|&state| {
                let count = members
                    .iter()
                    .filter(|member| member.state == state)
                    .count();
                ([("state", state)], count as f64)
            })
            .collect();
        families.gauge("workers", "Workers by their state.", None, &counted)?;
        let bounds = [
            ("wanted", "How many workers are to be in service.", size),
            ("min", "How few that may be, by load.", min),
            ("max", "How many that may be, by load.", max),
        ];
        for (name, help, &count) in bounds {
            let name = format!("workers_{name}");
            families.gauge(&name, help, None, &[(NO_LABELS, f64::from(count))])?;
        }
        let by = |label: &'static str,
                  counts: &BTreeMap<String, u64>,
                  families: &mut Families,
                  name: &str,
                  help: &str| {
            let counts: Vec<([Label; 1], f64)> = counts
                .iter()
                .map(|(value, &count)| ([(label, value.as_str())], count as f64))
                .collect();
            families.counter(name, help, None, &counts)
        };
        by(
            "reason",
            restarts,
            families,
            "worker_restarts",
            "Workers that were replaced, but for reloads.",
        )?;
        by(
            "direction",
            scalings,
            families,
            "scalings",
            "Changes of the number of workers by load.",
        )?;
        by("result", reloads, families, "reloads", "Reloads.")?;
        families.times("reload_duration", "How long reloads took.", reload_times)?;
        families.times(
            "worker_start",
            "How long workers took to get ready.",
            start_times,
        )
    }

    fn encode_primary(&self, families: &mut Families) -> Result<(), Error> {
        let seconds = Some(&Unit::Seconds);
        let ProcessFigures {
            cpu_seconds,
            memory,
            descriptors,
        } = self.primary;
        families.counter(
            "primary_cpu",
            "CPU time of the primary's process.",
            seconds,
            &[(NO_LABELS, cpu_seconds)],
        )?;
        let memory = memory as f64;
        families.gauge(
            "primary_resident_memory",
            "Resident memory of the primary's process.",
            Some(&Unit::Bytes),
            &[(NO_LABELS, memory)],
        )?;
        let open: Vec<_> = descriptors
            .iter()
            .map(|&count| (NO_LABELS, count as f64))
            .collect();
        families.gauge(
            "primary_open_fds",
            "Open file descriptors of the primary's process.",
            None,
            &open,
        )?;
        let dispatcher = self.dispatcher_cpu_seconds;
        families.counter(
            "dispatcher_cpu",
            "CPU time of the dispatcher, a thread of the primary.",
            seconds,
            &[(NO_LABELS, dispatcher)],
        )?;
        families.gauge(
            "dispatcher_lag",
            "How late the dispatcher's last regular timer was.",
            seconds,
            &[(NO_LABELS, self.dispatcher_lag)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'a>(text: &'a str, start: &str) -> &'a str {
        let found = text.lines().find(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("no line {start} in {text}"))
    }

    #[test]
    fn all_that_is_known_is_told() {
        let mut supervised = Supervised::default();
        supervised.restarted("memory".to_owned());
        supervised.reloaded("done".to_owned(), 0.3);
        supervised.scaled("up".to_owned());
        supervised.max = 8;
        let mut queue_times = QueueTimes::default();
        queue_times.buckets[1] = 2;
        queue_times.buckets[16] = 1;
        queue_times.sum = 2_500_000_000;
        let worker = WorkerSnapshot {
            name: "0".to_owned(),
            is_there: true,
            requests: 7,
            taken: BTreeMap::from([("127.0.0.1:80".to_owned(), 3)]),
            lag: 12,
            ..WorkerSnapshot::default()
        };
        let gone = WorkerSnapshot {
            name: "1".to_owned(),
            requests: 9,
            ..WorkerSnapshot::default()
        };
        let text = render(Snapshot {
            listeners: vec![ListenerSnapshot {
                name: "a \"b\"\\".to_owned(),
                accepted: 3,
                queue_times,
            }],
            workers: vec![worker, gone],
            supervised,
            ..Snapshot::default()
        });
        let expected = [
            "cluster_connections_accepted_total{listener=\"a \\\"b\\\"\\\\\"} 3",
            "cluster_queue_time_seconds_sum{listener=\"a \\\"b\\\"\\\\\"} 2.5",
            "cluster_queue_time_seconds_count{listener=\"a \\\"b\\\"\\\\\"} 3",
            "cluster_worker_requests_total{worker=\"0\"} 7",
            "cluster_worker_requests_total{worker=\"1\"} 9",
            "cluster_worker_connections_taken_total{worker=\"0\",listener=\"127.0.0.1:80\"} 3",
            "cluster_worker_event_loop_lag_seconds{worker=\"0\"} 0.012",
            "cluster_worker_restarts_total{reason=\"memory\"} 1",
            "cluster_workers_max 8",
            "cluster_scalings_total{direction=\"up\"} 1",
            "cluster_reloads_total{result=\"done\"} 1",
            "cluster_reload_duration_seconds_sum 0.3",
        ];
        for wanted in expected {
            let (start, _) = wanted.rsplit_once(' ').unwrap();
            assert_eq!(line(&text, start).trim_end_matches(".0"), wanted);
        }
        // Of one that has gone, only what it has counted is told.
        assert!(!text.contains("cluster_worker_connections{worker=\"1\"}"));
    }

    #[test]
    fn each_family_has_its_help_and_type_once() {
        let text = render(Snapshot::default());
        let types: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("# TYPE "))
            .collect();
        let mut names: Vec<&str> = types
            .iter()
            .filter_map(|line| line.split(' ').nth(2))
            .collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(
            names.iter().all(|name| name.starts_with("cluster_")),
            "{names:?}"
        );
    }
}
