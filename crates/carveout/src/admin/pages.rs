use std::net::IpAddr;

use http::{HeaderValue, Method, Request, StatusCode, header};
use hyper::body::Incoming;
use tokio::sync::watch;

use super::exchange::{self, Phase};
use super::page::{Page, ok, text};
use super::trust::refusal;
use super::{Admin, browser, profile};

/// Who may ask for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// Everybody, under any host name.
    Probe,
    /// Everybody, under a known host name.
    All,
    /// Whoever may change things: it does, or it costs as much.
    Trusted,
}

/// Every page, with what it takes and shows. `GET /` prints this table.
const PAGES: [(&str, &str, Open, &str); 15] = [
    (
        "GET",
        "/metrics",
        Open::Probe,
        "metrics, in Prometheus text or OpenMetrics",
    ),
    (
        "GET",
        "/livez",
        Open::Probe,
        "whether the process is worth keeping; asks no dependency",
    ),
    (
        "GET",
        "/readyz",
        Open::Probe,
        "whether calls should be sent here; ?verbose lists the dependencies",
    ),
    ("GET", "/startupz", Open::Probe, "whether the start is done"),
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
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: IpAddr,
        phase: &watch::Sender<Phase>,
    ) -> Page {
        let (head, body) = request.into_parts();
        let (method, path) = (&head.method, head.uri.path());
        let read = method == Method::GET || method == Method::HEAD;
        let wanted = if read { "GET" } else { method.as_str() };
        let here = PAGES.iter().filter(|page| page.1 == path);
        let page = here.clone().find(|page| page.0 == wanted);
        let open = page.map_or(Open::All, |page| page.2);
        let admin = self.reloader.admin.get();
        if let Some(refused) = browser::refusal(&head, open, &admin.allowed_hosts) {
            return refused;
        }
        if path == "/" && read {
            return ok(index());
        }
        let allowed: Vec<&str> = here.map(|page| page.0).collect();
        if allowed.is_empty() {
            let text_of_404 = format!("there is no {path} here\n\n{}", index());
            return text(StatusCode::NOT_FOUND, text_of_404);
        }
        // Of what costs as much as a change, HEAD would be all of the work and none of the answer.
        if page.is_none() || (open == Open::Trusted && method == Method::HEAD) {
            return wrong_method(path, &allowed);
        }
        let query = head.uri.query().unwrap_or_default();
        if open == Open::Trusted {
            if let Some(refused) = refusal(&head.headers, &admin, peer) {
                return refused;
            }
            return self.trusted(path, query, body, phase).await;
        }
        match path {
            "/metrics" => self.metrics(&head.headers),
            "/livez" => ok("ok\n"),
            "/readyz" => self.readiness(query),
            "/startupz" => self.startup(),
            "/admin/build" => self.build(),
            "/admin/config" => ok(self.reloader.config.print()),
            "/admin/slow" => self.slow(),
            "/admin/overload" => self.overload(),
            "/admin/quota" => self.quota(),
            "/admin/log-level" => self.log_level(),
            _ => self.workers().await,
        }
    }

    async fn trusted(
        &self,
        path: &str,
        query: &str,
        body: Incoming,
        phase: &watch::Sender<Phase>,
    ) -> Page {
        // Before a permit is acquired: an unfinished body must not hold one.
        let body = match exchange::read(body).await {
            Ok(body) => body,
            Err(refused) => return refused,
        };
        let _permit = match self.work.begin(phase) {
            Ok(permit) => permit,
            Err(refused) => return *refused,
        };
        match path {
            "/admin/config/reload" => self.reload().await,
            "/admin/log-level" => self.set_log_level(query, &body),
            "/debug/pprof/profile" => profile::cpu(query).await,
            _ => profile::heap(query).await,
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
            Open::Probe | Open::All => ' ',
            Open::Trusted => '*',
        };
        format!("{method:4}{mark} {path:22} {what}\n")
    };
    let pages: String = PAGES.iter().map(line).collect();
    format!("{pages}\n* from this machine (loopback) alone, or with admin.token if there is one\n")
}
