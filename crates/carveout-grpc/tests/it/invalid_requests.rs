//! Requests that break the protocol or the contract: what gRPC says of them, and that they are their
//! callers' faults and not the server's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use carveout_grpc::{AccessPolicy, GuardMode};
use tonic::{Code, Status};

use crate::raw_call::{GET_ITEM, WATCH_ITEMS, framed, post, request, send};
use crate::support::{CALLER, Handlers, Server, counted, faults};

/// A server, and how often its handlers have run.
async fn counting() -> (Server, Arc<AtomicUsize>) {
    let runs = Arc::new(AtomicUsize::new(0));
    let (reads, watches) = (runs.clone(), runs.clone());
    let handlers = Handlers::default()
        .read(move |_| {
            reads.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok(()))
        })
        .watch(move || {
            watches.fetch_add(1, Ordering::SeqCst);
            Ok(tokio_stream::empty())
        });
    (Server::start(handlers).await, runs)
}

#[tokio::test]
async fn a_request_that_is_not_one_whole_message_is_internal_and_never_handled() {
    let (server, runs) = counting().await;
    let one = framed(0, &request("1"));
    // A field of text that ends before its length says.
    let undecodable = framed(0, &[0x0a, 9, b'x']);
    let bodies = [
        ("no message", vec![]),
        ("two messages", [one.clone(), one.clone()].concat()),
        (
            "two, of which one is empty",
            [one.clone(), framed(0, &[])].concat(),
        ),
        ("half a head", one[..3].to_vec()),
        ("a head alone", one[..5].to_vec()),
        ("half a message", one[..one.len() - 1].to_vec()),
        ("one and a half", [&one[..], &one[..7]].concat()),
        ("compressed, and not said how", framed(1, &request("1"))),
        ("an unknown flag", framed(2, &request("1"))),
        ("no protobuf", undecodable),
    ];
    let mut calls = 0.0;
    for (what, body) in bodies {
        calls += 1.0;
        for method in [GET_ITEM, WATCH_ITEMS] {
            let answer = post(&server, &format!("/{method}"), &[], body.clone()).await;
            assert_eq!(answer.code(), Code::Internal, "{what}: {}", answer.status);
            assert_eq!(
                counted(&server, method, "INTERNAL", CALLER),
                calls,
                "{what}"
            );
            assert_eq!(faults(&server, method), 0.0, "{what}");
        }
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);

    for method in [GET_ITEM, WATCH_ITEMS] {
        let answer = post(&server, &format!("/{method}"), &[], one.clone()).await;
        assert_eq!(answer.code(), Code::Ok);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_the_caller_chooses_is_not_the_servers_fault() {
    let (server, _) = counting().await;
    let path = format!("/{GET_ITEM}");
    let one = framed(0, &request("1"));
    let choices = [
        ("grpc-encoding", "snappy", Code::Unimplemented),
        ("grpc-timeout", "0n", Code::DeadlineExceeded),
        ("grpc-timeout", "1n", Code::DeadlineExceeded),
    ];
    for (name, value, code) in choices {
        let answer = post(&server, &path, &[(name, value)], one.clone()).await;
        assert_eq!(answer.code(), code, "{name}: {value}");
    }
    let answer = send(&server, "PUT", &path, &[], one).await;
    assert_eq!(answer.code(), Code::Internal);
    assert_eq!(counted(&server, GET_ITEM, "UNIMPLEMENTED", CALLER), 1.0);
    assert_eq!(counted(&server, GET_ITEM, "DEADLINE_EXCEEDED", CALLER), 2.0);
    assert_eq!(counted(&server, GET_ITEM, "INTERNAL", CALLER), 1.0);
    assert_eq!(faults(&server, GET_ITEM), 0.0);
}

/// The other side: whatever the handler does wrong stays the server's fault, even where its words are
/// those of the codec.
#[tokio::test]
async fn what_the_handler_does_is_the_servers_fault() {
    let failures = [
        Status::internal("failed to decode Protobuf message: of the store"),
        Status::unknown("who knows"),
        Status::unimplemented("not yet"),
        Status::unavailable("the store is down"),
        Status::deadline_exceeded("of the store"),
    ];
    let most = failures.len();
    let next = AtomicUsize::new(0);
    let read = move |_| {
        let at = next.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Err(failures[at].clone()))
    };
    let server = Server::start(Handlers::default().read(read)).await;
    let one = framed(0, &request("1"));
    for _ in 0..most {
        let answer = post(&server, &format!("/{GET_ITEM}"), &[], one.clone()).await;
        assert_ne!(answer.code(), Code::Ok);
    }
    assert_eq!(faults(&server, GET_ITEM), most as f64);
}

#[tokio::test]
async fn a_path_with_a_query_is_no_method() {
    let (server, runs) = counting().await;
    // A rule that refuses everybody, if the path were taken for the method's.
    let policy = AccessPolicy::default();
    server.access.set(GuardMode::Enforce, &policy).unwrap();
    let one = framed(0, &request("1"));
    for query in ["?", "?x", "?x=1&y", "/?x", "??"] {
        let answer = post(&server, &format!("/{GET_ITEM}{query}"), &[], one.clone()).await;
        assert_eq!(answer.code(), Code::Unimplemented, "{query}");
        assert_eq!(answer.reason(), "METHOD_NOT_FOUND", "{query}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert_eq!(counted(&server, "_OTHER", "UNIMPLEMENTED", ""), 5.0);
    assert_eq!(counted(&server, GET_ITEM, "UNIMPLEMENTED", ""), 0.0);
}
