use std::time::Duration;

use carveout_grpc::{CallerQuota, SlowCall, Stage};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::Admin;
use super::page::{Page, json, page, text};

fn milliseconds(took: Duration) -> f64 {
    took.as_micros() as f64 / 1000.0
}

impl Admin {
    pub(super) fn metrics(&self, headers: &HeaderMap) -> Page {
        let accept = headers.get(header::ACCEPT);
        let accept = accept.and_then(|value| value.to_str().ok());
        let exposition = self.metrics.encode(accept);
        page(StatusCode::OK, exposition.content_type, exposition.body)
    }

    pub(super) fn build(&self) -> Page {
        let about = &self.about;
        json(
            StatusCode::OK,
            &json!({ "service": about.name, "version": about.version, "commit": about.commit() }),
        )
    }

    pub(super) fn slow(&self) -> Page {
        let stage = |stage: &Stage| {
            json!({
                "name": stage.name,
                "after_ms": milliseconds(stage.after),
                "took_ms": milliseconds(stage.took),
                "code": stage.code,
            })
        };
        let call = |call: &SlowCall| {
            json!({
                "method": call.method,
                "code": call.code,
                "begun": humantime::format_rfc3339_millis(call.begun).to_string(),
                "took_ms": milliseconds(call.took),
                "trace_id": call.trace_id.map(|id| id.to_string()),
                "stages": call.stages.iter().map(stage).collect::<Vec<_>>(),
            })
        };
        let calls: Vec<_> = self.slow.list().iter().map(call).collect();
        json(StatusCode::OK, &json!(calls))
    }

    pub(super) fn overload(&self) -> Page {
        let Some(admission) = self.admission.get() else {
            return no_server();
        };
        let it = admission.snapshot();
        let counts = it.counts;
        json(
            StatusCode::OK,
            &json!({
                "mode": it.mode.as_str(),
                "limit": it.limit,
                "under_way": it.under_way,
                "streams": it.streams,
                "waiting": it.waiting,
                "queued": it.queued,
                "queue_standing_for_ms": milliseconds(it.queue_standing_for),
                "threshold": it.threshold,
                "call_takes_ms": milliseconds(it.took),
                "calls": {
                    "admitted": counts.admitted,
                    "queued": counts.queued,
                    "queue_full": counts.queue_full,
                    "waited_too_long": counts.waited_too_long,
                    "below_threshold": counts.below_threshold,
                    "doomed": counts.doomed,
                },
            }),
        )
    }

    pub(super) fn quota(&self) -> Page {
        let Some(quota) = self.quota.get() else {
            return no_server();
        };
        let it = quota.snapshot();
        let caller = |it: &CallerQuota| {
            json!({
                "caller": it.caller,
                "calls_per_second": it.rate.calls_per_second,
                "burst": it.rate.burst,
                "left": it.left,
                "denied": it.denied,
            })
        };
        json(
            StatusCode::OK,
            &json!({
                "mode": it.mode.as_str(),
                "calls_per_second": it.others.calls_per_second,
                "burst": it.others.burst,
                "callers": it.callers.iter().map(caller).collect::<Vec<_>>(),
            }),
        )
    }
}

fn no_server() -> Page {
    text(StatusCode::SERVICE_UNAVAILABLE, "there is no server yet\n")
}
