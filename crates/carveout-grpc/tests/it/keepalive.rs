//! Connections whose other end is gone without a word, on both sides; and what a deadline is worth
//! to a server that is not told of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use carveout_grpc::{Channel, ClientConfig, ServerConfig};
use greeter_api::greeter_service_client::GreeterServiceClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;
use tonic::transport::Endpoint;

use crate::control::{WHILE, plain};
use crate::frames::{Attacker, call_at, window};
use crate::support::{Handlers, Server, raw_client, read, until};

/// The least that either side of HTTP/2 says: the preface of a client, and empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

/// A caller that says hello and never anything again, not even that it is still there.
async fn half_open(addr: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(PREFACE).await.unwrap();
    stream.write_all(SETTINGS).await.unwrap();
    stream
}

#[tokio::test]
async fn a_caller_that_is_gone_is_closed() {
    let config = ServerConfig {
        keepalive_interval: Duration::from_millis(50),
        keepalive_timeout: Duration::from_millis(50),
        ..ServerConfig::default()
    };
    let server = Server::configured(Handlers::default(), Duration::from_secs(5), config).await;
    let mut gone = half_open(server.addr).await;
    let mut said = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(10), gone.read_to_end(&mut said)).await;
    assert!(closed.is_ok(), "it is still open");

    // The control: tonic's own asks nobody unless it is told to.
    let plain = plain(Handlers::default(), |server| server).await;
    let mut gone = half_open(plain.addr).await;
    let closed = tokio::time::timeout(WHILE, gone.read_to_end(&mut said)).await;
    assert!(closed.is_err(), "it is closed by now");
}

#[tokio::test]
async fn a_caller_that_says_nothing_and_is_there_is_kept() {
    let timeout = Duration::from_secs(1);
    let config = ServerConfig {
        keepalive_interval: timeout / 10,
        keepalive_timeout: timeout,
        ..ServerConfig::default()
    };
    let server = Server::configured(Handlers::default(), Duration::from_secs(5), config).await;
    // It answers pings, and does not connect again.
    let (mut client, connection) = raw_client(server.addr).await;
    let closed = tokio::time::timeout(2 * timeout, connection).await;
    assert!(closed.is_err(), "it is closed");
    client.get_item(read()).await.unwrap();
}

/// A server that takes a connection, says hello, and is then gone.
async fn gone_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(SETTINGS).await.unwrap();
            open.push(stream);
        }
    });
    addr
}

#[tokio::test]
async fn a_server_that_is_gone_is_given_up_before_the_deadline() {
    let target = format!("http://{}", gone_server().await);
    let config = ClientConfig {
        timeout: Duration::from_secs(3600),
        keepalive_interval: Duration::from_millis(50),
        keepalive_timeout: Duration::from_millis(50),
        ..ClientConfig::to(target.clone())
    };
    let mut client = GreeterServiceClient::new(Channel::new(&config).unwrap());
    let given_up = tokio::time::timeout(Duration::from_secs(10), client.get_item(read())).await;
    let status = given_up.expect("it waits still").unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");

    // The control.
    let channel = Endpoint::from_shared(target).unwrap().connect_lazy();
    let mut client = GreeterServiceClient::new(channel);
    let waiting = tokio::time::timeout(WHILE, client.get_item(read())).await;
    assert!(waiting.is_err(), "it gives up by now");
}

#[tokio::test]
async fn a_server_is_told_how_long_its_caller_waits() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let handlers = Handlers::default().read(move |request| {
        let timeout = request.metadata().get("grpc-timeout").is_some();
        told.lock().unwrap().push(timeout);
        async { Ok(()) }
    });
    let server = Server::start(handlers).await;
    server.client().get_item(read()).await.unwrap();
    // The control: tonic's own keeps the time-out of the channel to itself.
    let endpoint = Endpoint::from_shared(format!("http://{}", server.addr)).unwrap();
    let channel = endpoint.timeout(Duration::from_secs(5)).connect_lazy();
    GreeterServiceClient::new(channel)
        .get_item(read())
        .await
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), [true, false]);
}

#[tokio::test]
async fn a_caller_that_reads_no_answer_is_cut_after_its_deadline() {
    // Its handler has ended and its answer is not written: nothing but the deadline is left of it.
    let config = ServerConfig {
        keepalive_timeout: Duration::from_millis(100),
        ..ServerConfig::default()
    };
    let server = Server::configured(Handlers::default(), Duration::from_secs(5), config).await;
    let mut client = Attacker::connect(server.addr).await;
    let call = call_at(1, "/acme.greeter.v1.GreeterService/GetItem", "100m");
    let unread = [window(1), call].concat();
    client.0.write_all(&unread).await.unwrap();
    let mut said = Vec::new();
    let closed = client.0.read_to_end(&mut said);
    let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(closed.is_ok(), "the answer is kept for ever");
    let overdue = "rpc_server_connections_closed_total{reason=\"overdue\"}";
    until("a call that is overdue", || server.metric(overdue) == 1.0).await;
}
