use super::{json, text};
use crate::LogFormat;
use crate::trace::SpanIds;
use std::time::SystemTime;
use tracing::Level;
use tracing::field::Visit;

/// What every line says, whatever it is about.
pub(super) struct Line<'a> {
    pub(super) time: SystemTime,
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) service: &'a str,
    pub(super) ids: Option<SpanIds>,
    /// The message of a line that no event stands behind.
    pub(super) message: Option<&'a str>,
}

impl Line<'_> {
    /// Appends the line, with its end. `record` shows the fields of the event to a visitor.
    pub(super) fn write(
        &self,
        format: LogFormat,
        out: &mut String,
        record: impl Fn(&mut dyn Visit),
    ) {
        match format {
            LogFormat::Json => json::write(self, out, record),
            LogFormat::Text => text::write(self, out, record),
        }
    }
}
