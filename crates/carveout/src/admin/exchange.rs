//! One connection to the admin port: one request and its answer, each with a deadline.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Admin;
use super::page::{Page, text};

/// How long a request may take to arrive.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long its body may: less, so that there is time to answer.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer may take to be read: some megabytes of a profile through a forwarded port.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// No body that this port reads is longer.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The rest of the request, or a page that takes no time.
    Asking,
    /// Work that was begun for a caller who may ask for it, and that is bounded in number.
    Working,
    /// The caller to read the answer.
    Answering,
}

/// Serves one request. There is no second one on a connection, so that there are no idle connections,
/// and nothing is done for requests that are sent ahead of their turn.
pub(super) async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    admin: Arc<Admin>,
    phase: Arc<watch::Sender<Phase>>,
) {
    let opened = Instant::now();
    let mut phases = phase.subscribe();
    let service = service_fn(|request: Request<Incoming>| {
        let (admin, phase) = (admin.clone(), phase.clone());
        async move {
            let page = admin.answer(request, peer, &phase).await;
            phase.send_replace(Phase::Answering);
            Ok::<_, Infallible>(guarded(page))
        }
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    loop {
        let deadline = match *phases.borrow_and_update() {
            Phase::Asking => Some(opened + REQUEST_TIMEOUT),
            Phase::Working => None,
            Phase::Answering => Some(Instant::now() + ANSWER_TIMEOUT),
        };
        let overdue = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // An error here is a caller that went away; it has seen that for itself.
            _ = &mut served => return,
            Ok(()) = phases.changed() => {}
            () = overdue => return,
        }
    }
}

/// The whole body, or the answer to one that is too long or too slow.
pub(super) async fn read(body: Incoming) -> Result<Bytes, Page> {
    let whole = Limited::new(body, MAX_BODY_BYTES).collect();
    match tokio::time::timeout(BODY_TIMEOUT, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(_)) => Err(text(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("at most {MAX_BODY_BYTES} bytes\n"),
        )),
        Err(_) => Err(text(
            StatusCode::REQUEST_TIMEOUT,
            format!("the body has to arrive within {BODY_TIMEOUT:?}\n"),
        )),
    }
}

/// No browser may take a page for something else, show it inside another site's or keep it.
fn guarded(mut page: Page) -> Page {
    let headers = page.headers_mut();
    let never = HeaderValue::from_static;
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, never("nosniff"));
    headers.insert("cross-origin-resource-policy", never("same-origin"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        never("frame-ancestors 'none'"),
    );
    headers.insert(header::CACHE_CONTROL, never("no-store"));
    page
}
