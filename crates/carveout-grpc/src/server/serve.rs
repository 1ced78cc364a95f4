use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::accept::Accept;
use super::config::ServerConfig;
use super::connection::{self, Limits};
use super::connections::{ConnectionMetrics, End};
use super::descriptors;
use super::stack::Stack;

/// Connections that may wait to be accepted; the kernel lowers it to `net.core.somaxconn`. The usual
/// 128 is soon full when every caller comes back at once, after a restart say, and the kernel then
/// drops the rest: they try again a second later, or believe that they are connected.
const BACKLOG: u32 = 4096;

/// How a server came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were cut because they had not ended within the budget.
    pub cut: usize,
}

/// Listens where `config` says. The error names the address, or the setting that cannot be used.
pub async fn bind(config: &ServerConfig) -> io::Result<TcpListener> {
    if let Err((key, problem)) = config.check() {
        let message = format!("grpc.{key} {problem}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    listen(&config.host, config.port).await.map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("cannot listen on {}:{}: {error}", config.host, config.port),
        )
    })
}

/// Listens on the first address of `host` that can be had.
async fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "it has no address");
    for addr in tokio::net::lookup_host((host, port)).await? {
        match listen_on(addr) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_on(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Connections of the process before may still be on their way out.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Serves `stack` on `listener` until `stop`, then asks every caller to leave (GOAWAY), lets the
/// calls under way end within `drain_budget` and cuts what is left.
///
/// The caller binds and decides when to stop, so that a test can use port 0 and a channel.
pub async fn serve(
    listener: TcpListener,
    stack: Stack,
    config: &ServerConfig,
    drain_budget: Duration,
    stop: impl Future<Output = ()>,
) -> Drained {
    let metrics = stack.connections().clone();
    let most = descriptors::connections(config.max_connections);
    let mut accept = Accept::new(listener, &metrics);
    let mut connections = Connections {
        http: http(config),
        limits: Limits::of(config),
        stopping: watch::Sender::new(false),
        stack,
        open: JoinSet::new(),
    };
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            stream = accept.next() => {
                if connections.open.len() < most {
                    connections.spawn(stream);
                } else {
                    // At once, so that the caller can try another instance.
                    metrics.refused();
                }
            }
            // Ended connections are taken out, so that the set is as large as what is open.
            Some(_) = connections.open.join_next() => {}
        }
    }

    // The port is free for the next process from here on; the connections live on.
    for stream in accept.finish() {
        connections.spawn(stream);
    }
    connections.drain(drain_budget).await
}

fn http(config: &ServerConfig) -> http2::Builder<TokioExecutor> {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(config.max_concurrent_streams)
        .keep_alive_interval(Some(config.keepalive_interval))
        .keep_alive_timeout(config.keepalive_timeout);
    http
}

/// Every connection that is open, and what each is served with.
struct Connections {
    http: http2::Builder<TokioExecutor>,
    limits: Limits,
    stopping: watch::Sender<bool>,
    stack: Stack,
    open: JoinSet<()>,
}

impl Connections {
    fn spawn(&mut self, stream: TcpStream) {
        let (http, stack) = (self.http.clone(), self.stack.clone());
        let (limits, stopping) = (self.limits, self.stopping.subscribe());
        let counted = Counted::open(stack.connections().clone());
        self.open.spawn(async move {
            let end = connection::serve(http, stream, stack, limits, stopping).await;
            counted.ended(end);
        });
    }

    async fn drain(mut self, budget: Duration) -> Drained {
        self.stopping.send_replace(true);
        let drained = async { while self.open.join_next().await.is_some() {} };
        let in_time = tokio::time::timeout(budget, drained).await.is_ok();
        let cut = if in_time { 0 } else { self.open.len() };
        self.open.shutdown().await;
        Drained { cut }
    }
}

/// Counts a connection as open until this is dropped. One whose task is ended from outside was cut.
struct Counted {
    metrics: ConnectionMetrics,
    end: End,
}

impl Counted {
    fn open(metrics: ConnectionMetrics) -> Self {
        metrics.opened();
        Self {
            metrics,
            end: End::Cut,
        }
    }

    fn ended(mut self, end: End) {
        self.end = end;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.closed(self.end);
    }
}
