use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::{Handle, RuntimeMetrics};

/// The tokio runtimes of the process, read at scrape time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runtimes(Arc<Mutex<Vec<(&'static str, Handle)>>>);

impl Runtimes {
    pub(crate) fn add(&self, handle: Handle, name: &'static str) {
        let mut runtimes = self.lock();
        runtimes.retain(|(known, _)| *known != name);
        runtimes.push((name, handle));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(&'static str, Handle)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type PerRuntime = (&'static str, &'static str, fn(&RuntimeMetrics) -> usize);

const PER_RUNTIME: [PerRuntime; 3] = [
    (
        "tokio_workers",
        "Worker threads of the runtime.",
        RuntimeMetrics::num_workers,
    ),
    (
        "tokio_alive_tasks",
        "Tasks that have not ended.",
        RuntimeMetrics::num_alive_tasks,
    ),
    (
        "tokio_global_queue_depth",
        "Tasks that wait in the queue that all workers share.",
        RuntimeMetrics::global_queue_depth,
    ),
];

impl Collector for Runtimes {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let runtimes: Vec<_> = self
            .lock()
            .iter()
            .map(|(name, handle)| (*name, handle.metrics()))
            .collect();
        if runtimes.is_empty() {
            return Ok(());
        }
        for (name, help, read) in PER_RUNTIME {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (runtime, metrics) in &runtimes {
                let gauge = ConstGauge::new(i64::try_from(read(metrics)).unwrap_or(i64::MAX));
                gauge.encode(family.encode_family(&[("runtime", *runtime)])?)?;
            }
        }

        // A worker is busy or parked: the rate of this is how much of a core it used, and the
        // spread over the workers is how well the load is shared.
        let help = "Time that the worker spent running tasks.";
        let mut family = encoder.encode_descriptor(
            "tokio_worker_busy",
            help,
            Some(&Unit::Seconds),
            MetricType::Counter,
        )?;
        per_worker(&mut family, &runtimes, |metrics, worker| {
            metrics.worker_total_busy_duration(worker).as_secs_f64()
        })?;

        let help = "How often the worker found nothing to do and parked.";
        let mut family =
            encoder.encode_descriptor("tokio_worker_parks", help, None, MetricType::Counter)?;
        per_worker(&mut family, &runtimes, RuntimeMetrics::worker_park_count)
    }
}

fn per_worker<N>(
    family: &mut MetricEncoder<'_>,
    runtimes: &[(&'static str, RuntimeMetrics)],
    read: impl Fn(&RuntimeMetrics, usize) -> N,
) -> Result<(), fmt::Error>
where
    ConstCounter<N>: EncodeMetric,
{
    for (runtime, metrics) in runtimes {
        for worker in 0..metrics.num_workers() {
            let index = worker.to_string();
            let labels = [("runtime", *runtime), ("worker", index.as_str())];
            ConstCounter::new(read(metrics, worker)).encode(family.encode_family(&labels)?)?;
        }
    }
    Ok(())
}
