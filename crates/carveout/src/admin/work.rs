use std::sync::Arc;

use http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::exchange::Phase;
use super::page::{Page, text};

/// Largest number of concurrent reloads and profiles. Their connections are never evicted, and each may hang
/// on an unresponsive file system, so they must leave room for probes.
const MAX_WORK: usize = 8;

/// Limits concurrent long-running requests.
#[derive(Clone)]
pub(crate) struct Work(Arc<Semaphore>);

impl Work {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_WORK)))
    }

    /// Acquires a permit for the connection of `phase`, or returns a 503.
    pub(super) fn begin(
        &self,
        phase: &watch::Sender<Phase>,
    ) -> Result<SemaphorePermit<'_>, Box<Page>> {
        let permit = self.0.try_acquire().map_err(|_| {
            let busy = format!("{MAX_WORK} reloads and profiles are under way; try again later\n");
            Box::new(text(StatusCode::SERVICE_UNAVAILABLE, busy))
        })?;
        phase.send_replace(Phase::Working);
        Ok(permit)
    }
}
