use std::sync::atomic::Ordering::SeqCst;

use crate::sync::{AtomicU64, AtomicUsize};

/// A call that is in, in the lower half of a number of calls ...
const UNDER_WAY: u64 = 1;
/// ... and one that waits for a worker, in the upper half.
const UNBEGUN: u64 = 1 << 32;

/// How many calls are in, and how many may be. Numbers alone: no lock, no waiting.
///
/// All accesses are sequentially consistent: whoever finds no room and queues, and whoever leaves
/// and finds nobody queued, must not both miss the other.
///
/// Whoever finds no room changes nothing. To count a call and take that back would keep others out
/// for that moment: the last call could leave, find no room for the one that waits, and leave it
/// waiting for nobody. That is why both counts are one number.
///
/// The only thing that every call writes to and all threads share: nothing else is to be on its
/// cache line.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Gate {
    limit: AtomicUsize,
    /// How many are under way, and how many of these hold a worker and have none yet.
    calls: AtomicU64,
    /// Of those that are under way, the streams that are being sent.
    streams: AtomicUsize,
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
            calls: AtomicU64::new(0),
            streams: AtomicUsize::new(0),
            workers: workers.max(1),
            places: AtomicUsize::new(workers.max(1)),
        }
    }

    pub(crate) fn try_enter(&self, holds_worker: bool) -> Result<(), Full> {
        let (limit, places) = (self.limit(), self.places());
        let mut calls = self.calls.load(SeqCst);
        loop {
            if under_way(calls) >= limit {
                return Err(Full::Limit);
            }
            if holds_worker && unbegun(calls) >= places {
                return Err(Full::Workers);
            }
            let more = calls + one(holds_worker);
            match self
                .calls
                .compare_exchange_weak(calls, more, SeqCst, SeqCst)
            {
                Ok(_) => return Ok(()),
                Err(by_now) => calls = by_now,
            }
        }
    }

    /// Lets one in whatever the limit, and says how many are in that would have had to wait: for the
    /// limit, and for workers.
    pub(crate) fn enter(&self, holds_worker: bool) -> (usize, usize) {
        let one = one(holds_worker);
        let calls = self.calls.fetch_add(one, SeqCst) + one;
        let over = under_way(calls).saturating_sub(self.limit());
        let late = if holds_worker {
            unbegun(calls).saturating_sub(self.places())
        } else {
            0
        };
        (over, late)
    }

    /// A worker has taken up a call that it entered for.
    pub(crate) fn begin(&self) {
        self.calls.fetch_sub(UNBEGUN, SeqCst);
    }

    pub(crate) fn stream_begins(&self) {
        self.streams.fetch_add(1, SeqCst);
    }

    pub(crate) fn stream_ends(&self) {
        self.streams.fetch_sub(1, SeqCst);
    }

    pub(crate) fn streams(&self) -> usize {
        self.streams.load(SeqCst)
    }

    pub(crate) fn leave(&self) {
        self.calls.fetch_sub(UNDER_WAY, SeqCst);
    }

    fn places(&self) -> usize {
        self.places.load(SeqCst)
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
        under_way(self.calls.load(SeqCst))
    }
}

fn one(holds_worker: bool) -> u64 {
    if holds_worker {
        UNDER_WAY + UNBEGUN
    } else {
        UNDER_WAY
    }
}

fn under_way(calls: u64) -> usize {
    (calls % UNBEGUN) as usize
}

fn unbegun(calls: u64) -> usize {
    (calls / UNBEGUN) as usize
}
