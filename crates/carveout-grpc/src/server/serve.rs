use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use hyper::server::conn::http2;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::accept::Accept;
use super::config::ServerConfig;
use super::connection::{self, Limits, Stop};
use super::connections::{ConnectionMetrics, End};
use super::descriptors;
use super::placement::Placement;
use super::stack::Stack;

/// Connections that may wait to be accepted; the kernel lowers it to `net.core.somaxconn`. The usual
/// 128 is soon full when every caller comes back at once, after a restart say, and the kernel then
/// drops the rest: they try again a second later, or believe that they are connected.
const BACKLOG: u32 = 4096;

/// How a server came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were cut because calls on them had not ended within the budget. One whose
    /// client owes the server an acknowledgement and nothing else does not count.
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
///
/// Connections run on threads of their own, beside the calls that hold no thread for long; the
/// runtime that this is called on runs the others, and whatever handlers spawn. A runtime of
/// one thread runs everything itself.
pub async fn serve(
    listener: TcpListener,
    stack: Stack,
    config: &ServerConfig,
    drain_budget: Duration,
    stop: impl Future<Output = ()>,
) -> Drained {
    let workers = Handle::current();
    let Some(threads) = Threads::beside(&workers) else {
        let server = Server::new(stack, config, drain_budget, None);
        return server.run(listener, stop).await;
    };
    stack.register_connections(threads.handle.clone());
    let server = Server::new(stack, config, drain_budget, Some(workers));
    let (tell, told) = oneshot::channel::<()>();
    let server = threads.handle.spawn(async move {
        let listener = listener.into_std().and_then(TcpListener::from_std);
        // A sender that is gone means the same as one that says so.
        let stop = async { drop(told.await) };
        match listener {
            Ok(listener) => server.run(listener, stop).await,
            Err(error) => {
                tracing::error!(%error, "the listener cannot be used");
                Drained { cut: 0 }
            }
        }
    });
    tokio::pin!(server);
    tokio::select! {
        () = stop => drop(tell),
        drained = &mut server => return drained.unwrap_or(Drained { cut: 0 }),
    }
    // What panics has been counted.
    server.await.unwrap_or(Drained { cut: 0 })
}

/// The threads of the connections. They end when this is dropped.
struct Threads {
    handle: Handle,
    /// Until it is dropped.
    runtime: Option<Runtime>,
}

impl Threads {
    /// As many as there are workers. None beside a runtime that has one thread for everything, and
    /// where they cannot be had.
    fn beside(workers: &Handle) -> Option<Self> {
        if workers.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return None;
        }
        let build = || {
            Builder::new_multi_thread()
                .worker_threads(workers.metrics().num_workers())
                .thread_name("connections")
                .enable_all()
                .build()
        };
        // tokio panics where a thread cannot be started.
        let threads = panic::catch_unwind(AssertUnwindSafe(build))
            .unwrap_or_else(|_| Err(io::Error::other("too few threads can be started")));
        threads
            .inspect_err(
                |error| tracing::error!(%error, "connections have no threads of their own"),
            )
            .map(|runtime| Self {
                handle: runtime.handle().clone(),
                runtime: Some(runtime),
            })
            .ok()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Whoever drops this is on a worker, and may not wait.
            runtime.shutdown_background();
        }
    }
}

/// What is needed to serve.
struct Server {
    connections: Connections,
    most: usize,
    drain_budget: Duration,
}

impl Server {
    fn new(
        stack: Stack,
        config: &ServerConfig,
        drain_budget: Duration,
        workers: Option<Handle>,
    ) -> Self {
        Self {
            connections: Connections {
                http: http(config, stack.placement(workers)),
                limits: Limits::of(config, drain_budget),
                stop: watch::Sender::new(Stop::No),
                stack,
                open: JoinSet::new(),
            },
            most: descriptors::connections(config.max_connections),
            drain_budget,
        }
    }

    async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) -> Drained {
        let mut connections = self.connections;
        let metrics = connections.stack.connections().clone();
        let mut accept = Accept::new(listener, &metrics);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                stream = accept.next() => {
                    if connections.open.len() < self.most {
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
        connections.drain(self.drain_budget).await
    }
}

fn http(config: &ServerConfig, placement: Placement) -> http2::Builder<Placement> {
    let mut http = http2::Builder::new(placement);
    // No caller of gRPC reads the date.
    http.auto_date_header(false)
        .max_concurrent_streams(config.max_concurrent_streams)
        .keep_alive_interval(Some(config.keepalive_interval))
        .keep_alive_timeout(config.keepalive_timeout);
    http
}

/// Every connection that is open, and what each is served with.
struct Connections {
    http: http2::Builder<Placement>,
    limits: Limits,
    stop: watch::Sender<Stop>,
    stack: Stack,
    open: JoinSet<End>,
}

impl Connections {
    fn spawn(&mut self, stream: TcpStream) {
        let (http, stack) = (self.http.clone(), self.stack.clone());
        let (limits, stop) = (self.limits, self.stop.subscribe());
        let counted = Counted::open(stack.connections().clone());
        self.open.spawn(async move {
            let end = connection::serve(http, stream, stack, limits, stop).await;
            counted.ended(end);
            end
        });
    }

    async fn drain(mut self, budget: Duration) -> Drained {
        self.stop.send_replace(Stop::Drain);
        let drained = async { while self.open.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(budget, drained).await;
        // Each connection knows whether somebody waits on it.
        self.stop.send_replace(Stop::Cut);
        let mut cut = 0;
        while let Some(ended) = self.open.join_next().await {
            cut += usize::from(matches!(ended, Ok(End::Cut)));
        }
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
