//! Ctrl-C while a child runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::error::{Error, Kind, Result};

/// Turns the signals that end a program into something that can be asked, so that what was begun is
/// tidied up. A second one ends the program as ever.
pub(super) struct Signals {
    seen: Arc<AtomicBool>,
}

impl Signals {
    pub(super) fn listen() -> Result<Self> {
        let seen = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // The order matters: the first to act is the one that was registered first, and it must
            // find what the signal before it left.
            signal_hook::flag::register_conditional_default(signal, seen.clone())
                .and_then(|_| signal_hook::flag::register(signal, seen.clone()))
                .map_err(|error| {
                    Error::new(Kind::Io, format!("cannot listen to signals: {error}"))
                })?;
        }
        Ok(Self { seen })
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.seen.load(Ordering::Relaxed) {
            return Err(Error::new(
                Kind::Interrupted,
                "interrupted; nothing was left half-written",
            ));
        }
        Ok(())
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // From here on a signal does what it does to any program.
        self.seen.store(true, Ordering::Relaxed);
    }
}
