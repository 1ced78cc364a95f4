use std::sync::atomic::Ordering::SeqCst;

use crate::shard;
use crate::sync::{AtomicU64, AtomicUsize, SHARDS};

/// What is counted in one number: a call that is in and has not been answered, in 22 bits, ...
const CALL: u64 = 1;
/// ... one that waits for a worker, besides, in 20, ...
const UNBEGUN: u64 = 1 << 22;
/// ... and an in-flight call that does not count against the limit, in place of the first, in 22 again: more have no room
/// in the memory.
const UNCOUNTED: u64 = 1 << 42;

/// So many times what is taken is within the limit where it is far away.
const FAR: usize = 4;
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
#[derive(Debug)]
pub(crate) struct Gate {
    /// The only thing that calls write to and all threads share: even a look at it costs as much as a
    /// change that another thread has made.
    counts: Alone,
    /// Places that a thread keeps for its next call, one each at most. They are counted as taken, and for
    /// whoever finds no other.
    kept: [Alone; SHARDS],
    limit: AtomicUsize,
    /// Streams among the uncounted. Written before the counts and read after them.
    streams: AtomicUsize,
    /// So many streams take no place.
    free_streams: AtomicUsize,
    workers: usize,
    /// So many may be unbegun: a worker that ends its call finds the next one at hand, and no call
    /// waits for many others. The rest waits in a queue that knows whom to drop.
    places: AtomicUsize,
}

/// A number that is alone on its cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Alone(AtomicU64);

/// What there is no room in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Limit,
    Workers,
}

/// A call that is in whatever the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entered {
    /// How many places are taken with it.
    pub(crate) taken: usize,
    /// How many are in that would have had to wait for the limit ...
    pub(crate) over: usize,
    /// ... and for workers.
    pub(crate) late: usize,
}

/// How many there are, at one moment.
#[derive(Clone, Copy, Debug)]
struct Counts {
    calls: usize,
    unbegun: usize,
    uncounted: usize,
}

impl Gate {
    pub(crate) fn new(limit: usize, workers: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit.min(MOST)),
            counts: Alone::default(),
            kept: Default::default(),
            streams: AtomicUsize::new(0),
            free_streams: AtomicUsize::new(usize::MAX),
            workers: workers.max(1),
            places: AtomicUsize::new(workers.max(1)),
        }
    }

    /// Returns how many permits are in use with this one. Beyond the limit only a method below its fair share
    /// is admitted.
    pub(crate) fn try_enter(
        &self,
        holds_worker: bool,
        has_share: impl Fn() -> bool,
    ) -> Result<usize, Full> {
        if !holds_worker && self.kept[shard::mine()].take() {
            return Ok(self.taken_of(self.now()));
        }
        let (limit, places) = (self.limit(), self.places());
        let mut counts = self.counts.0.load(SeqCst);
        loop {
            let now = Counts::of(counts);
            let taken = self.taken_of(now);
            if taken >= limit {
                if self.kept.iter().any(Alone::take) {
                    if !holds_worker {
                        return Ok(taken);
                    }
                    counts = self.counts.0.fetch_sub(CALL, SeqCst) - CALL;
                    continue;
                }
                if !has_share() {
                    return Err(Full::Limit);
                }
            }
            if holds_worker && now.unbegun >= places {
                return Err(Full::Workers);
            }
            let more = counts + one(holds_worker);
            match self
                .counts
                .0
                .compare_exchange_weak(counts, more, SeqCst, SeqCst)
            {
                Ok(_) => return Ok(taken + 1),
                Err(by_now) => counts = by_now,
            }
        }
    }

    /// Lets one in whatever the limit.
    pub(crate) fn enter(&self, holds_worker: bool) -> Entered {
        let one = one(holds_worker);
        let now = if !holds_worker && self.kept[shard::mine()].take() {
            self.now()
        } else {
            Counts::of(self.counts.0.fetch_add(one, SeqCst) + one)
        };
        let (taken, limit) = (self.taken_of(now), self.limit());
        // Places that are kept are for whoever finds no other.
        let over = if taken > limit {
            taken.saturating_sub(limit + self.kept())
        } else {
            0
        };
        Entered {
            taken,
            over,
            late: if holds_worker {
                now.unbegun.saturating_sub(self.places())
            } else {
                0
            },
        }
    }

    /// A worker has taken up a call that it entered for.
    pub(crate) fn begin(&self) {
        self.counts.0.fetch_sub(UNBEGUN, SeqCst);
    }

    /// Stops counting in-flight calls against the limit: those that stalled, or wait for their caller.
    pub(crate) fn uncount(&self, calls: usize) {
        let all = (UNCOUNTED - CALL) * calls as u64;
        self.counts.0.fetch_add(all, SeqCst);
    }

    /// Counts one of them again, whatever the limit.
    pub(crate) fn recount(&self) {
        self.counts.0.fetch_sub(UNCOUNTED - CALL, SeqCst);
    }

    /// The same, within the limit.
    pub(crate) fn try_recount(&self, has_share: impl Fn() -> bool) -> bool {
        let has_room = self.try_enter(false, has_share).is_ok();
        if has_room {
            self.leave(true);
        }
        has_room
    }

    pub(crate) fn leave(&self, uncounted: bool) {
        let one = if uncounted { UNCOUNTED } else { CALL };
        self.counts.0.fetch_sub(one, SeqCst);
    }

    /// The same of a call that needed no worker. Far from the limit its thread keeps the place: calls that
    /// come and go on one thread wait for no other's cache line then.
    pub(crate) fn leave_or_keep(&self) {
        let is_far = || FAR * self.taken_of(self.now()) <= self.limit();
        if !self.kept[shard::mine()].put_if(is_far) {
            self.leave(false);
        }
    }

    /// Call before or after [`uncount`](Self::uncount) for a response stream that has begun.
    pub(crate) fn stream_begins(&self) {
        self.streams.fetch_add(1, SeqCst);
    }

    pub(crate) fn stream_ends(&self) {
        self.streams.fetch_sub(1, SeqCst);
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

    /// Counted or not.
    pub(crate) fn under_way(&self) -> usize {
        let now = self.counts();
        now.calls + now.uncounted
    }

    pub(crate) fn streams(&self) -> usize {
        self.streams.load(SeqCst)
    }

    /// Uncounted, without the streams.
    pub(crate) fn waiting(&self) -> usize {
        self.counts().uncounted.saturating_sub(self.streams())
    }

    /// How many places of the limit are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken_of(self.counts())
    }

    fn taken_of(&self, now: Counts) -> usize {
        match self.free_streams.load(SeqCst) {
            usize::MAX => now.calls,
            free => now.calls + self.streams().saturating_sub(free),
        }
    }

    /// Without the places that are only kept.
    fn counts(&self) -> Counts {
        let mut now = self.now();
        now.calls = now.calls.saturating_sub(self.kept());
        now
    }

    fn kept(&self) -> usize {
        let kept = self.kept.iter().map(|kept| kept.0.load(SeqCst));
        kept.sum::<u64>() as usize
    }

    fn now(&self) -> Counts {
        Counts::of(self.counts.0.load(SeqCst))
    }
}

impl Alone {
    /// Takes the one that is there.
    fn take(&self) -> bool {
        let there = self.0.load(SeqCst) == 1;
        there && self.0.compare_exchange(1, 0, SeqCst, SeqCst).is_ok()
    }

    /// Puts one there if there is none, and it may be.
    fn put_if(&self, may_be: impl FnOnce() -> bool) -> bool {
        let may_be = self.0.load(SeqCst) == 0 && may_be();
        may_be && self.0.compare_exchange(0, 1, SeqCst, SeqCst).is_ok()
    }
}

impl Counts {
    fn of(counts: u64) -> Self {
        Self {
            calls: (counts % UNBEGUN) as usize,
            unbegun: (counts % UNCOUNTED / UNBEGUN) as usize,
            // Below zero for a moment when a stalled call leaves while it is being uncounted.
            uncounted: (counts as i64 / UNCOUNTED as i64).max(0) as usize,
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
        let expected = Entered {
            taken: CALLS,
            over: 0,
            late: CALLS - 1,
        };
        assert_eq!(entered, Some(expected));
        for _ in 0..CALLS / 2 {
            gate.begin();
            gate.uncount(1);
        }
        assert_eq!((gate.waiting(), gate.taken()), (CALLS / 2, CALLS / 2));
        gate.stream_begins();
        assert_eq!((gate.waiting(), gate.streams()), (CALLS / 2 - 1, 1));
        assert_eq!(gate.under_way(), CALLS);
        gate.free_streams(0);
        assert_eq!(gate.taken(), CALLS / 2 + 1);
        gate.stream_ends();
        for _ in 0..CALLS / 2 {
            gate.leave(true);
            gate.begin();
            gate.leave(false);
        }
        assert_eq!((gate.under_way(), gate.waiting()), (0, 0));
        assert_eq!(gate.counts.0.load(SeqCst), 0);
    }

    #[test]
    fn what_a_thread_keeps_is_for_whoever_finds_no_other() {
        let gate = Gate::new(8, 8);
        let come_and_go = || {
            assert!(gate.try_enter(false, || false).is_ok());
            gate.leave_or_keep();
        };
        std::thread::scope(|scope| {
            scope.spawn(come_and_go);
        });
        come_and_go();
        let taken = || gate.now().calls;
        assert_eq!((taken(), gate.taken(), gate.under_way()), (2, 0, 0));
        // In the dark, too, nobody would have had to wait for them: one of them comes among nine.
        let over = [(); 9].map(|()| gate.enter(true).over);
        assert_eq!(over, [0, 0, 0, 0, 0, 0, 0, 0, 1]);
        for _ in 0..9 {
            gate.begin();
            gate.leave(false);
        }
        // As many are in as there is room for, and no more.
        for holds_worker in [false, true] {
            let enter = || gate.try_enter(holds_worker, || false);
            assert!((0..8).all(|_| enter().is_ok()));
            assert_eq!(enter(), Err(Full::Limit));
            assert_eq!((taken(), gate.taken()), (8, 8));
            for _ in 0..8 {
                if holds_worker {
                    gate.begin();
                    gate.leave(false);
                } else {
                    gate.leave_or_keep();
                }
            }
            // The last one may be kept.
            assert_eq!((taken(), gate.taken()), (usize::from(!holds_worker), 0));
        }
    }
}
