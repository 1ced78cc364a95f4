use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::MatchedPath;
use axum::routing::get;
use bytes::Bytes;
use carveout_overload::{Admission, AdmissionLayer, CallKind, Counts, GuardMode, OverloadConfig};
use futures_util::future::join_all;
use futures_util::stream;
use http::StatusCode;
use http_body_util::BodyExt;
use tokio::sync::{Mutex, mpsc};
use tower::ServiceBuilder;

use crate::served::{
    self, Caller, Protocol, Server, WORKERS, all_are_answered, burst, eventually, hold_worker,
    is_shed, outside, would_have_refused,
};

fn admission(mode: GuardMode) -> Admission {
    let config = OverloadConfig {
        mode,
        ..OverloadConfig::default()
    };
    Admission::new(config, 1, WORKERS)
}

fn serve(router: Router) -> Server {
    Server::start(|listener| async { axum::serve(listener, router).await.unwrap() })
}

fn holding() -> Router {
    Router::new().route("/", get(hold_worker))
}

#[test]
fn what_is_too_much_is_refused() {
    for protocol in Protocol::ALL {
        let admission = admission(GuardMode::Enforce);
        let server = serve(holding().layer(AdmissionLayer::new(admission.clone())));
        is_shed(&burst(server.address, protocol), &admission, protocol);
        // Once more, now that it is known that the method holds its worker.
        assert!(admission.snapshot().methods[0][0].as_millis() >= 4);
        is_shed(&burst(server.address, protocol), &admission, protocol);
    }
}

/// The control: handlers that hold their worker are begun as soon as a layer is asked, so that there
/// are never more of them than workers, and a limit of one more refuses nothing.
#[test]
fn a_limit_that_is_asked_when_the_call_begins_refuses_nothing() {
    for protocol in Protocol::ALL {
        let limit = ServiceBuilder::new()
            .layer(HandleErrorLayer::new(async |_| {
                StatusCode::SERVICE_UNAVAILABLE
            }))
            .load_shed()
            .concurrency_limit(WORKERS + 1);
        let server = serve(holding().layer(limit));
        all_are_answered(&burst(server.address, protocol), protocol);
    }
}

#[test]
fn dark_sees_it_and_changes_nothing() {
    for protocol in Protocol::ALL {
        let admission = admission(GuardMode::Dark);
        let server = serve(holding().layer(AdmissionLayer::new(admission.clone())));
        all_are_answered(&burst(server.address, protocol), protocol);
        would_have_refused(&admission, protocol);
    }
}

#[test]
fn off_does_nothing() {
    let admission = admission(GuardMode::Off);
    let layer = AdmissionLayer::new(admission.clone())
        .classified_by(|request| panic!("{request:?} was looked at"));
    let server = serve(holding().layer(layer));
    all_are_answered(&burst(server.address, Protocol::Http1), "off");
    assert_eq!(admission.snapshot().counts, Counts::default());
}

type Chunk = Result<&'static str, std::io::Error>;

/// A route whose answer is what comes out of the channel.
fn streaming(kind: CallKind) -> (Admission, Server, mpsc::Sender<Chunk>) {
    let admission = admission(GuardMode::Enforce);
    let (send, receive) = mpsc::channel::<Chunk>(1);
    let receive = Arc::new(Mutex::new(receive));
    let handler = async move || {
        let chunks = stream::unfold(receive, |receive| async {
            let chunk = receive.lock().await.recv().await?;
            Some((chunk, receive))
        });
        Body::from_stream(chunks)
    };
    let layer = AdmissionLayer::new(admission.clone()).classified_by(move |_| kind);
    let server = serve(Router::new().route("/", get(handler)).layer(layer));
    (admission, server, send)
}

#[test]
fn a_body_holds_its_place_to_its_end() {
    for kind in [CallKind::Method(0), CallKind::Stream(0)] {
        for protocol in Protocol::ALL {
            let (admission, server, send) = streaming(kind);
            outside(async {
                let mut caller = Caller::connect(server.address, protocol).await;
                let answer = caller.send(served::get("/"));
                let (answer, sent) = tokio::join!(answer, send.send(Ok("first")));
                sent.unwrap();
                let mut body = answer.into_body();
                let first = body.frame().await.unwrap().unwrap();
                assert_eq!(first.into_data().unwrap(), Bytes::from_static(b"first"));
                let snapshot = admission.snapshot();
                assert_eq!(snapshot.under_way, 1, "{protocol:?}");
                // A stream has been answered with its head, and anything else with its end.
                let is_known = !snapshot.methods[0][0].is_zero();
                assert_eq!(is_known, kind == CallKind::Stream(0), "{protocol:?}");
                drop(send);
                let rest = body.collect().await.unwrap();
                assert!(rest.to_bytes().is_empty());
                let snapshot = admission.snapshot();
                assert_eq!(snapshot.under_way, 0, "{protocol:?}");
                assert!(!snapshot.methods[0][0].is_zero(), "{protocol:?}");
            });
        }
    }
}

#[test]
fn a_body_that_fails_gives_its_place_back() {
    for protocol in Protocol::ALL {
        let (admission, server, send) = streaming(CallKind::Method(0));
        outside(async {
            let mut caller = Caller::connect(server.address, protocol).await;
            let answer = caller.send(served::get("/"));
            let (answer, sent) = tokio::join!(answer, send.send(Ok("first")));
            sent.unwrap();
            let mut body = answer.into_body();
            body.frame().await.unwrap().unwrap();
            let broken = std::io::Error::other("the source of it is gone");
            send.send(Err(broken)).await.unwrap();
            body.collect().await.unwrap_err();
            let snapshot = admission.snapshot();
            assert_eq!(snapshot.under_way, 0, "{protocol:?}");
            // It was not answered, and so not in any time.
            assert!(snapshot.methods[0][0].is_zero(), "{protocol:?}");
        });
    }
}

#[test]
fn an_answer_without_a_body_says_how_long_it_took() {
    let mut head = served::get("/");
    *head.method_mut() = http::Method::HEAD;
    for request in [head, served::get("/none")] {
        let admission = admission(GuardMode::Enforce);
        let router = Router::new()
            .route("/", get(async || "text"))
            .route("/none", get(async || StatusCode::NO_CONTENT));
        let server = serve(router.layer(AdmissionLayer::new(admission.clone())));
        outside(async {
            let mut caller = Caller::connect(server.address, Protocol::Http1).await;
            let body = caller.send(request).await.into_body();
            body.collect().await.unwrap();
            let snapshot = admission.snapshot();
            assert!(!snapshot.methods[0][0].is_zero());
            assert_eq!(snapshot.under_way, 0);
        });
    }
}

#[test]
fn calls_that_are_cancelled_give_their_places_back() {
    // More than there are workers: these wait, and hold none.
    const CALLS: usize = WORKERS + 3;
    for protocol in Protocol::ALL {
        let admission = admission(GuardMode::Enforce);
        let handler = async || std::future::pending::<Infallible>().await.to_string();
        let router = Router::new().route("/", get(handler));
        let server = serve(router.layer(AdmissionLayer::new(admission.clone())));
        outside(async {
            let connect = (0..CALLS).map(|_| Caller::connect(server.address, protocol));
            let callers = join_all(connect).await;
            let calls = callers
                .into_iter()
                .map(async |mut caller| caller.call("/").await);
            let under_way = |calls| admission.snapshot().under_way == calls;
            tokio::select! {
                answers = join_all(calls) => panic!("{answers:?}"),
                () = eventually("all have begun", || under_way(CALLS)) => {}
            }
            // All connections have been dropped with their calls.
            eventually("all are gone", || under_way(0)).await;
        });
    }
}

#[test]
fn a_route_is_a_method_of_its_own() {
    let admission = Admission::new(OverloadConfig::default(), 2, WORKERS);
    let layer = AdmissionLayer::new(admission.clone()).classified_by(|request| {
        match request.extensions.get::<MatchedPath>() {
            Some(route) if route.as_str() == "/users/{id}" => CallKind::Method(1),
            _ => CallKind::Method(0),
        }
    });
    let router = Router::new().route("/users/{id}", get(async || "a user"));
    let server = serve(router.layer(layer));
    outside(async {
        let mut caller = Caller::connect(server.address, Protocol::Http1).await;
        assert_eq!(caller.call("/users/7").await.text, "a user");
    });
    let [[other, _], [user, _]] = admission.snapshot().methods[..] else {
        panic!("two methods");
    };
    assert!(other.is_zero() && !user.is_zero(), "{other:?} {user:?}");
}
