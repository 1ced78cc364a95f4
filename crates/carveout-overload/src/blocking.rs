use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::Semaphore;

/// Runs what blocks its thread where it blocks nobody else, so much of it at once and no more. Clones
/// share the places.
///
/// Tokio's own `spawn_blocking` queues without a bound, and what it has queued it runs, long after the
/// call that wanted it was given up. Here a call that is dropped while it waits leaves the queue, and
/// one that is dropped while its work runs keeps its place until the work is done: the work cannot be
/// stopped, and a place that is free has a thread.
#[derive(Clone, Debug)]
pub struct Blocking {
    places: Arc<Semaphore>,
    most: usize,
    waiting: Arc<AtomicUsize>,
}

impl Blocking {
    /// With places for so many; at least one.
    pub fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(most)),
            most,
            waiting: Arc::default(),
        }
    }

    /// Runs `work` on a thread for blocking work, once there is a place.
    ///
    /// # Panics
    /// As `work` does, and outside of a tokio runtime.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let place = {
            let _waits = Waits::begin(&self.waiting);
            self.places.clone().acquire_owned().await
        };
        let work = move || {
            let _place = place;
            work()
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is going down, and this call with it.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// How many places there are.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Work that runs at this moment.
    pub fn running(&self) -> usize {
        self.most - self.places.available_permits()
    }

    /// Calls that wait for a place.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }
}

struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
