use std::time::{Duration, Instant};

use carveout_health::Report;
use http::StatusCode;
use serde_json::json;

use super::Admin;
use super::page::{Page, json, parameter, text};

/// What `/admin/workers` waits for before it calls the workers stuck: long for a task that has only
/// to be begun, and short enough to be told within a tenth of a second.
const WORKERS_PATIENCE: Duration = Duration::from_millis(80);

impl Admin {
    pub(super) fn readiness(&self, query: &str) -> Page {
        let report = self.health.report();
        if parameter(query, "verbose").is_none() {
            return probe(report.is_ready(), "ready\n", "not ready\n");
        }
        let status = if report.is_ready() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        json(status, &verbose(&report))
    }

    pub(super) fn startup(&self) -> Page {
        let started = self.health.report().is_started();
        probe(started, "started\n", "starting\n")
    }

    /// Runs a task on the worker pool and times it: the rest of this port answers whether or not
    /// the workers do.
    pub(super) async fn workers(&self) -> Page {
        let asked = Instant::now();
        let answer = self.workers.spawn(async move { asked.elapsed() });
        let (status, stuck, waited) = match tokio::time::timeout(WORKERS_PATIENCE, answer).await {
            Ok(Ok(waited)) => (StatusCode::OK, false, waited),
            _ => (StatusCode::SERVICE_UNAVAILABLE, true, asked.elapsed()),
        };
        let waited = waited.as_micros() as u64;
        json(status, &json!({ "stuck": stuck, "waited_us": waited }))
    }
}

fn verbose(report: &Report) -> serde_json::Value {
    json!({
        "ready": report.is_ready(),
        "degraded": report.is_degraded(),
        "phase": report.phase,
        "dependencies": report.dependencies,
    })
}

fn probe(passed: bool, yes: &'static str, no: &'static str) -> Page {
    match passed {
        true => text(StatusCode::OK, yes),
        false => text(StatusCode::SERVICE_UNAVAILABLE, no),
    }
}
