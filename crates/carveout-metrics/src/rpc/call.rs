use super::code::Code;
use super::series::Series;
use super::trace_label::TraceLabel;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

/// One call that has started. Keep it to the end of the response body, then
/// [`finish`](Self::finish) it.
///
/// Dropped without that it counts as `CANCELLED`: this is what happens to a server's future when
/// the caller goes away.
#[derive(Debug)]
#[must_use = "a call that is dropped counts as CANCELLED"]
pub struct Call {
    /// None if nothing is measured.
    series: Option<Arc<Series>>,
    started: Instant,
    ended_as: Code,
    trace: Option<TraceLabel>,
}

impl Call {
    pub(super) fn start(series: Option<Arc<Series>>) -> Self {
        if let Some(series) = &series {
            series.started.inc();
            series.active.inc();
        }
        Self {
            series,
            started: Instant::now(),
            ended_as: Code::CANCELLED,
            trace: None,
        }
    }

    /// The call ended with the code of this name (`DEADLINE_EXCEEDED`); a name that is none counts
    /// as `UNKNOWN`.
    ///
    /// With a `trace_id` (32 hexadecimal digits) it becomes the exemplar of its latency bucket.
    /// Give one that somebody can look up: of a trace that was sampled, or that the logs have.
    pub fn finish(mut self, code: &str, trace_id: Option<impl Display>) {
        self.ended_as = Code::named(code);
        self.trace = trace_id.and_then(TraceLabel::new);
        // Dropping it records it, here as everywhere.
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(series) = &self.series {
            series.active.dec();
            series.record(self.ended_as, self.started.elapsed(), self.trace);
        }
    }
}
