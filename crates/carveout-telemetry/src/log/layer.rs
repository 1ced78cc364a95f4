use super::LogWriter;
use super::line::Line;
use crate::LogFormat;
use crate::trace;
use std::cell::Cell;
use std::time::SystemTime;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// A line that grew beyond this gives its memory back.
const KEEP: usize = 16 * 1024;

thread_local! {
    /// Lines are put together here, so that a line allocates nothing once the thread has written
    /// some.
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

/// Makes a log line of every event that gets as far as here.
pub(crate) struct LogLayer {
    format: LogFormat,
    service: String,
    writer: LogWriter,
}

impl LogLayer {
    pub(crate) fn new(format: LogFormat, service: &str, writer: LogWriter) -> Self {
        Self {
            format,
            service: service.to_owned(),
            writer,
        }
    }
}

/// The line that says how many lines are missing at its place.
pub(crate) fn notice(format: LogFormat, service: &str) -> impl Fn(u64) -> String + Send + 'static {
    let service = service.to_owned();
    move |dropped| {
        let message = format!("{dropped} log lines are missing here: nobody read fast enough");
        let line = Line {
            time: SystemTime::now(),
            level: Level::WARN,
            target: "carveout::telemetry",
            service: &service,
            ids: None,
            message: Some(&message),
        };
        let mut out = String::new();
        line.write(format, &mut out, |_| {});
        out
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let line = Line {
            time: SystemTime::now(),
            level: *metadata.level(),
            target: metadata.target(),
            service: &self.service,
            ids: context.event_span(event).as_ref().and_then(trace::ids_of),
            message: None,
        };
        // A value whose `Debug` logs comes back here before it is done: it finds the scratch taken,
        // and makes its own.
        let mut out = SCRATCH.try_with(Cell::take).unwrap_or_default();
        out.clear();
        line.write(self.format, &mut out, |visitor| event.record(visitor));
        self.writer.write(&out);
        if out.capacity() <= KEEP {
            // A thread that is ending has no scratch any more.
            let _ = SCRATCH.try_with(|scratch| scratch.set(out));
        }
    }
}
