use std::future::Future;
use std::io;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::config::ServerConfig;
use super::stack::{PerRequest, Stack};

/// How long a new connection may say nothing.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(10);

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
    TcpListener::bind((config.host.as_str(), config.port))
        .await
        .map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot listen on {}:{}: {error}", config.host, config.port),
            )
        })
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
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(config.max_concurrent_streams)
        .keep_alive_interval(Some(config.keepalive_interval))
        .keep_alive_timeout(config.keepalive_timeout);

    let stopping = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    let mut accept = Accept::default();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            stream = accept.next(&listener) => {
                connections.spawn(connection(http.clone(), stream, stack.clone(), stopping.subscribe()));
            }
            // Ended connections are taken out, so that the set is as large as what is open.
            Some(_) = connections.join_next() => {}
        }
    }

    // The port is free for the next process from here on; the connections live on.
    drop(listener);
    stopping.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    let in_time = tokio::time::timeout(drain_budget, drained).await.is_ok();
    let cut = if in_time { 0 } else { connections.len() };
    connections.shutdown().await;
    Drained { cut }
}

async fn connection(
    http: http2::Builder<TokioExecutor>,
    stream: TcpStream,
    stack: Stack,
    mut stopping: watch::Receiver<bool>,
) {
    // The guard that `wait_for` returns must not live across an await. A sender that is gone means
    // the same as one that says stop.
    let stop_told = async { drop(stopping.wait_for(|stopping| *stopping).await) };
    tokio::pin!(stop_told);

    // hyper can only say goodbye once it knows that the other side speaks HTTP/2. A connection that
    // never says a word, a port scanner's or a balancer's TCP check, would hold the drain until its
    // budget ends, and a file descriptor for ever.
    let mut first = [0];
    tokio::select! {
        spoke = tokio::time::timeout(FIRST_BYTE_TIMEOUT, stream.peek(&mut first)) => {
            if !matches!(spoke, Ok(Ok(1))) {
                return;
            }
        }
        () = &mut stop_told => return,
    }

    let connection = http.serve_connection(TokioIo::new(stream), PerRequest(stack));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop_told => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A caller that goes away without a word is everyday life.
        tracing::debug!(%error, "connection ended");
    }
}

/// Accepts connections and waits a little after a failure: at the limit of open files `accept`
/// fails at once, again and again.
#[derive(Default)]
struct Accept {
    wait: Duration,
}

impl Accept {
    const FIRST_WAIT: Duration = Duration::from_millis(5);
    const LONGEST_WAIT: Duration = Duration::from_secs(1);

    async fn next(&mut self, listener: &TcpListener) -> TcpStream {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    self.wait = Duration::ZERO;
                    // Without this a small answer can wait 40 ms for the acknowledgement of the one
                    // before (Nagle's algorithm).
                    let _ = stream.set_nodelay(true);
                    return stream;
                }
                // The caller gave up before its turn came; the next one is not to blame.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    self.wait = (self.wait * 2).clamp(Self::FIRST_WAIT, Self::LONGEST_WAIT);
                    tracing::warn!(%error, wait = ?self.wait, "cannot accept connections");
                    tokio::time::sleep(self.wait).await;
                }
            }
        }
    }
}
