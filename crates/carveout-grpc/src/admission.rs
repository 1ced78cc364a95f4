//! Which calls are let in.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use carveout_metrics::prometheus_client::collector::Collector;
use carveout_metrics::prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use carveout_metrics::prometheus_client::metrics::MetricType;
use carveout_metrics::prometheus_client::metrics::counter::Counter;
use carveout_metrics::prometheus_client::metrics::gauge::ConstGauge;
use carveout_metrics::prometheus_client::metrics::histogram::Histogram;
use carveout_metrics::prometheus_client::registry::Unit;
use carveout_metrics::{GuardMetrics, Metrics};
use carveout_overload::{
    Admission, Arrival as Call, Decision, GuardMode, Permit, Refusal, Waiting,
};
use tonic::Code;

use crate::error::{Error, Reason};
use crate::priority::Priority;
use crate::routes::Arrival;
use crate::sparingly::Sparingly;

/// The shortest time after which a refused call is welcome again, more or less a half.
pub(crate) const RETRY: Duration = Duration::from_millis(100);
/// The longest. And once the overload lasts, for a program: a client's retry policy is told never.
const RETRY_LASTING: Duration = Duration::from_secs(2);

/// Upper bounds of the buckets of `admission_wait_seconds`: what is usual in an overload, 1 ms, and in a
/// burst, 100 ms, are two of them.
const WAIT_BUCKETS_SECONDS: [f64; 11] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0,
];

/// Decides about the calls of one server. Clones share everything; each connection has one.
#[derive(Clone)]
pub(crate) struct Doorkeeper {
    admission: Admission,
    priority: Priority,
    decisions: Arc<Decisions>,
}

/// Refuses admitted calls. Each connection holds one in an `Arc` of its own, so that calls of different
/// connections do not contend for one reference count.
#[derive(Clone)]
pub(crate) struct Refuser(Arc<Decisions>);

impl Refuser {
    /// Counts and describes the refusal of a call that was admitted before its request body arrived.
    pub(crate) fn refuse(&self, refusal: Refusal) -> Error {
        self.0.refuse(refusal)
    }
}

struct Decisions {
    dark: Outcomes,
    enforced: Outcomes,
    waits: Histogram,
    log: Sparingly,
}

impl Decisions {
    fn admitted(&self, mode: GuardMode, permit: &Permit) {
        let outcomes = match mode {
            GuardMode::Off => return,
            GuardMode::Dark => &self.dark,
            GuardMode::Enforce => &self.enforced,
        };
        match permit.would_be_refused() {
            Some(refusal) => outcomes.refused(&refusal),
            None => {
                outcomes.admitted.inc();
            }
        }
    }

    /// Counts a refusal, and says it.
    fn refuse(&self, refusal: Refusal) -> Error {
        self.enforced.refused(&refusal);
        if let Some(others_before) = self.log.pass() {
            tracing::warn!(reason = refusal.reason(), %refusal, others_before, "a call was refused");
        }
        let message = refusal.to_string();
        match refusal {
            Refusal::Doomed { .. } => {
                Error::new(Code::DeadlineExceeded, Reason::DOOMED, message).never_retry()
            }
            Refusal::Overloaded { wait, lasting } => {
                let error = Error::new(Code::Unavailable, Reason::OVERLOADED, message);
                if lasting {
                    error.retry_after(jittered(RETRY_LASTING)).never_retry()
                } else {
                    error.retry_after(jittered((10 * wait).clamp(RETRY, RETRY_LASTING)))
                }
            }
        }
    }
}

struct Outcomes {
    admitted: Counter,
    queued: Counter,
    overloaded: Counter,
    doomed: Counter,
}

impl Outcomes {
    fn new(metrics: &GuardMetrics, mode: GuardMode) -> Self {
        let decision = |outcome, reason| metrics.decision(mode.as_str(), outcome, reason);
        Self {
            admitted: decision("allowed", "ADMITTED"),
            queued: decision("allowed", "QUEUED"),
            overloaded: decision("denied", Reason::OVERLOADED.as_str()),
            doomed: decision("denied", Reason::DOOMED.as_str()),
        }
    }

    fn refused(&self, refusal: &Refusal) {
        match refusal {
            Refusal::Overloaded { .. } => self.overloaded.inc(),
            Refusal::Doomed { .. } => self.doomed.inc(),
        };
    }
}

/// What is to be done with a call.
pub(crate) enum Verdict {
    /// No matter of admission: health, reflection, what is no call of a method at all.
    Free,
    Admitted(Permit),
    Queued(Waiting),
    Refused(Error),
}

impl Doorkeeper {
    pub(crate) fn new(admission: Admission, metrics: &Metrics) -> Self {
        let gauges = Gauges(admission.clone());
        let waits = Histogram::new(WAIT_BUCKETS_SECONDS);
        metrics.register(|registry| {
            registry.register_collector(Box::new(gauges));
            let help = "How long calls waited for their turn that had to, whatever came of it";
            registry.register_with_unit("admission_wait", help, Unit::Seconds, waits.clone());
        });
        let metrics = GuardMetrics::register(metrics, "admission");
        Self {
            admission,
            priority: Priority::new(),
            decisions: Arc::new(Decisions {
                dark: Outcomes::new(&metrics, GuardMode::Dark),
                enforced: Outcomes::new(&metrics, GuardMode::Enforce),
                waits,
                log: Sparingly::default(),
            }),
        }
    }

    pub(crate) fn refuser(&self) -> Refuser {
        Refuser(self.decisions.clone())
    }

    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    pub(crate) fn priority(&self) -> &Priority {
        &self.priority
    }

    /// Decides about a call of `method`, which holds a worker for so long at a time.
    pub(crate) fn decide(
        &self,
        arrival: &Arrival,
        method: usize,
        holds_worker: Duration,
    ) -> Verdict {
        let Ok(deadline) = &arrival.deadline else {
            return Verdict::Free;
        };
        let call = Call {
            method,
            level: self.priority.level(arrival),
            deadline: deadline.map(tokio::time::Instant::into_std),
            holds_worker,
        };
        match self.admission.arrive(arrival.at.into_std(), &call) {
            Decision::Admitted(permit) => {
                self.decisions.admitted(self.admission.mode(), &permit);
                Verdict::Admitted(permit)
            }
            Decision::Queued(waiting) => Verdict::Queued(waiting),
            Decision::Refused(refusal) => Verdict::Refused(self.decisions.refuse(refusal)),
        }
    }

    /// Counts what has become of a call that was queued for so long.
    pub(crate) fn waited(
        &self,
        queued: Duration,
        told: Result<Permit, Refusal>,
    ) -> Result<Permit, Error> {
        self.decisions.waits.observe(queued.as_secs_f64());
        if told.is_ok() {
            self.decisions.enforced.queued.inc();
        }
        told.map_err(|refusal| self.decisions.refuse(refusal))
    }
}

/// What it is at when it is asked for.
#[derive(Debug)]
struct Gauges(Admission);

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let it = self.0.snapshot();
        let gauges = [
            (
                "admission_limit",
                "Calls that may be under way at once.",
                it.limit,
            ),
            (
                "admission_under_way",
                "Calls that are under way, and streams.",
                it.under_way,
            ),
            (
                "admission_streams",
                "Of these, streams that have begun.",
                it.streams,
            ),
            (
                "admission_waiting",
                "Of these, calls that wait for their request body or have stalled.",
                it.waiting,
            ),
            (
                "admission_queued",
                "Calls that wait for their turn.",
                it.queued,
            ),
            (
                "admission_threshold",
                "Calls below this level, of 512, are refused.",
                it.threshold,
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)?;
        }
        Ok(())
    }
}

/// Half as long to half as long again, so that those who are refused together do not come back
/// together.
fn jittered(delay: Duration) -> Duration {
    delay.mul_f64(0.5 + fastrand::f64())
}
