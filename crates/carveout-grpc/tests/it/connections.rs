//! What a connection may do and for how long: every limit is one that a bare server does not have.

use std::sync::Arc;
use std::time::Duration;

use carveout_grpc::ServerConfig;
use greeter_api::{WatchItemsRequest, WatchItemsResponse};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_stream::StreamExt;

use crate::support::{Handlers, Server, raw_client, raw_client_on, read, until};

const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(60);
/// Patience: what does not come within this never comes.
const SOON: Duration = Duration::from_secs(10);

async fn start(change: impl FnOnce(&mut ServerConfig)) -> Server {
    start_with(Handlers::default(), change).await
}

async fn start_with(handlers: Handlers, change: impl FnOnce(&mut ServerConfig)) -> Server {
    let mut config = ServerConfig::default();
    change(&mut config);
    Server::configured(handlers, LONG, config).await
}

/// Waits for the other side to close the stream, and returns what it said before.
async fn until_closed(mut stream: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    let closed = tokio::time::timeout(SOON, stream.read_to_end(&mut said)).await;
    // A reset closes too.
    let _ = closed.expect("the connection was left open");
    said
}

/// Waits until the server has counted so many connections that ended for `reason`.
async fn closed_for(server: &Server, reason: &str, count: f64) {
    let line = format!("rpc_server_connections_closed_total{{reason=\"{reason}\"}}");
    until(&line, || server.metric(&line) >= count).await;
}

#[tokio::test]
async fn one_that_never_says_what_it_speaks_is_closed() {
    let server = start(|config| config.preface_timeout = SHORT).await;
    let silent = TcpStream::connect(server.addr).await.unwrap();
    let mut half = TcpStream::connect(server.addr).await.unwrap();
    half.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    assert_eq!(until_closed(silent).await, b"");
    assert_eq!(until_closed(half).await, b"");
    closed_for(&server, "preface", 2.0).await;
    server.client().get_item(read()).await.unwrap();
}

#[tokio::test]
async fn one_that_speaks_something_else_is_told_what_is_spoken_here() {
    let server = start(|_| {}).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let said = String::from_utf8(until_closed(stream).await).unwrap();
    assert!(
        said.starts_with("HTTP/1.1 400 ") && said.contains("gRPC"),
        "{said}"
    );
}

#[tokio::test]
async fn a_thousand_that_come_at_once_have_room_to_wait() {
    // None of these is accepted before all have come: the test has the only thread.
    let config = ServerConfig {
        host: "127.0.0.1".into(),
        port: 0,
        ..ServerConfig::default()
    };
    let listener = carveout_grpc::bind(&config).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
    let most = most.ok().and_then(|most| most.trim().parse().ok());
    let many = most.unwrap_or(128).min(1000);
    let mut waiting = Vec::new();
    for _ in 0..many {
        waiting.push(std::net::TcpStream::connect_timeout(&addr, Duration::from_secs(5)).unwrap());
    }
    for _ in 0..many {
        let accepted = tokio::time::timeout(Duration::from_secs(5), listener.accept()).await;
        accepted.expect("the kernel has dropped some").unwrap();
    }
}

#[tokio::test]
async fn one_too_many_is_closed_at_once_and_counted() {
    let server = start(|config| config.max_connections = 1).await;
    let (mut client, connection) = raw_client(server.addr).await;
    client.get_item(read()).await.unwrap();
    let refused = TcpStream::connect(server.addr).await.unwrap();
    assert_eq!(until_closed(refused).await, b"");
    assert_eq!(server.metric("rpc_server_connections_refused_total"), 1.0);
    assert_eq!(server.metric("rpc_server_connections"), 1.0);

    // There is room again when one has gone.
    drop(client);
    connection.await.unwrap().unwrap();
    closed_for(&server, "caller", 1.0).await;
    server.client().get_item(read()).await.unwrap();
}

#[tokio::test]
async fn an_idle_one_is_told_to_go_and_a_busy_one_is_not() {
    let endless = || {
        let one = tokio_stream::once(Ok(WatchItemsResponse { item: None }));
        Ok(one.chain(tokio_stream::pending()))
    };
    let server = start_with(Handlers::default().watch(endless), |config| {
        config.idle_timeout = SHORT;
    })
    .await;
    let (mut busy, busy_connection) = raw_client(server.addr).await;
    let mut stream = busy
        .watch_items(WatchItemsRequest {})
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();
    let (mut idle, idle_connection) = raw_client(server.addr).await;
    idle.get_item(read()).await.unwrap();

    // A GOAWAY ends a connection well; its client would connect anew.
    tokio::time::timeout(SOON, idle_connection)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    closed_for(&server, "idle", 1.0).await;
    assert!(!busy_connection.is_finished());
    busy.get_item(read()).await.unwrap();
}

#[tokio::test]
async fn an_old_one_is_told_to_go_and_its_calls_may_end() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (begun.clone(), go.clone());
    let handlers = Handlers::default().read(move |_| {
        let (tell, wait) = (tell.clone(), wait.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            Ok(())
        }
    });
    let server = start_with(handlers, |config| config.max_connection_age = SHORT).await;
    let (client, connection) = raw_client(server.addr).await;
    let mut calling = client.clone();
    let call = tokio::spawn(async move { calling.get_item(read()).await });
    begun.notified().await;
    // The connection takes no more calls, and the one under way goes on.
    let refused = async {
        loop {
            let mut another = client.clone();
            let answer = tokio::time::timeout(SHORT, another.get_item(read())).await;
            if matches!(answer, Ok(Err(_))) {
                break;
            }
        }
    };
    tokio::time::timeout(SOON, refused).await.unwrap();
    assert!(!call.is_finished());
    for _ in 0..100 {
        go.notify_one();
        tokio::task::yield_now().await;
    }
    call.await.unwrap().unwrap();
    drop(client);
    tokio::time::timeout(SOON, connection)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    closed_for(&server, "age", 1.0).await;
}

#[tokio::test]
async fn an_old_one_that_does_not_go_is_cut_after_the_grace() {
    let endless = || {
        let one = tokio_stream::once(Ok(WatchItemsResponse { item: None }));
        Ok(one.chain(tokio_stream::pending()))
    };
    let server = start_with(Handlers::default().watch(endless), |config| {
        config.max_connection_age = SHORT;
        config.max_connection_age_grace = SHORT;
    })
    .await;
    let (mut client, _connection) = raw_client(server.addr).await;
    let mut stream = client
        .watch_items(WatchItemsRequest {})
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();
    let ended = tokio::time::timeout(SOON, stream.message()).await;
    ended.expect("it was left open").unwrap_err();
    closed_for(&server, "cut", 1.0).await;
}

#[tokio::test]
async fn a_caller_that_does_not_read_is_cut_after_its_deadline() {
    let flood = || {
        let large = greeter_api::Item {
            title: "x".repeat(64 * 1024),
            ..Default::default()
        };
        let answer = WatchItemsResponse { item: Some(large) };
        Ok(tokio_stream::iter(std::iter::repeat_with(move || {
            Ok(answer.clone())
        })))
    };
    let server = start_with(Handlers::default().watch(flood), |config| {
        config.keepalive_timeout = SHORT;
    })
    .await;
    let (mut client, connection) = raw_client(server.addr).await;
    let mut request = tonic::Request::new(WatchItemsRequest {});
    request
        .metadata_mut()
        .insert("grpc-timeout", "100m".parse().unwrap());
    let unread = client.watch_items(request).await.unwrap();
    // Nobody reads the answer: the deadline has no room to say that it is over.
    let ended = tokio::time::timeout(SOON, connection).await;
    ended
        .expect("the call holds its buffers for ever")
        .unwrap()
        .unwrap_err();
    closed_for(&server, "overdue", 1.0).await;
    drop(unread);
}

#[tokio::test]
async fn what_waits_to_be_accepted_at_the_stop_is_let_in_and_sent_away_well() {
    let server = start(|_| {}).await;
    // This blocks the one thread there is: the kernel knows of the connection, the server does not.
    let waiting = std::net::TcpStream::connect(server.addr).unwrap();
    waiting.set_nonblocking(true).unwrap();
    let stop = tokio::spawn(server.stop());
    let (client, connection) = raw_client_on(TcpStream::from_std(waiting).unwrap()).await;
    // A connection that was reset would end with an error.
    connection.await.unwrap().unwrap();
    assert_eq!(stop.await.unwrap().cut, 0);
    drop(client);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn their_threads_are_in_the_metrics() {
    let server = start(|_| {}).await;
    // The first answer comes from a server that runs.
    server.raw_client().await.get_item(read()).await.unwrap();
    assert_eq!(
        server.metric(r#"tokio_workers{runtime="connections"}"#),
        2.0
    );
    server.stop().await;
}
