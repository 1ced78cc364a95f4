use std::net::IpAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use carveout_grpc::{SlowCall, Stage};
use carveout_health::Report;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use serde_json::json;

use super::Admin;

type Page = Response<Full<Bytes>>;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
/// What `/admin/workers` waits for before it calls the workers stuck.
const WORKERS_PATIENCE: Duration = Duration::from_secs(1);
/// No body that this port reads is longer.
const LONGEST_BODY: usize = 64 * 1024;

/// Every page, with what it takes and shows. `GET /` prints this table.
const PAGES: [(&str, &str, &str); 11] = [
    (
        "GET",
        "/metrics",
        "metrics, in Prometheus text or OpenMetrics",
    ),
    (
        "GET",
        "/livez",
        "whether the process is worth keeping; asks no dependency",
    ),
    (
        "GET",
        "/readyz",
        "whether calls should be sent here; ?verbose lists the dependencies",
    ),
    ("GET", "/startupz", "whether the start is done"),
    ("GET", "/admin/build", "name, version and commit"),
    (
        "GET",
        "/admin/config",
        "the configuration with the source of each setting, secrets redacted",
    ),
    (
        "POST",
        "/admin/config/reload",
        "reads the configuration again; loopback only",
    ),
    ("GET", "/admin/log-level", "the log filter in force"),
    (
        "POST",
        "/admin/log-level",
        "?filter=debug&for=10m changes it for a while; loopback only",
    ),
    (
        "GET",
        "/admin/slow",
        "the slowest calls of the last ten minutes, and where their time went",
    ),
    (
        "GET",
        "/admin/workers",
        "whether the worker threads still take work",
    ),
];

impl Admin {
    pub(super) async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Page {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let allowed: Vec<&str> = PAGES
            .iter()
            .filter(|page| page.1 == path)
            .map(|page| page.0)
            .collect();
        let read = method == Method::GET || method == Method::HEAD;
        if path == "/" && read {
            return page(StatusCode::OK, TEXT, index());
        }
        if allowed.is_empty() {
            return page(
                StatusCode::NOT_FOUND,
                TEXT,
                format!("there is no {path} here\n\n{}", index()),
            );
        }
        if !(read && allowed.contains(&"GET") || allowed.contains(&method.as_str())) {
            let mut refused = page(
                StatusCode::METHOD_NOT_ALLOWED,
                TEXT,
                format!("{path} takes {}\n", allowed.join(" and ")),
            );
            if let Ok(allow) = HeaderValue::from_str(&allowed.join(", ")) {
                refused.headers_mut().insert(header::ALLOW, allow);
            }
            return refused;
        }
        if method == Method::POST && !peer.to_canonical().is_loopback() {
            return page(
                StatusCode::FORBIDDEN,
                TEXT,
                "only a caller on this machine (loopback) may change anything\n",
            );
        }
        let query = request.uri().query().unwrap_or_default().to_owned();
        match (path.as_str(), read) {
            ("/metrics", _) => self.metrics(&request),
            ("/livez", _) => page(StatusCode::OK, TEXT, "ok\n"),
            ("/readyz", _) => self.readiness(&query),
            ("/startupz", _) => probe(self.health.report().is_started(), "started", "starting"),
            ("/admin/build", _) => self.build(),
            ("/admin/config", _) => page(StatusCode::OK, TEXT, self.reloader.config.print()),
            ("/admin/config/reload", _) => self.reload(),
            ("/admin/slow", _) => self.slow(),
            ("/admin/log-level", true) => self.log_level(),
            ("/admin/log-level", false) => self.set_log_level(&query, request).await,
            _ => self.workers().await,
        }
    }

    fn metrics<B>(&self, request: &Request<B>) -> Page {
        let accept = request
            .headers()
            .get(header::ACCEPT)
            .and_then(|value| value.to_str().ok());
        let exposition = self.metrics.encode(accept);
        page(StatusCode::OK, exposition.content_type, exposition.body)
    }

    fn readiness(&self, query: &str) -> Page {
        let report = self.health.report();
        if parameter(query, "verbose").is_none() {
            return probe(report.is_ready(), "ready", "not ready");
        }
        let status = if report.is_ready() {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        json_page(status, &verbose(&report))
    }

    fn build(&self) -> Page {
        let about = &self.about;
        json_page(
            StatusCode::OK,
            &json!({ "service": about.name, "version": about.version, "commit": about.commit() }),
        )
    }

    fn slow(&self) -> Page {
        let milliseconds = |took: Duration| took.as_micros() as f64 / 1000.0;
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
        json_page(StatusCode::OK, &json!(calls))
    }

    fn reload(&self) -> Page {
        match self.reloader.reload() {
            Ok(done) => json_page(
                StatusCode::OK,
                &json!({ "in_force": done.in_force, "after_restart": done.after_restart }),
            ),
            Err(error) => page(
                StatusCode::UNPROCESSABLE_ENTITY,
                TEXT,
                format!("{error}\nthe last good configuration stays\n"),
            ),
        }
    }

    fn log_level(&self) -> Page {
        match &self.reloader.log {
            Some(log) => page(StatusCode::OK, TEXT, format!("{}\n", log.current())),
            None => no_log_control(),
        }
    }

    /// The filter and its duration come in the query or, for a filter too long for one, in the
    /// body.
    async fn set_log_level(&self, query: &str, request: Request<Incoming>) -> Page {
        let Some(log) = &self.reloader.log else {
            return no_log_control();
        };
        let body = match Limited::new(request.into_body(), LONGEST_BODY)
            .collect()
            .await
        {
            Ok(body) => body.to_bytes(),
            Err(_) => {
                return page(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    TEXT,
                    format!("at most {LONGEST_BODY} bytes\n"),
                );
            }
        };
        let filter = parameter(query, "filter")
            .unwrap_or_else(|| String::from_utf8_lossy(&body).trim().to_owned());
        let wanted =
            match parameter(query, "for").map(|text| (humantime::parse_duration(&text), text)) {
                None => carveout_telemetry::DEFAULT_OVERRIDE,
                Some((Ok(wanted), _)) => wanted,
                Some((Err(error), text)) => {
                    return page(
                        StatusCode::BAD_REQUEST,
                        TEXT,
                        format!("for={text}: {error}; write a duration such as 10m\n"),
                    );
                }
            };
        match log.set(&filter, wanted) {
            Ok(()) => page(StatusCode::OK, TEXT, format!("{}\n", log.current())),
            Err(error) => page(StatusCode::BAD_REQUEST, TEXT, format!("{error}\n")),
        }
    }

    /// Runs a task on the worker pool and times it: the rest of this port answers whether or not
    /// the workers do.
    async fn workers(&self) -> Page {
        let asked = Instant::now();
        let answer = self.workers.spawn(async move { asked.elapsed() });
        match tokio::time::timeout(WORKERS_PATIENCE, answer).await {
            Ok(Ok(waited)) => json_page(
                StatusCode::OK,
                &json!({ "stuck": false, "waited_us": waited.as_micros() as u64 }),
            ),
            _ => json_page(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({ "stuck": true, "waited_us": asked.elapsed().as_micros() as u64 }),
            ),
        }
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
    let (status, text) = if passed {
        (StatusCode::OK, yes)
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, no)
    };
    page(status, TEXT, format!("{text}\n"))
}

fn no_log_control() -> Page {
    page(
        StatusCode::NOT_IMPLEMENTED,
        TEXT,
        "this process set up its logging by itself\n",
    )
}

fn index() -> String {
    PAGES
        .iter()
        .map(|(method, path, what)| format!("{method:4} {path:22} {what}\n"))
        .collect()
}

fn json_page(status: StatusCode, value: &serde_json::Value) -> Page {
    page(status, JSON, format!("{value}\n"))
}

fn page(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Page {
    let mut page = Response::new(Full::new(body.into()));
    *page.status_mut() = status;
    page.headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    page
}

/// A parameter of a query string; one without a value is empty.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        assert_eq!(parameter("verbose", "verbose"), Some(String::new()));
        assert_eq!(
            parameter("a=1&filter=info%2Corders%3Ddebug&for=10m", "filter"),
            Some("info,orders=debug".into())
        );
        assert_eq!(parameter("filter=a+b%", "filter"), Some("a b%".into()));
        assert_eq!(parameter("verbose=1", "verb"), None);
    }
}
