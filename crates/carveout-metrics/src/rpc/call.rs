use super::OTHER;
use super::code::Code;
use super::fault::Fault;
use super::series::Series;
use super::trace_label::TraceLabel;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One call that has started. Keep it to the end of the response body, then
/// [`finish`](Self::finish) it.
///
/// Dropped without that it counts as `CANCELLED`: this is what happens to a server's future when
/// the caller goes away.
#[derive(Debug)]
#[must_use = "a call that is dropped counts as CANCELLED"]
pub struct Call {
    /// None if nothing is measured, or once it has been.
    series: Option<Arc<Series>>,
    started: Instant,
}

impl Call {
    pub(super) fn start(series: Option<Arc<Series>>, now: Instant) -> Self {
        if let Some(series) = &series {
            series.started.inc();
        }
        Self {
            series,
            started: now,
        }
    }

    /// The method that it counts under, without the slash of the path, or [`OTHER`].
    pub fn method(&self) -> &str {
        self.series.as_ref().map_or(OTHER, |series| &series.method)
    }

    /// The call ended with the code of this name (`DEADLINE_EXCEEDED`); a name that is none counts
    /// as `UNKNOWN`.
    ///
    /// With a `trace_id` it becomes the exemplar of its latency bucket. Give one that somebody can
    /// look up: of a trace that was sampled, or that the logs have.
    pub fn finish(self, code: &str, trace_id: Option<u128>) {
        self.finish_at(Instant::now(), code, trace_id);
    }

    /// The same for whoever has just read the clock.
    pub fn finish_at(self, now: Instant, code: &str, trace_id: Option<u128>) {
        self.finish_by(now, code, Fault::Server, trace_id);
    }

    /// The same where somebody else than the server may be to blame for the code: a fault of the
    /// caller counts under `rpc_fault="caller"`, out of the server's error ratio.
    pub fn finish_by(mut self, now: Instant, code: &str, fault: Fault, trace_id: Option<u128>) {
        let took = now.saturating_duration_since(self.started);
        self.end(Code::named(code), fault, took, trace_id);
    }

    fn end(&mut self, code: Code, fault: Fault, took: Duration, trace_id: Option<u128>) {
        if let Some(series) = self.series.take() {
            series.record(code, fault, took, trace_id.map(TraceLabel));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.series.is_some() {
            self.end(Code::CANCELLED, Fault::Server, self.started.elapsed(), None);
        }
    }
}
