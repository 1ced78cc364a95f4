//! What is left of a connection after its client has gone: nothing, whatever it was in the middle of.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use carveout_grpc::{GuardMode, Handshake, OverloadConfig, Secure, Secured, ServerConfig, Stream};
use futures_util::StreamExt;
use greeter_api::WatchItemsResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use crate::frames::*;
use crate::support::{Handlers, Server, calm, until};

const CONNECTIONS: usize = 20;
/// Every call's, so that nothing ends by itself.
const TIMEOUT: &str = "300S";
/// How long it may take to release everything: a tenth of the calls' deadline. It takes milliseconds; the
/// rest is for a busy machine.
const SOON: Duration = Duration::from_secs(30);

const GET_ITEM: &str = "/acme.greeter.v1.GreeterService/GetItem";
const WATCH_ITEMS: &str = "/acme.greeter.v1.GreeterService/WatchItems";

/// What a client says before it goes.
fn hello(more: &[u8]) -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[]), more].concat()
}

fn head_only(more: &[u8]) -> Vec<u8> {
    let head = head_of_path(GET_ITEM, &[("grpc-timeout", TIMEOUT)]);
    hello(&[&frame(HEADERS, END_HEADERS, 1, &head), more].concat())
}

/// Handlers whose calls never end, or are answered at once; and how many have begun.
fn handlers(answers: bool) -> (Handlers, Arc<AtomicUsize>) {
    let begun = Arc::new(AtomicUsize::new(0));
    let (reads, watches) = (begun.clone(), begun.clone());
    let handlers = Handlers::default()
        .read(move |_| {
            reads.fetch_add(1, Ordering::Relaxed);
            async move {
                match answers {
                    true => Ok(()),
                    false => std::future::pending().await,
                }
            }
        })
        .watch(move || {
            watches.fetch_add(1, Ordering::Relaxed);
            let one = || Ok(WatchItemsResponse { item: None });
            let first = tokio_stream::once(one());
            Ok(match answers {
                // As fast as it is read.
                true => first
                    .chain(tokio_stream::iter(std::iter::repeat_with(one)))
                    .left_stream(),
                false => first.chain(tokio_stream::pending()).right_stream(),
            })
        });
    (handlers, begun)
}

/// Sockets of this process that are connected to the server, or are its ends of connections.
fn server_sockets(addr: SocketAddr) -> usize {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let port = format!(":{:04X}", addr.port());
    let sockets = table.lines().skip(1).filter(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (local, state, inode) = (fields[1], fields[3], fields[9]);
        const LISTEN: &str = "0A";
        local.ends_with(&port) && state != LISTEN && inode != "0"
    });
    sockets.count()
}

/// Ways in which clients go.
#[derive(Clone, Copy, Debug)]
enum Leave {
    Fin,
    Reset,
}

/// Tasks that are alive in all runtimes that have to do with the server.
fn tasks(server: &Server) -> usize {
    let connections = server.metric(r#"tokio_alive_tasks{runtime="connections"}"#);
    Handle::current().metrics().num_alive_tasks() + connections as usize
}

/// Opens connections that say `what`, waits until they have come as far as `there` says, closes them, and
/// wants everything back.
async fn comes_back(state: &str, server: &Server, what: &[u8], there: impl Fn(&Server) -> bool) {
    for leave in [Leave::Fin, Leave::Reset] {
        let before = tasks(server);
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut client = TcpStream::connect(server.addr).await.unwrap();
            client.write_all(what).await.unwrap();
            clients.push(client);
        }
        until(state, || {
            server.metric("rpc_server_connections") >= CONNECTIONS as f64 && there(server)
        })
        .await;
        assert!(tasks(server) >= before + CONNECTIONS, "{state}");
        assert!(server_sockets(server.addr) >= CONNECTIONS, "{state}");

        for client in clients {
            if let Leave::Reset = leave {
                client.set_zero_linger().unwrap();
            }
        }
        let left = Instant::now();
        loop {
            let (tasks, sockets) = (tasks(server), server_sockets(server.addr));
            if (tasks, sockets) == (before, 0) {
                break;
            }
            assert!(
                left.elapsed() < SOON,
                "{state}, {leave:?}: {tasks} tasks instead of {before}, {sockets} sockets"
            );
            tokio::task::yield_now().await;
        }
        // The handlers' count begins anew.
        assert_eq!(server.metric("rpc_server_connections"), 0.0, "{state}");
    }
}

/// Has one connection come and go: from then on the server has all the tasks that it keeps.
async fn warm_up(server: &Server) {
    drop(TcpStream::connect(server.addr).await.unwrap());
    let closed = || {
        let ends = ["preface", "handshake"].map(|end| {
            server.metric(&format!(
                "rpc_server_connections_closed_total{{reason=\"{end}\"}}"
            ))
        });
        ends.iter().sum::<f64>() == 1.0
    };
    until("a connection that is closed", closed).await;
}

/// Whether each connection's call has begun since the last time that this was true.
fn begun(calls: &Arc<AtomicUsize>) -> impl Fn(&Server) -> bool {
    let (calls, seen) = (calls.clone(), AtomicUsize::new(0));
    move |_| {
        let now = calls.load(Ordering::Relaxed);
        let all = now - seen.load(Ordering::Relaxed) >= CONNECTIONS;
        if all {
            seen.store(now, Ordering::Relaxed);
        }
        all
    }
}

async fn everything_comes_back() {
    let config = || ServerConfig {
        preface_timeout: Duration::from_secs(300),
        ..ServerConfig::default()
    };
    let start = |handlers| Server::patient(handlers, config(), calm());

    let (waits, calls) = handlers(false);
    let server = start(waits).await;
    warm_up(&server).await;
    let accepted = |_: &Server| true;
    comes_back("silent", &server, b"", accepted).await;
    comes_back("half a preface", &server, &PREFACE[..7], accepted).await;
    comes_back("idle", &server, &hello(&[]), accepted).await;
    comes_back("head without a body", &server, &head_only(&[]), accepted).await;
    let half = frame(DATA, 0, 1, &[0, 0, 0, 4, 0, 7]);
    comes_back("half a body", &server, &head_only(&half), accepted).await;
    let call = |path| hello(&call_at(1, path, TIMEOUT));
    comes_back("unary", &server, &call(GET_ITEM), begun(&calls)).await;
    comes_back("stream", &server, &call(WATCH_ITEMS), begun(&calls)).await;
    let many: Vec<u8> = (0..10)
        .flat_map(|call| call_at(2 * call + 1, WATCH_ITEMS, TIMEOUT))
        .collect();
    comes_back("streams", &server, &hello(&many), begun(&calls)).await;
    for path in [
        "/grpc.health.v1.Health/Watch",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ] {
        comes_back(path, &server, &call(path), accepted).await;
    }
    server.stop().await;

    let (answers, calls) = handlers(true);
    let server = start(answers).await;
    warm_up(&server).await;
    for bytes in [0, 1] {
        let unread = |path| hello(&[window(bytes), call_at(1, path, TIMEOUT)].concat());
        for path in [GET_ITEM, WATCH_ITEMS] {
            comes_back("unread answer", &server, &unread(path), begun(&calls)).await;
        }
    }
    comes_back(
        "stream that is sent",
        &server,
        &call(WATCH_ITEMS),
        begun(&calls),
    )
    .await;
    server.stop().await;

    let (waits, _) = handlers(false);
    let server = Server::secured(waits, Arc::new(HalfAHandshake)).await;
    warm_up(&server).await;
    comes_back("handshake", &server, b"\x16", accepted).await;
    server.stop().await;
}

/// A handshake that waits for more than ever comes.
struct HalfAHandshake;

impl Secure for HalfAHandshake {
    fn accept(&self, mut tcp: TcpStream) -> Handshake<Secured> {
        Box::pin(async move {
            let mut hello = [0; 100];
            tcp.read_exact(&mut hello).await?;
            unreachable!("no test sends 100 bytes")
        })
    }

    fn connect(&self, _: TcpStream, _: &str) -> Handshake<Stream> {
        unreachable!("the server opens no connection")
    }
}

#[tokio::test]
async fn everything_comes_back_on_one_thread() {
    everything_comes_back().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_comes_back_where_connections_have_threads_of_their_own() {
    everything_comes_back().await;
}

#[tokio::test]
async fn calls_in_the_queue_leave_with_their_connection() {
    let (waits, calls) = handlers(false);
    let overload = OverloadConfig {
        mode: GuardMode::Enforce,
        initial_limit: 1,
        min_limit: 1,
        max_queue_wait: Duration::from_secs(300),
        overloaded_queue_wait: Duration::from_secs(300),
        overloaded_after: Duration::from_secs(300),
        ..OverloadConfig::default()
    };
    let server = Server::patient(waits, ServerConfig::default(), overload).await;
    let mut first = TcpStream::connect(server.addr).await.unwrap();
    first
        .write_all(&hello(&call_at(1, GET_ITEM, TIMEOUT)))
        .await
        .unwrap();
    until("a call", || calls.load(Ordering::Relaxed) == 1).await;
    let before = tasks(&server);
    let mut client = TcpStream::connect(server.addr).await.unwrap();
    client
        .write_all(&hello(&call_at(1, GET_ITEM, TIMEOUT)))
        .await
        .unwrap();
    until("a call that waits", || {
        server.admission.snapshot().queued == 1
    })
    .await;
    drop(client);
    let left = Instant::now();
    while tasks(&server) > before {
        assert!(
            left.elapsed() < SOON,
            "{} tasks instead of {before}",
            tasks(&server)
        );
        tokio::task::yield_now().await;
    }
}
