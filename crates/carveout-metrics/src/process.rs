//! The process as its kernel sees it, under the names of the official Prometheus clients.

#[cfg(target_os = "linux")]
mod linux;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a scrape reads anew. A number that the platform does not tell is absent from the scrape,
/// never a zero.
#[derive(Debug, Default)]
struct Reading {
    cpu_seconds: Option<f64>,
    resident_bytes: Option<i64>,
    open_fds: Option<i64>,
    max_fds: Option<i64>,
    threads: Option<i64>,
}

#[derive(Debug)]
pub(crate) struct Process {
    /// Unix time in seconds. It never changes, so that it is read once.
    started: f64,
}

impl Process {
    pub(crate) fn new() -> Self {
        Self { started: started() }
    }
}

#[cfg(target_os = "linux")]
fn started() -> f64 {
    linux::started().unwrap_or_else(now)
}

#[cfg(not(target_os = "linux"))]
fn started() -> f64 {
    now()
}

/// Close enough where the kernel does not tell: the registry is among the first things that a
/// service makes.
fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

#[cfg(target_os = "linux")]
fn read() -> Reading {
    linux::read()
}

#[cfg(not(target_os = "linux"))]
fn read() -> Reading {
    Reading::default()
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut write = |name: &str, help, unit: Option<Unit>, metric: &dyn EncodeMetric| {
            let metric_type = metric.metric_type();
            metric.encode(encoder.encode_descriptor(name, help, unit.as_ref(), metric_type)?)
        };
        let reading = read();
        let help = "Start of the process, in seconds since the Unix epoch.";
        write(
            "process_start_time",
            help,
            Some(Unit::Seconds),
            &ConstGauge::new(self.started),
        )?;
        if let Some(seconds) = reading.cpu_seconds {
            let help = "User and system time that the process has used.";
            write(
                "process_cpu",
                help,
                Some(Unit::Seconds),
                &ConstCounter::new(seconds),
            )?;
        }
        if let Some(bytes) = reading.resident_bytes {
            let help = "Memory of the process that is in RAM.";
            write(
                "process_resident_memory",
                help,
                Some(Unit::Bytes),
                &ConstGauge::new(bytes),
            )?;
        }
        if let Some(fds) = reading.open_fds {
            write(
                "process_open_fds",
                "Open file descriptors.",
                None,
                &ConstGauge::new(fds),
            )?;
        }
        if let Some(fds) = reading.max_fds {
            let help = "The most file descriptors that may be open.";
            write("process_max_fds", help, None, &ConstGauge::new(fds))?;
        }
        if let Some(threads) = reading.threads {
            write(
                "process_threads",
                "Threads of the process.",
                None,
                &ConstGauge::new(threads),
            )?;
        }
        Ok(())
    }
}
