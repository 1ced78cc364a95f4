use super::fault::Fault;
use super::series::Series;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Which end of a call it is measured at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Client,
}

/// The name of a family, without its unit and suffix, and its help text.
type Named = (&'static str, &'static str);

impl Side {
    fn duration(self) -> Named {
        match self {
            Self::Server => (
                "rpc_server_call_duration",
                "Time from the head of a request to the end of its response.",
            ),
            Self::Client => (
                "rpc_client_call_duration",
                "Time from the start of a call to the end of its response.",
            ),
        }
    }

    fn active(self) -> Named {
        match self {
            Self::Server => ("rpc_server_active_calls", "Calls that are being served."),
            Self::Client => ("rpc_client_active_calls", "Calls that have not ended."),
        }
    }

    fn started(self) -> Named {
        match self {
            Self::Server => (
                "grpc_server_call_started",
                "Calls that arrived, whatever became of them.",
            ),
            Self::Client => (
                "grpc_client_attempt_started",
                "Attempts that were made, whatever became of them.",
            ),
        }
    }
}

/// The families of one side, with a series for every method that anybody named.
#[derive(Clone, Debug)]
pub(crate) struct Families {
    side: Side,
    series: Arc<Mutex<BTreeMap<String, Arc<Series>>>>,
}

impl Families {
    pub(crate) fn new(side: Side) -> Self {
        Self {
            side,
            series: Arc::default(),
        }
    }

    pub(super) fn series(&self, method: &str) -> Arc<Series> {
        let new = || Arc::new(Series::new(method));
        self.lock()
            .entry(method.to_owned())
            .or_insert_with(new)
            .clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Series>>> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all: Vec<_> = self.lock().values().cloned().collect();
        if all.is_empty() {
            return Ok(());
        }

        let ((name, help), unit) = (self.side.duration(), Unit::Seconds);
        let mut family =
            encoder.encode_descriptor(name, help, Some(&unit), MetricType::Histogram)?;
        for series in &all {
            for (code, fault, durations) in series.durations() {
                let labels = [
                    ("rpc_system_name", "grpc"),
                    ("rpc_method", series.method.as_str()),
                    ("rpc_response_status_code", code.name()),
                    ("rpc_fault", "caller"),
                ];
                let labels = match fault {
                    Fault::Caller => &labels[..],
                    Fault::Server => &labels[..labels.len() - 1],
                };
                durations.encode(family.encode_family(&labels)?)?;
            }
        }

        let (name, help) = self.side.active();
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for series in &all {
            let labels = [
                ("rpc_system_name", "grpc"),
                ("rpc_method", series.method.as_str()),
            ];
            let active = ConstGauge::new(series.active());
            active.encode(family.encode_family(&labels)?)?;
        }

        let (name, help) = self.side.started();
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for series in &all {
            let labels = [("grpc_method", series.method.as_str())];
            series.started.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
