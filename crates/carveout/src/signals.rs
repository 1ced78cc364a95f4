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
    /// From here on no signal ends the process by itself: one that comes before somebody waits for it
    /// is kept.
    ///
    /// # Panics
    /// Outside of the runtime that they will be waited for in.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next SIGTERM or Ctrl-C. SIGHUP has `reloader` read the configuration meanwhile.
    pub(crate) async fn stop(&mut self, reloader: &Reloader) {
        let signal = loop {
            tokio::select! {
                _ = self.terminate.recv() => break "SIGTERM",
                _ = self.interrupt.recv() => break "SIGINT",
                _ = self.hangup.recv() => reload(reloader.clone()),
            }
        };
        tracing::info!(signal, "told to stop");
    }
}

/// The outcome is in the counters and in the log: a signal has nobody to answer to. Files can take as
/// long as what they lie on likes, and a stop must not wait for that.
fn reload(reloader: Reloader) {
    tokio::task::spawn_blocking(move || match reloader.reload() {
        Ok(done) => tracing::info!(
            in_force = ?done.in_force,
            after_restart = ?done.after_restart,
            "configuration reloaded"
        ),
        Err(error) => {
            tracing::error!(%error, "configuration not reloaded, the last good one stays")
        }
    });
}
