//! Helpers: metrics with something in them, and a look into a scrape.

use carveout_metrics::{BuildInfo, Metrics};

pub(crate) const OPENMETRICS: Option<&str> = Some("application/openmetrics-text; version=1.0.0");

pub(crate) fn metrics() -> Metrics {
    Metrics::new(BuildInfo {
        service: "orders".to_owned(),
        version: "1.2.0".to_owned(),
        commit: "4be1c7d".to_owned(),
    })
}

/// The value of the sample that begins like this, name and labels.
pub(crate) fn value(body: &str, sample: &str) -> Option<f64> {
    let line = body.lines().find(|line| {
        line.strip_prefix(sample)
            .is_some_and(|rest| rest.starts_with(' '))
    })?;
    line[sample.len()..]
        .split_ascii_whitespace()
        .next()?
        .parse()
        .ok()
}

/// Lines of the families whose name begins like this, without comments.
pub(crate) fn samples<'a>(body: &'a str, family: &str) -> Vec<&'a str> {
    body.lines()
        .filter(|line| line.starts_with(family))
        .collect()
}
