use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::Metrics;

/// What one guard decides, in the schema that all of them share:
/// `guard_decisions_total{guard, mode, outcome, reason}`.
///
/// A guard is whatever may refuse a call: access, admission, a quota. In the mode `dark` it counts
/// what it would have done and does nothing.
#[derive(Clone, Debug)]
pub struct GuardMetrics {
    guard: &'static str,
    decisions: Decisions,
}

/// Names and values of guard, mode, outcome and reason.
pub(crate) type Decisions = Family<[(&'static str, &'static str); 4], Counter>;

impl GuardMetrics {
    /// The decisions of the guard of this name, `access` say.
    pub fn register(metrics: &Metrics, guard: &'static str) -> Self {
        Self {
            guard,
            decisions: metrics.guard_decisions(),
        }
    }

    /// The counter of one kind of decision: what was decided in which mode and why, in words that
    /// the guard has a fixed number of.
    pub fn decision(
        &self,
        mode: &'static str,
        outcome: &'static str,
        reason: &'static str,
    ) -> Counter {
        let labels = [
            ("guard", self.guard),
            ("mode", mode),
            ("outcome", outcome),
            ("reason", reason),
        ];
        self.decisions.get_or_create_owned(&labels)
    }
}
