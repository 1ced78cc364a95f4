use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::reload::Reloader;

/// The signals that a service listens to.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or Ctrl-C. SIGHUP reloads the configuration meanwhile.
    pub(crate) async fn stop_asked(&mut self, reloader: &Reloader) -> &'static str {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.hangup.recv() => reload(reloader),
            }
        }
    }

    /// Waits for a second signal, which means: now.
    pub(crate) async fn stop_insisted(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The outcome is in the counters and in the log: a signal has nobody to answer to.
fn reload(reloader: &Reloader) {
    match reloader.reload() {
        Ok(done) => tracing::info!(
            in_force = ?done.in_force,
            after_restart = ?done.after_restart,
            "configuration reloaded"
        ),
        Err(error) => {
            tracing::error!(%error, "configuration not reloaded, the last good one stays")
        }
    }
}
