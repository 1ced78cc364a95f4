use std::sync::atomic::Ordering::SeqCst;

use crate::sync::{AtomicU64, AtomicUsize};

/// What is counted in one number: a call that is in and has not been answered, in 22 bits, ...
const CALL: u64 = 1;
/// ... one that waits for a worker, besides, in 20, ...
const UNBEGUN: u64 = 1 << 22;
/// ... and one whose answer is a stream that has begun, in place of the first, in 22 again: more have no
/// room in the memory.
const STREAM: u64 = 1 << 42;

/// No limit is above that.
pub(crate) const MOST: usize = 1_000_000;

/// How many calls are in, and how many may be. Numbers alone: no lock, no waiting.
///
/// All accesses are sequentially consistent: whoever finds no room and queues, and whoever leaves
/// and finds nobody queued, must not both miss the other.
///
/// Whoever finds no room changes nothing. To count a call and take that back would keep others out
/// for that moment: the last call could leave, find no room for the one that waits, and leave it
/// waiting for nobody. That is why all counts are one number.
///
/// The only thing that every call writes to and all threads share: nothing else is to be on its
/// cache line.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Gate {
    limit: AtomicUsize,
    counts: AtomicU64,
    /// So many streams take no place.
    free_streams: AtomicUsize,
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

/// How many there are, at one moment.
#[derive(Clone, Copy, Debug)]
struct Counts {
    calls: usize,
    unbegun: usize,
    streams: usize,
}

impl Gate {
    pub(crate) fn new(limit: usize, workers: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit.min(MOST)),
            counts: AtomicU64::new(0),
            free_streams: AtomicUsize::new(usize::MAX),
            workers: workers.max(1),
            places: AtomicUsize::new(workers.max(1)),
        }
    }

    pub(crate) fn try_enter(&self, holds_worker: bool) -> Result<(), Full> {
        let (limit, places) = (self.limit(), self.places());
        let mut counts = self.counts.load(SeqCst);
        loop {
            let now = Counts::of(counts);
            if self.taken_of(now) >= limit {
                return Err(Full::Limit);
            }
            if holds_worker && now.unbegun >= places {
                return Err(Full::Workers);
            }
            let more = counts + one(holds_worker);
            match self
                .counts
                .compare_exchange_weak(counts, more, SeqCst, SeqCst)
            {
                Ok(_) => return Ok(()),
                Err(by_now) => counts = by_now,
            }
        }
    }

    /// Lets one in whatever the limit, and says how many are in that would have had to wait: for the
    /// limit, and for workers.
    pub(crate) fn enter(&self, holds_worker: bool) -> (usize, usize) {
        let one = one(holds_worker);
        let now = Counts::of(self.counts.fetch_add(one, SeqCst) + one);
        let over = self.taken_of(now).saturating_sub(self.limit());
        let late = if holds_worker {
            now.unbegun.saturating_sub(self.places())
        } else {
            0
        };
        (over, late)
    }

    /// A worker has taken up a call that it entered for.
    pub(crate) fn begin(&self) {
        self.counts.fetch_sub(UNBEGUN, SeqCst);
    }

    /// The answer of a call that is in is a stream, and has begun.
    pub(crate) fn stream(&self) {
        self.counts.fetch_add(STREAM - CALL, SeqCst);
    }

    pub(crate) fn leave(&self, streams: bool) {
        let one = if streams { STREAM } else { CALL };
        self.counts.fetch_sub(one, SeqCst);
    }

    /// From now on so many streams take no place.
    pub(crate) fn free_streams(&self, streams: usize) {
        self.free_streams.store(streams, SeqCst);
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
        self.limit.store(limit.min(MOST), SeqCst);
    }

    /// Calls and streams.
    pub(crate) fn under_way(&self) -> usize {
        let now = self.counts();
        now.calls + now.streams
    }

    pub(crate) fn streams(&self) -> usize {
        self.counts().streams
    }

    /// How many places of the limit are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken_of(self.counts())
    }

    fn taken_of(&self, now: Counts) -> usize {
        let free = self.free_streams.load(SeqCst);
        now.calls + now.streams.saturating_sub(free)
    }

    fn counts(&self) -> Counts {
        Counts::of(self.counts.load(SeqCst))
    }
}

impl Counts {
    fn of(counts: u64) -> Self {
        Self {
            calls: (counts % UNBEGUN) as usize,
            unbegun: (counts % STREAM / UNBEGUN) as usize,
            streams: (counts / STREAM) as usize,
        }
    }
}

fn one(holds_worker: bool) -> u64 {
    if holds_worker { CALL + UNBEGUN } else { CALL }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_in_one_number_is_kept_apart() {
        const CALLS: usize = 100_000;
        let gate = Gate::new(usize::MAX, 1);
        assert_eq!(gate.limit(), MOST);
        let entered = (0..CALLS).map(|_| gate.enter(true)).last();
        assert_eq!(entered, Some((0, CALLS - 1)));
        for _ in 0..CALLS / 2 {
            gate.begin();
            gate.stream();
        }
        assert_eq!((gate.streams(), gate.taken()), (CALLS / 2, CALLS / 2));
        assert_eq!(gate.under_way(), CALLS);
        gate.free_streams(10);
        assert_eq!(gate.taken(), CALLS - 10);
        for _ in 0..CALLS / 2 {
            gate.leave(true);
            gate.begin();
            gate.leave(false);
        }
        assert_eq!((gate.under_way(), gate.streams()), (0, 0));
        assert_eq!(gate.counts.load(SeqCst), 0);
    }
}
