use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::reload::Reloader;

/// The signals that a service listens to.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    reloader: Reloader,
}

impl Signals {
    /// From here on no signal ends the process by itself.
    pub(crate) fn listen(reloader: Reloader) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            reloader,
        })
    }

    /// Waits for the next SIGTERM or Ctrl-C. SIGHUP reloads the configuration meanwhile.
    pub(crate) async fn stop(&mut self) {
        let signal = loop {
            tokio::select! {
                _ = self.terminate.recv() => break "SIGTERM",
                _ = self.interrupt.recv() => break "SIGINT",
                _ = self.hangup.recv() => self.reload(),
            }
        };
        tracing::info!(signal, "told to stop");
    }

    /// The outcome is in the counters and in the log: a signal has nobody to answer to.
    fn reload(&self) {
        match self.reloader.reload() {
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
}
