use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use carveout_overload::{Admission, Counts};
use futures_util::future::join_all;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

pub(crate) const WORKERS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(120);
/// As much as the workers do in half a second, and so much more than may wait.
pub(crate) const BURST: usize = 200;

/// A handler that computes, or blocks on what it should have awaited.
#[expect(
    clippy::disallowed_methods,
    reason = "what this is about is handlers that hold their worker"
)]
pub(crate) async fn hold_worker() {
    std::thread::sleep(Duration::from_millis(5));
}

/// A server on two workers that it shares with nobody. Dropped, it is gone.
pub(crate) struct Server {
    _runtime: Runtime,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start<F>(serve: impl FnOnce(TcpListener) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(serve(listener));
        Self {
            _runtime: runtime,
            address,
        }
    }
}

/// Runs a test's callers where no handler can keep them waiting. What never ends has failed.
pub(crate) fn outside<T>(callers: impl Future<Output = T>) -> T {
    let callers = async { tokio::time::timeout(PATIENCE, callers).await };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(callers)
        .expect("it ends")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    pub(crate) const ALL: [Protocol; 2] = [Protocol::Http1, Protocol::Http2];
}

/// A connection. Dropped, it is closed.
pub(crate) enum Caller {
    Http1(http1::SendRequest<Empty<Bytes>>),
    Http2(http2::SendRequest<Empty<Bytes>>),
}

impl Caller {
    pub(crate) async fn connect(to: SocketAddr, protocol: Protocol) -> Self {
        let io = TokioIo::new(TcpStream::connect(to).await.unwrap());
        match protocol {
            Protocol::Http1 => {
                let (caller, connection) = http1::handshake(io).await.unwrap();
                tokio::spawn(connection);
                Caller::Http1(caller)
            }
            Protocol::Http2 => {
                let executor = TokioExecutor::new();
                let (caller, connection) = http2::handshake(executor, io).await.unwrap();
                tokio::spawn(connection);
                Caller::Http2(caller)
            }
        }
    }

    pub(crate) async fn send(&mut self, request: Request<()>) -> Response<Incoming> {
        let request = request.map(|()| Empty::new());
        match self {
            Caller::Http1(caller) => caller.send_request(request).await.unwrap(),
            Caller::Http2(caller) => caller.clone().send_request(request).await.unwrap(),
        }
    }

    pub(crate) async fn call(&mut self, path: &str) -> Answer {
        Answer::read(self.send(get(path)).await).await
    }
}

pub(crate) fn get(path: &str) -> Request<()> {
    let uri = format!("http://service{path}");
    let request = Request::get(uri).header("host", "service");
    request.body(()).unwrap()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<u64>,
    pub(crate) text: String,
}

impl Answer {
    async fn read(response: Response<Incoming>) -> Self {
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.map(|value| value.to_str().unwrap().parse().unwrap());
        let status = response.status();
        let text = response.into_body().collect().await.unwrap().to_bytes();
        Self {
            status,
            retry_after,
            text: String::from_utf8(text.to_vec()).unwrap(),
        }
    }

    pub(crate) fn is_refusal(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }
}

/// Many calls at once, over connections that are all there before the first.
pub(crate) fn burst(to: SocketAddr, protocol: Protocol) -> Vec<Answer> {
    let connections = match protocol {
        Protocol::Http1 => BURST,
        Protocol::Http2 => 4,
    };
    outside(async {
        let connect = (0..connections).map(|_| Caller::connect(to, protocol));
        let callers = join_all(connect).await;
        let calls = callers.into_iter().map(async |mut caller| match caller {
            Caller::Http1(_) => vec![caller.call("/").await],
            Caller::Http2(caller) => {
                let calls = (0..BURST / connections).map(|_| Caller::Http2(caller.clone()));
                join_all(calls.map(async |mut caller| caller.call("/").await)).await
            }
        });
        join_all(calls).await.into_iter().flatten().collect()
    })
}

/// What is too much is refused as it should be, the rest is answered, and nothing is left of it.
pub(crate) fn is_shed(answers: &[Answer], admission: &Admission, case: impl std::fmt::Debug) {
    let refusals = answers.iter().filter(|answer| answer.is_refusal());
    let refused = refusals.clone().count();
    let answered = answers.iter().filter(|it| it.status == StatusCode::OK);
    let answered = answered.count();
    let snapshot = admission.snapshot();
    assert_eq!(answered + refused, BURST, "{case:?}");
    assert!(refused > 0, "{case:?}: all were let in: {snapshot:?}");
    assert!(answered >= WORKERS, "{case:?}: {answered}");
    for refusal in refusals {
        assert!(
            refusal.retry_after.is_some_and(|seconds| seconds >= 1),
            "{case:?}: {refusal:?}"
        );
        assert!(
            refusal.text.contains("the service is overloaded"),
            "{case:?}: {refusal:?}"
        );
    }
    assert_eq!((snapshot.under_way, snapshot.queued), (0, 0), "{case:?}");
}

pub(crate) fn all_are_answered(answers: &[Answer], case: impl std::fmt::Debug) {
    let answered = answers.iter().filter(|it| it.status == StatusCode::OK);
    assert_eq!(answered.count(), BURST, "{case:?}");
}

/// Of a dark admission that has seen more than may wait, and is at rest again.
pub(crate) fn would_have_refused(admission: &Admission, case: impl std::fmt::Debug) {
    let snapshot = admission.snapshot();
    let Counts {
        queued, queue_full, ..
    } = snapshot.counts;
    assert!(queued + queue_full > 0, "{case:?}: {snapshot:?}");
    assert_eq!((snapshot.under_way, snapshot.queued), (0, 0));
}

/// Looks until it is so: for what a server notices by itself.
pub(crate) async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE / 2, "never: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
