use std::net::IpAddr;

use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;

use super::Admin;
use super::page::{Page, ok, text};
use super::profile;

/// Who may ask for a page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Whoever reaches the port.
    All,
    /// Whoever may change things: it does, or it costs as much.
    Trusted,
}

/// Every page, with what it takes and shows. `GET /` prints this table.
const PAGES: [(&str, &str, Open, &str); 15] = [
    (
        "GET",
        "/metrics",
        Open::All,
        "metrics, in Prometheus text or OpenMetrics",
    ),
    (
        "GET",
        "/livez",
        Open::All,
        "whether the process is worth keeping; asks no dependency",
    ),
    (
        "GET",
        "/readyz",
        Open::All,
        "whether calls should be sent here; ?verbose lists the dependencies",
    ),
    ("GET", "/startupz", Open::All, "whether the start is done"),
    ("GET", "/admin/build", Open::All, "name, version and commit"),
    (
        "GET",
        "/admin/config",
        Open::All,
        "the configuration with the source of each setting, secrets redacted",
    ),
    (
        "POST",
        "/admin/config/reload",
        Open::Trusted,
        "reads the configuration again",
    ),
    (
        "GET",
        "/admin/log-level",
        Open::All,
        "the log filter in force",
    ),
    (
        "POST",
        "/admin/log-level",
        Open::Trusted,
        "?filter=debug&for=10m changes it for a while",
    ),
    (
        "GET",
        "/admin/slow",
        Open::All,
        "the slowest calls of the last ten minutes, and where their time went",
    ),
    (
        "GET",
        "/admin/overload",
        Open::All,
        "the limit, the queue, and how many calls were let in, queued and refused",
    ),
    (
        "GET",
        "/admin/quota",
        Open::All,
        "what each caller may do and has left, those with the most refused calls first",
    ),
    (
        "GET",
        "/admin/workers",
        Open::All,
        "whether the worker threads still take work",
    ),
    (
        "GET",
        "/debug/pprof/profile",
        Open::Trusted,
        "?seconds=30 samples the stacks that are on a CPU, for pprof; &format=svg for a browser",
    ),
    (
        "GET",
        "/debug/pprof/heap",
        Open::Trusted,
        "who has allocated the memory in use, for pprof; ?format=svg for a browser",
    ),
];

impl Admin {
    pub(super) async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Page {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let read = method == Method::GET || method == Method::HEAD;
        if path == "/" && read {
            return ok(index());
        }
        let here = PAGES.iter().filter(|page| page.1 == path);
        let allowed: Vec<&str> = here.clone().map(|page| page.0).collect();
        if allowed.is_empty() {
            let text_of_404 = format!("there is no {path} here\n\n{}", index());
            return text(StatusCode::NOT_FOUND, text_of_404);
        }
        let wanted = if read { "GET" } else { method.as_str() };
        let Some((_, _, open, _)) = here.clone().find(|page| page.0 == wanted) else {
            return wrong_method(&path, &allowed);
        };
        // It would be all of the work, and none of the answer.
        if *open == Open::Trusted && method == Method::HEAD {
            return wrong_method(&path, &allowed);
        }
        if *open == Open::Trusted
            && let Some(refused) = self.refusal(request.headers(), peer)
        {
            return refused;
        }
        let query = request.uri().query().unwrap_or_default().to_owned();
        match (path.as_str(), read) {
            ("/metrics", _) => self.metrics(request.headers()),
            ("/livez", _) => ok("ok\n"),
            ("/readyz", _) => self.readiness(&query),
            ("/startupz", _) => self.startup(),
            ("/admin/build", _) => self.build(),
            ("/admin/config", _) => ok(self.reloader.config.print()),
            ("/admin/config/reload", _) => self.reload().await,
            ("/admin/slow", _) => self.slow(),
            ("/admin/overload", _) => self.overload(),
            ("/admin/quota", _) => self.quota(),
            ("/admin/log-level", true) => self.log_level(),
            ("/admin/log-level", false) => self.set_log_level(&query, request.into_body()).await,
            ("/debug/pprof/profile", _) => profile::cpu(&query).await,
            ("/debug/pprof/heap", _) => profile::heap(&query).await,
            _ => self.workers().await,
        }
    }
}

fn wrong_method(path: &str, allowed: &[&str]) -> Page {
    let mut refused = text(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{path} takes {}\n", allowed.join(" and ")),
    );
    if let Ok(allow) = HeaderValue::from_str(&allowed.join(", ")) {
        refused.headers_mut().insert(header::ALLOW, allow);
    }
    refused
}

fn index() -> String {
    let line = |(method, path, open, what): &(&str, &str, Open, &str)| {
        let mark = match open {
            Open::All => ' ',
            Open::Trusted => '*',
        };
        format!("{method:4}{mark} {path:22} {what}\n")
    };
    let pages: String = PAGES.iter().map(line).collect();
    format!("{pages}\n* from this machine (loopback) alone, or with admin.token if there is one\n")
}
