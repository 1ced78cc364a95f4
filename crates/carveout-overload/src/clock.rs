use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What the time is: the system's, or for a simulation whatever it is told.
#[derive(Clone, Debug)]
pub struct Clock {
    origin: Instant,
    told: Option<Arc<AtomicU64>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self {
            origin: Instant::now(),
            told: None,
        }
    }

    /// A clock that stands still until it is told to [`advance`](Self::advance). Clones are one clock.
    pub fn manual() -> Self {
        Self {
            told: Some(Arc::default()),
            ..Self::system()
        }
    }

    /// What time it is.
    pub fn now(&self) -> Instant {
        match &self.told {
            Some(told) => self.origin + Duration::from_nanos(told.load(Ordering::Relaxed)),
            None => Instant::now(),
        }
    }

    /// Moves a manual clock on; the system's goes on by itself.
    pub fn advance(&self, by: Duration) {
        if let Some(told) = &self.told {
            told.fetch_add(nanos(by), Ordering::Relaxed);
        }
    }

    /// Nanoseconds since the clock was made: half a century fits.
    pub(crate) fn since_origin(&self, at: Instant) -> u64 {
        nanos(at.saturating_duration_since(self.origin))
    }
}

pub(crate) fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(duration.subsec_nanos().into())
}
