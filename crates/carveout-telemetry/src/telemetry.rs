use crate::LogControl;
use crate::log::LogWriter;
use crate::trace::Pipeline;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a guard that is dropped without a shutdown waits for the receiver.
const LAST_CHANCE: Duration = Duration::from_secs(1);

/// The guard of what [`crate::init`] has set up.
///
/// [`shutdown`](Self::shutdown) it last. Dropped without that, it flushes what it can within a
/// second.
#[must_use = "telemetry stops when its guard is dropped"]
pub struct Telemetry {
    stats: StatsReader,
    control: LogControl,
    done: AtomicBool,
}

/// What has been sent, and what was lost, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Spans that the receiver has taken.
    pub spans_exported: u64,
    /// Spans that were recorded, and lost: no room, no receiver, no time.
    pub spans_dropped: u64,
    /// Log lines that were lost: no room, or nobody reads.
    pub log_lines_dropped: u64,
}

/// Reads [`Stats`] for whoever does not own the guard, such as a collector of metrics. A handle,
/// cheap to clone.
#[derive(Clone)]
pub struct StatsReader {
    pipeline: Option<Arc<Pipeline>>,
    writer: LogWriter,
}

/// How a shutdown went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShutdownReport {
    /// The counts since the start.
    pub stats: Stats,
    /// How many spans this shutdown itself gave up.
    pub spans_abandoned: u64,
    /// Whether log lines were still unwritten when the time was up.
    pub log_abandoned: bool,
}

impl ShutdownReport {
    /// Whether everything that was waiting has been sent and written.
    pub fn is_complete(&self) -> bool {
        self.spans_abandoned == 0 && !self.log_abandoned
    }
}

impl StatsReader {
    /// The counts since the start.
    pub fn read(&self) -> Stats {
        let spans = self
            .pipeline
            .as_ref()
            .map(|pipeline| pipeline.counts())
            .unwrap_or_default();
        Stats {
            spans_exported: spans.exported,
            spans_dropped: spans.dropped,
            log_lines_dropped: self.writer.dropped(),
        }
    }
}

impl Telemetry {
    pub(crate) fn new(
        pipeline: Option<Arc<Pipeline>>,
        writer: LogWriter,
        control: LogControl,
    ) -> Self {
        Self {
            stats: StatsReader { pipeline, writer },
            control,
            done: AtomicBool::new(false),
        }
    }

    /// A handle that changes the log level.
    pub fn log_control(&self) -> LogControl {
        self.control.clone()
    }

    /// A handle that reads what has been sent and lost.
    pub fn stats(&self) -> StatsReader {
        self.stats.clone()
    }

    /// Sends the spans and writes the log lines that are waiting, for `timeout` in all. Spans that
    /// have to be given up are counted and reported in the log; a receiver that is not there is no
    /// failure.
    ///
    /// It blocks the thread. Spans that end later are not sent and have no ids; log lines are
    /// written until the process ends, or the guard and the subscriber are gone. A second call
    /// sends nothing more.
    pub fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        self.done.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + timeout;
        let before = self.stats.read().spans_dropped;
        // Spans first: that they are lost is itself a line of the log.
        if let Some(pipeline) = &self.stats.pipeline {
            pipeline.shutdown(timeout);
        }
        let spans = self.stats.read().spans_dropped - before;
        if spans > 0 {
            tracing::warn!(target: "carveout::telemetry", spans, "spans were given up at the stop");
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let written = self.stats.writer.flush(left);
        ShutdownReport {
            stats: self.stats.read(),
            spans_abandoned: spans,
            log_abandoned: !written,
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if !self.done.load(Ordering::Relaxed) {
            self.shutdown(LAST_CHANCE);
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StatsReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StatsReader").field(&self.read()).finish()
    }
}
