use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use carveout_overload::{
    Admission, AdmissionLayer, CallKind, Criticality, GuardMode, OverloadConfig,
};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{Semaphore, mpsc};
use tower::ServiceBuilder;

use crate::served::{
    Caller, Protocol, Server, WORKERS, all_are_answered, burst, eventually, get, hold_worker,
    is_shed, outside, would_have_refused,
};

type Answer = Response<Full<Bytes>>;

fn serve<S, B>(service: S) -> Server
where
    S: Service<Request<Incoming>, Response = Response<B>>,
    S: Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    Server::start(async move |listener| {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let http = auto::Builder::new(TokioExecutor::new());
                let connection = http.serve_connection(TokioIo::new(stream), service);
                // Callers may go away, and some of these do.
                drop(connection.await);
            });
        }
    })
}

async fn holding(_: Request<Incoming>) -> Result<Answer, Infallible> {
    hold_worker().await;
    Ok(Response::default())
}

fn admission(mode: GuardMode) -> Admission {
    let config = OverloadConfig {
        mode,
        ..OverloadConfig::default()
    };
    Admission::new(config, 1, WORKERS)
}

#[test]
fn what_is_too_much_is_refused() {
    for protocol in Protocol::ALL {
        let admission = admission(GuardMode::Enforce);
        let layer = AdmissionLayer::new(admission.clone());
        let server = serve(Arc::new(layer.around(service_fn(holding))));
        is_shed(&burst(server.address, protocol), &admission, protocol);
        is_shed(&burst(server.address, protocol), &admission, protocol);
    }
}

/// The control: see the one of axum.
#[test]
fn a_limit_that_is_asked_when_the_call_begins_refuses_nothing() {
    for protocol in Protocol::ALL {
        let service = ServiceBuilder::new()
            .load_shed()
            .concurrency_limit(WORKERS + 1)
            .service_fn(holding);
        let server = serve(TowerToHyperService::new(service));
        all_are_answered(&burst(server.address, protocol), protocol);
    }
}

#[test]
fn dark_sees_it_and_changes_nothing() {
    for protocol in Protocol::ALL {
        let admission = admission(GuardMode::Dark);
        let layer = AdmissionLayer::new(admission.clone());
        let server = serve(Arc::new(layer.around(service_fn(holding))));
        all_are_answered(&burst(server.address, protocol), protocol);
        would_have_refused(&admission, protocol);
    }
}

/// A server whose handlers say that they have begun, and end when they are told to.
struct OneByOne {
    admission: Admission,
    server: Server,
    begun: mpsc::UnboundedReceiver<String>,
    end: Arc<Semaphore>,
}

impl OneByOne {
    fn start(layer: impl FnOnce(AdmissionLayer) -> AdmissionLayer) -> Self {
        let config = OverloadConfig {
            mode: GuardMode::Enforce,
            initial_limit: 1,
            min_limit: 1,
            max_queue_wait: Duration::from_secs(600),
            overloaded_after: Duration::from_secs(600),
            ..OverloadConfig::default()
        };
        let admission = Admission::new(config, 1, 1);
        #[expect(clippy::disallowed_methods, reason = "a test has as many as it calls")]
        let (tell, begun) = mpsc::unbounded_channel();
        let end = Arc::new(Semaphore::new(0));
        let may_end = Arc::clone(&end);
        let handler = move |request: Request<Incoming>| {
            let (tell, may_end) = (tell.clone(), Arc::clone(&may_end));
            async move {
                tell.send(request.uri().path().to_owned()).unwrap();
                may_end.acquire().await.unwrap().forget();
                Ok::<_, Infallible>(Answer::default())
            }
        };
        let layer = layer(AdmissionLayer::new(admission.clone()));
        let server = serve(Arc::new(layer.around(service_fn(handler))));
        Self {
            admission,
            server,
            begun,
            end,
        }
    }

    /// Sends a request that is not answered before it is told to be.
    async fn send(&self, request: Request<()>, protocol: Protocol) -> Sent {
        let mut caller = Caller::connect(self.server.address, protocol).await;
        Sent(tokio::spawn(
            async move { caller.send(request).await.status() },
        ))
    }

    async fn queued(&self, calls: usize) {
        let what = format!("{calls} are queued");
        eventually(&what, || self.admission.snapshot().queued == calls).await;
    }

    fn is_empty(&self) -> bool {
        let snapshot = self.admission.snapshot();
        (snapshot.under_way, snapshot.queued) == (0, 0)
    }
}

struct Sent(tokio::task::JoinHandle<StatusCode>);

#[test]
fn what_waits_comes_in_its_turn_the_more_critical_before_the_less() {
    for protocol in Protocol::ALL {
        let mut one_by_one = OneByOne::start(|layer| layer);
        outside(async {
            let first = one_by_one.send(get("/first"), protocol).await;
            assert_eq!(one_by_one.begun.recv().await.unwrap(), "/first");
            let mut sheddable = get("/sheddable");
            let criticality = Criticality::Sheddable.as_str().parse().unwrap();
            sheddable
                .headers_mut()
                .insert(Criticality::KEY, criticality);
            let sheddable = one_by_one.send(sheddable, protocol).await;
            one_by_one.queued(1).await;
            let critical = one_by_one.send(get("/critical"), protocol).await;
            one_by_one.queued(2).await;
            one_by_one.end.add_permits(3);
            assert_eq!(one_by_one.begun.recv().await.unwrap(), "/critical");
            assert_eq!(one_by_one.begun.recv().await.unwrap(), "/sheddable");
            for sent in [first, sheddable, critical] {
                assert_eq!(sent.0.await.unwrap(), StatusCode::OK, "{protocol:?}");
            }
            assert!(one_by_one.is_empty(), "{protocol:?}");
        });
    }
}

#[test]
fn a_call_that_is_cancelled_while_it_waits_leaves_the_queue() {
    for protocol in Protocol::ALL {
        let mut one_by_one = OneByOne::start(|layer| layer);
        outside(async {
            let first = one_by_one.send(get("/first"), protocol).await;
            assert_eq!(one_by_one.begun.recv().await.unwrap(), "/first");
            let gone = one_by_one.send(get("/gone"), protocol).await;
            one_by_one.queued(1).await;
            let last = one_by_one.send(get("/last"), protocol).await;
            one_by_one.queued(2).await;
            gone.0.abort();
            gone.0.await.unwrap_err();
            one_by_one.end.add_permits(3);
            for sent in [first, last] {
                assert_eq!(sent.0.await.unwrap(), StatusCode::OK, "{protocol:?}");
            }
            // The server may have noticed late that it is gone.
            eventually("all are gone", || one_by_one.is_empty()).await;
        });
    }
}

#[test]
fn what_waits_for_too_long_is_refused() {
    for protocol in Protocol::ALL {
        let mut one_by_one = OneByOne::start(|layer| layer);
        let soon = Duration::from_millis(1);
        one_by_one.admission.configure(&OverloadConfig {
            max_queue_wait: soon,
            overloaded_queue_wait: soon,
            ..OverloadConfig::default()
        });
        outside(async {
            let first = one_by_one.send(get("/first"), protocol).await;
            assert_eq!(one_by_one.begun.recv().await.unwrap(), "/first");
            // Nothing happens that could tell it: it looks at the clock by itself.
            let late = one_by_one.send(get("/late"), protocol).await;
            let status = late.0.await.unwrap();
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{protocol:?}");
            one_by_one.end.add_permits(1);
            assert_eq!(first.0.await.unwrap(), StatusCode::OK, "{protocol:?}");
            assert!(one_by_one.is_empty(), "{protocol:?}");
        });
    }
}

#[test]
fn what_is_exempt_comes_in_whatever_there_is_to_do() {
    let mut one_by_one = OneByOne::start(|layer| {
        layer.classified_by(|request| match request.uri.path() {
            "/livez" => CallKind::Exempt,
            _ => CallKind::Method(0),
        })
    });
    outside(async {
        let first = one_by_one.send(get("/first"), Protocol::Http2).await;
        assert_eq!(one_by_one.begun.recv().await.unwrap(), "/first");
        let live = one_by_one.send(get("/livez"), Protocol::Http2).await;
        assert_eq!(one_by_one.begun.recv().await.unwrap(), "/livez");
        assert_eq!(one_by_one.admission.snapshot().under_way, 1);
        one_by_one.end.add_permits(2);
        assert_eq!(live.0.await.unwrap(), StatusCode::OK);
        assert_eq!(first.0.await.unwrap(), StatusCode::OK);
        assert_eq!(one_by_one.admission.snapshot().counts.admitted, 1);
    });
}

#[test]
fn what_cannot_be_answered_by_its_deadline_is_refused() {
    let mut one_by_one = OneByOne::start(|layer| layer.deadline(Duration::from_nanos(1)));
    outside(async {
        // While there is room, a call is let in that takes longer: it may be faster this time.
        for _ in 0..2 {
            one_by_one.end.add_permits(1);
            let sent = one_by_one.send(get("/"), Protocol::Http1).await;
            assert_eq!(sent.0.await.unwrap(), StatusCode::OK);
            one_by_one.begun.recv().await.unwrap();
        }
        let first = one_by_one.send(get("/"), Protocol::Http1).await;
        one_by_one.begun.recv().await.unwrap();
        let mut caller = Caller::connect(one_by_one.server.address, Protocol::Http1).await;
        let doomed = caller.call("/").await;
        assert!(doomed.is_refusal(), "{doomed:?}");
        assert!(doomed.text.contains("deadline"), "{doomed:?}");
        assert!(doomed.retry_after.is_some(), "{doomed:?}");
        one_by_one.end.add_permits(1);
        assert_eq!(first.0.await.unwrap(), StatusCode::OK);
        assert_eq!(one_by_one.admission.snapshot().counts.doomed, 1);
        assert!(one_by_one.is_empty());
    });
}
