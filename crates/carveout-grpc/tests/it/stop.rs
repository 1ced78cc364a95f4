//! The drain: calls under way end, new ones go elsewhere, and nothing holds the stop for longer
//! than its budget.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use carveout_grpc::ServerConfig;
use greeter_api::{WatchItemsRequest, WatchItemsResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic_reflection::pb::v1;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::frames::*;
use crate::support::{Handlers, Server, calm, raw_client, read, until};

#[tokio::test]
async fn a_call_under_way_is_answered_and_the_stop_waits_for_it() {
    let (arrived, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (arrived.clone(), go.clone());
    let handlers = Handlers::default().read(move |_| {
        let (tell, wait) = (tell.clone(), wait.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            Ok(())
        }
    });
    let server = Server::start(handlers).await;
    let mut client = server.client();
    let call = tokio::spawn(async move { client.get_item(read()).await });
    arrived.notified().await;
    let stop = tokio::spawn(server.stop());
    go.notify_one();
    call.await.unwrap().unwrap();
    assert_eq!(stop.await.unwrap().cut, 0);
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_at_the_budget_and_counted() {
    let silent =
        || {
            Ok(tokio_stream::once(Ok(WatchItemsResponse { item: None }))
                .chain(tokio_stream::pending()))
        };
    let server = Server::start_with(
        Handlers::default().watch(silent),
        Duration::from_millis(200),
    )
    .await;
    let mut stream = server
        .client()
        .watch_items(WatchItemsRequest {})
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();
    let asked = Instant::now();
    assert_eq!(server.stop().await.cut, 1);
    assert!(
        (Duration::from_millis(200)..Duration::from_secs(2)).contains(&asked.elapsed()),
        "{:?}",
        asked.elapsed()
    );
    stream.message().await.unwrap_err();
}

#[tokio::test]
async fn a_connection_that_never_speaks_does_not_hold_the_stop() {
    let server = Server::start_with(Handlers::default(), Duration::from_secs(60)).await;
    let _silent = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    // A call on another connection proves that the silent one, which came first, was accepted.
    server.client().get_item(read()).await.unwrap();
    let asked = Instant::now();
    assert_eq!(server.stop().await.cut, 0);
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
}

/// `grpc.health.v1.HealthCheckRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct Which {
    #[prost(string, tag = "1")]
    service: String,
}

/// `grpc.health.v1.HealthCheckResponse`.
#[derive(Clone, Copy, PartialEq, prost::Message)]
struct Serves {
    #[prost(int32, tag = "1")]
    status: i32,
}

#[tokio::test]
async fn streams_that_tools_keep_open_do_not_hold_the_stop() {
    let server = Server::start_with(Handlers::default(), Duration::from_secs(60)).await;

    let (asking, questions) = tokio::sync::mpsc::channel(1);
    let list = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    asking.send(list).await.unwrap();
    let mut reflection = ServerReflectionClient::new(server.channel());
    let answers = reflection.server_reflection_info(ReceiverStream::new(questions));
    let mut answers = answers.await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap();

    // A service that this server does not have, and never will.
    let mut health = tonic::client::Grpc::new(server.channel());
    health.ready().await.unwrap();
    let which = Which {
        service: "acme.other.v1.OtherService".into(),
    };
    let path = http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/Watch");
    let codec = tonic_prost::ProstCodec::<Which, Serves>::default();
    let watch = health.server_streaming(tonic::Request::new(which), path, codec);
    let mut watch = watch.await.unwrap().into_inner();
    let service_unknown = 3;
    let first = watch.message().await.unwrap().unwrap();
    assert_eq!(first.status, service_unknown);

    let asked = Instant::now();
    assert_eq!(server.stop().await.cut, 0);
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    // Both end before their connection does, with a hint to reconnect.
    is_sent_elsewhere(&answers.message().await.unwrap_err());
    is_sent_elsewhere(&watch.message().await.unwrap_err());
}

fn is_sent_elsewhere(status: &Status) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "DRAINING");
    let delay = details.retry_info().unwrap().retry_delay.unwrap();
    assert!(delay < Duration::from_secs(1), "{delay:?}");
    let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap();
    let pushback: u64 = pushback.to_str().unwrap().parse().unwrap();
    assert!(pushback < 1000, "{pushback}");
}

/// Watches that send one message and end when their connection is to go.
fn watching() -> Handlers {
    Handlers::default().watch(|| {
        let first = tokio_stream::once(Ok(WatchItemsResponse { item: None }));
        Ok(carveout_grpc::end_on_drain(
            first.chain(tokio_stream::pending()),
        ))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_is_sent_elsewhere_and_not_cut() {
    let server = Server::start_with(watching(), Duration::from_secs(60)).await;
    let mut watches = Vec::new();
    for _ in 0..10 {
        let watch = server
            .raw_client()
            .await
            .watch_items(WatchItemsRequest {})
            .await;
        let mut watch = watch.unwrap().into_inner();
        watch.message().await.unwrap().unwrap();
        watches.push(watch);
    }
    let asked = Instant::now();
    assert_eq!(server.stop().await.cut, 0);
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    for watch in &mut watches {
        is_sent_elsewhere(&watch.message().await.unwrap_err());
    }
}

#[tokio::test]
async fn the_connection_is_told_to_go_before_its_watch_ends() {
    let server = Server::start_with(watching(), Duration::from_secs(60)).await;
    let mut client = Attacker::connect(server.addr).await;
    let watch = call_at(1, "/acme.greeter.v1.GreeterService/WatchItems", "200S");
    client.0.write_all(&watch).await.unwrap();
    let mut said = Vec::new();
    while !contains_headers(&said) {
        let mut more = [0; 4096];
        let read = client.0.read(&mut more).await.unwrap();
        assert_ne!(read, 0);
        said.extend_from_slice(&more[..read]);
    }
    let stop = tokio::spawn(server.stop());
    client.0.read_to_end(&mut said).await.unwrap();
    assert_eq!(stop.await.unwrap().cut, 0);
    let mut kinds = Vec::new();
    let mut rest = &said[..];
    while let Some((kind, _, _, used)) = first_frame(rest) {
        kinds.push(kind);
        rest = &rest[used..];
    }
    let goaway = kinds.iter().position(|kind| *kind == GOAWAY).unwrap();
    let trailers = kinds.iter().rposition(|kind| *kind == HEADERS).unwrap();
    assert!(
        goaway < trailers,
        "a client comes back to this connection: {kinds:?}"
    );
    // The last one says that the call was begun, and is no error.
    assert_eq!(last_goaway(&said[..]), Some((1, 0, String::new())));
}

#[tokio::test]
async fn an_old_connection_sends_its_watch_elsewhere() {
    let config = ServerConfig {
        max_connection_age: Duration::from_millis(300),
        max_connection_age_grace: Duration::from_secs(60),
        ..ServerConfig::default()
    };
    let server = Server::configured(watching(), Duration::from_secs(5), config).await;
    let (mut client, connection) = raw_client(server.addr).await;
    let watch = client.watch_items(WatchItemsRequest {}).await;
    let mut watch = watch.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();
    is_sent_elsewhere(&watch.message().await.unwrap_err());
    drop(watch);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_budget_holds_for_a_connection_that_was_told_to_go_before() {
    let config = ServerConfig {
        max_connection_age: Duration::from_millis(100),
        // More than the deadline of the watch.
        max_connection_age_grace: Duration::from_secs(3600),
        ..ServerConfig::default()
    };
    let handlers = watching().read(|_| std::future::pending());
    let server = Server::configured(handlers, Duration::from_millis(300), config).await;
    let mut client = Attacker::connect(server.addr).await;
    let watch = call_at(1, "/acme.greeter.v1.GreeterService/WatchItems", "250S");
    client.0.write_all(&watch).await.unwrap();
    let mut said = Vec::new();
    while !contains(&said, GOAWAY) {
        let mut more = [0; 4096];
        let read = client.0.read(&mut more).await.unwrap();
        assert_ne!(read, 0);
        said.extend_from_slice(&more[..read]);
    }
    assert!(!contains(&said, RST_STREAM));
    let asked = Instant::now();
    assert_eq!(
        server.stop().await.cut,
        0,
        "the watch was not sent elsewhere"
    );
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// A client that owes the server something for ever: frames that it sends once, and what it
/// does from then on.
struct Peer {
    name: &'static str,
    says: Vec<u8>,
    /// Whether it opens new calls after GOAWAY.
    calls_on: bool,
}

/// Clients that own no call, or none that can still be answered in time.
fn peers() -> Vec<Peer> {
    let peer = |name, says| Peer {
        name,
        says,
        calls_on: false,
    };
    let hello = |more: &[u8]| [PREFACE, &frame(SETTINGS, 0, 0, &[]), more].concat();
    let read = "/acme.greeter.v1.GreeterService/GetItem";
    let head = |timeout| {
        frame(
            HEADERS,
            END_HEADERS,
            1,
            &head_of("GetItem", &[("grpc-timeout", timeout)]),
        )
    };
    let half_a_message = frame(DATA, 0, 1, &[0, 0, 0, 4, 0, 7]);
    let unread = |path, bytes| hello(&[window(bytes), call_at(1, path, "100m")].concat());
    vec![
        peer("half a preface", PREFACE[..10].to_vec()),
        peer("a preface and no settings", PREFACE.to_vec()),
        peer("half a frame", hello(&[0, 0, 1])),
        peer("nothing to ask", hello(&[])),
        peer("an answer that was read", hello(&call_at(1, read, "60S"))),
        peer("an answer that is never read", unread(read, 0)),
        peer("an answer of which one byte is read", unread(read, 1)),
        peer(
            "health that is watched",
            hello(&call_at(1, "/grpc.health.v1.Health/Watch", "60S")),
        ),
        peer(
            "health that is watched and never read",
            unread("/grpc.health.v1.Health/Watch", 0),
        ),
        peer("a head without a body", hello(&head("100m"))),
        peer(
            "half a body",
            hello(&[head("100m"), half_a_message].concat()),
        ),
        Peer {
            calls_on: true,
            ..peer("calls after the goodbye", hello(&[]))
        },
    ]
}

#[tokio::test]
async fn no_peer_that_owns_no_call_holds_the_stop() {
    for peer in peers() {
        let server = Server::start_with(Handlers::default(), Duration::from_secs(60)).await;
        let mut client = TcpStream::connect(server.addr).await.unwrap();
        client.write_all(&peer.says).await.unwrap();
        // Whatever it has said is read by the time that another one, which came later, is answered.
        server.raw_client().await.get_item(read()).await.unwrap();
        let metrics = server.metrics.clone();
        let (mut reader, mut writer) = client.into_split();
        let calls = tokio::spawn(async move {
            for stream in (1..).step_by(2).take_while(|_| peer.calls_on) {
                let call = call_at(stream, "/acme.greeter.v1.GreeterService/GetItem", "60S");
                if writer.write_all(&call).await.is_err() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // It never hangs up by itself.
            std::future::pending::<()>().await;
            drop(writer);
        });
        let asked = Instant::now();
        let drained = server.stop().await;
        let took = asked.elapsed();
        assert_eq!(drained.cut, 0, "{}", peer.name);
        assert!(took < Duration::from_secs(10), "{}: {took:?}", peer.name);
        let cut = metrics.encode(None).body;
        assert!(cut.contains("rpc_server_connections_closed_total{reason=\"cut\"} 0\n"));

        // The last GOAWAY names the last call that was begun.
        let mut said = Vec::new();
        let _ = reader.read_to_end(&mut said).await;
        if !peer.name.starts_with("half a preface") {
            let (_, code, _) = last_goaway(&said).expect(peer.name);
            assert_eq!(code, 0, "{}", peer.name);
        }
        calls.abort();
    }
}

#[tokio::test]
async fn at_the_end_of_the_budget_those_are_cut_who_wait_for_an_answer() {
    let handlers = Handlers::default().read(|_| std::future::pending());
    // Shorter than the grace that those have who wait for none.
    let server = Server::start_with(handlers, Duration::from_millis(300)).await;
    let mut idle = Vec::new();
    for _ in 0..3 {
        idle.push(Attacker::connect(server.addr).await);
    }
    let mut waits = Attacker::connect(server.addr).await;
    let call = call_at(1, "/acme.greeter.v1.GreeterService/GetItem", "60S");
    waits.0.write_all(&call).await.unwrap();
    let line = "rpc_server_connections ";
    until("four connections", || server.metric(line) == 4.0).await;
    let metrics = server.metrics.clone();
    assert_eq!(server.stop().await.cut, 1);
    for (reason, count) in [("cut", 1), ("stop", 3)] {
        let line = format!("rpc_server_connections_closed_total{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.encode(None).body.contains(&line), "{line}");
    }
}

#[tokio::test]
async fn an_answer_that_can_still_be_read_holds_the_stop() {
    let answered = Arc::new(AtomicUsize::new(0));
    let count = answered.clone();
    let handlers = Handlers::default().read(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    });
    let server = Server::patient(handlers, ServerConfig::default(), calm()).await;
    let mut client = Attacker::connect(server.addr).await;
    let call = call_at(1, "/acme.greeter.v1.GreeterService/GetItem", "60S");
    client
        .0
        .write_all(&[window(1), call].concat())
        .await
        .unwrap();
    until("an answer", || answered.load(Ordering::Relaxed) == 1).await;
    let mut stop = tokio::spawn(server.stop());
    // Its handler has ended, and its answer waits for room for longer than any grace.
    let held = tokio::time::timeout(Duration::from_secs(3), &mut stop).await;
    assert!(held.is_err(), "the answer is lost");
    let room = frame(WINDOW_UPDATE, 0, 1, &100u32.to_be_bytes());
    client.0.write_all(&room).await.unwrap();
    let mut said = Vec::new();
    let _ = client.0.read_to_end(&mut said).await;
    assert!(contains(&said, DATA), "the answer is lost");
    assert_eq!(stop.await.unwrap().cut, 0);
}

/// Calls without a pause until the connection takes no more, and returns how many were answered.
async fn load(addr: SocketAddr, streaming: bool) -> usize {
    let (mut client, _) = raw_client(addr).await;
    for answered in 0.. {
        let answer = if streaming {
            match client.watch_items(WatchItemsRequest {}).await {
                Ok(stream) => {
                    let messages: Vec<_> = stream.into_inner().collect().await;
                    assert_eq!(messages.len(), 3, "a stream was cut short");
                    messages
                        .into_iter()
                        .try_for_each(|message| message.map(drop))
                }
                Err(status) => Err(status),
            }
        } else {
            client.get_item(read()).await.map(drop)
        };
        if let Err(status) = answer {
            // A call that found no connection, was taken back unsent, or crossed the GOAWAY that says
            // it was not begun, is another server's to answer. The counts show that it was not.
            let gone = [
                "Service was not ready",
                "operation was canceled",
                "NO_ERROR, Remote",
            ];
            let said = format!("{status:?}");
            assert!(
                gone.iter().any(|gone| said.contains(gone)),
                "a call was lost: {said}"
            );
            return answered;
        }
    }
    unreachable!("the server never stopped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_load_a_stop_loses_no_call() {
    for round in 0..10 {
        let begun = Arc::new(AtomicUsize::new(0));
        let (unary, streams) = (begun.clone(), begun.clone());
        let handlers = Handlers::default()
            .read(move |_| {
                unary.fetch_add(1, Ordering::Relaxed);
                async {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    Ok(())
                }
            })
            .watch(move || {
                streams.fetch_add(1, Ordering::Relaxed);
                let message = |_| Ok(WatchItemsResponse { item: None });
                let paced = tokio_stream::iter(0..3).map(message);
                Ok(paced.throttle(Duration::from_millis(1)))
            });
        let server = Server::start(handlers).await;
        let addr = server.addr;
        let callers: Vec<_> = (0..32)
            .map(|caller| tokio::spawn(load(addr, caller % 2 == 0)))
            .collect();
        // The stop comes in the middle of it, a little later each time.
        let enough = 100 + 37 * round;
        until("the load is on", || begun.load(Ordering::Relaxed) >= enough).await;
        let asked = Instant::now();
        assert_eq!(server.stop().await.cut, 0);
        assert!(
            asked.elapsed() < Duration::from_secs(3),
            "{:?}",
            asked.elapsed()
        );
        let mut answered = 0;
        for caller in callers {
            answered += caller.await.unwrap();
        }
        // What a handler began was answered, every time.
        assert_eq!(answered, begun.load(Ordering::Relaxed));
    }
}
