use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// How many calls are in, and how many may be. Numbers alone: no lock, no waiting.
///
/// All accesses are sequentially consistent: whoever finds no room and queues, and whoever leaves
/// and finds nobody queued, must not both miss the other.
#[derive(Debug)]
pub(crate) struct Gate {
    limit: AtomicUsize,
    under_way: AtomicUsize,
    /// Of these, the ones that hold a worker and have none yet.
    unbegun: AtomicUsize,
    workers: usize,
    /// So many may be unbegun: a worker that ends its call finds the next one at hand, and no call
    /// waits for many others. The rest waits in a queue that knows whom to drop.
    places: AtomicUsize,
}

/// What there is no room in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Limit,
    Workers,
}

impl Gate {
    pub(crate) fn new(limit: usize, workers: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit),
            under_way: AtomicUsize::new(0),
            unbegun: AtomicUsize::new(0),
            workers: workers.max(1),
            places: AtomicUsize::new(workers.max(1)),
        }
    }

    pub(crate) fn try_enter(&self, holds_worker: bool) -> Result<(), Full> {
        if self.under_way.fetch_add(1, SeqCst) >= self.limit.load(SeqCst) {
            self.under_way.fetch_sub(1, SeqCst);
            return Err(Full::Limit);
        }
        if holds_worker && self.unbegun.fetch_add(1, SeqCst) >= self.places.load(SeqCst) {
            self.unbegun.fetch_sub(1, SeqCst);
            self.under_way.fetch_sub(1, SeqCst);
            return Err(Full::Workers);
        }
        Ok(())
    }

    /// Lets one in whatever the limit, and says how many are in that would have had to wait.
    pub(crate) fn enter(&self, holds_worker: bool) -> usize {
        let over = (self.under_way.fetch_add(1, SeqCst) + 1).saturating_sub(self.limit());
        let late = if holds_worker {
            (self.unbegun.fetch_add(1, SeqCst) + 1).saturating_sub(self.workers)
        } else {
            0
        };
        over.max(late)
    }

    /// A worker has taken up a call that it entered for.
    pub(crate) fn begin(&self) {
        self.unbegun.fetch_sub(1, SeqCst);
    }

    pub(crate) fn leave(&self) {
        self.under_way.fetch_sub(1, SeqCst);
    }

    pub(crate) fn set_places(&self, places: usize) {
        self.places.store(places, SeqCst);
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.load(SeqCst)
    }

    pub(crate) fn set_limit(&self, limit: usize) {
        self.limit.store(limit, SeqCst);
    }

    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(SeqCst)
    }
}
