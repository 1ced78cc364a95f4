use std::io;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::closing;
use super::connections::ConnectionMetrics;

/// Accepts connections and waits a little after a failure: at the limit of open files `accept` fails
/// at once, again and again, and a loop that only tries again takes a whole core.
pub(super) struct Accept<'a> {
    listener: TcpListener,
    metrics: &'a ConnectionMetrics,
    wait: Duration,
    /// Kept here and not in `next`, which is dropped whenever the loop has something else to do.
    rest_until: Option<Instant>,
}

impl<'a> Accept<'a> {
    const FIRST_WAIT: Duration = Duration::from_millis(5);
    const LONGEST_WAIT: Duration = Duration::from_secs(1);

    pub(super) fn new(listener: TcpListener, metrics: &'a ConnectionMetrics) -> Self {
        Self {
            listener,
            metrics,
            wait: Duration::ZERO,
            rest_until: None,
        }
    }

    pub(super) async fn next(&mut self) -> TcpStream {
        loop {
            if let Some(until) = self.rest_until {
                tokio::time::sleep_until(until).await;
                self.rest_until = None;
            }
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    self.wait = Duration::ZERO;
                    return prepared(stream);
                }
                // The caller gave up before its turn came; the next one is not to blame.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    self.metrics.accept_failed();
                    self.wait = (self.wait * 2).clamp(Self::FIRST_WAIT, Self::LONGEST_WAIT);
                    tracing::warn!(%error, wait = ?self.wait, "cannot accept connections");
                    self.rest_until = Some(Instant::now() + self.wait);
                }
            }
        }
    }

    /// Ends accepting, with those that wait in the listener's queue at this moment. Closing it would
    /// reset them, with the calls that they may have sent already.
    pub(super) fn finish(self) -> Vec<TcpStream> {
        // The queue itself is asked, and not what the runtime knew of it at its last look.
        let Ok(listener) = self.listener.into_std() else {
            return Vec::new();
        };
        if let Err(error) = closing::let_nobody_in(&listener) {
            tracing::warn!(%error, "a connection that comes at this moment can be lost");
        }
        let accepted = std::iter::from_fn(|| listener.accept().ok());
        let streams = accepted.filter_map(|(stream, _)| {
            stream.set_nonblocking(true).ok()?;
            TcpStream::from_std(stream).ok()
        });
        streams.map(prepared).collect()
    }
}

fn prepared(stream: TcpStream) -> TcpStream {
    // Without this a small answer can wait 40 ms for the acknowledgement of the one before (Nagle's
    // algorithm).
    let _ = stream.set_nodelay(true);
    stream
}
