//! The drain: calls under way end, new ones go elsewhere, and nothing holds the stop for longer
//! than its budget.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use greeter_api::{WatchItemsRequest, WatchItemsResponse};
use tokio::sync::Notify;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic_reflection::pb::v1;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

use crate::support::{Handlers, Server, raw_client, read, until};

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
    // Both end well, and not with their connection.
    assert!(answers.message().await.unwrap().is_none());
    assert!(watch.message().await.unwrap().is_none());
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
