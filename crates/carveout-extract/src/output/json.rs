//! A report for programs. Its schema is `docs/boundary/report.schema.json`.

use crate::report::Report;

/// The report as JSON, indented, with a line break at its end.
#[must_use]
pub fn report(report: &Report) -> String {
    // A report is made of strings, numbers and lists: nothing in it can fail to be written.
    let mut json = serde_json::to_string_pretty(report).unwrap_or_default();
    json.push('\n');
    json
}
