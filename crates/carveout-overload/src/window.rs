use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use crate::level::Level;
use crate::shard;
use crate::slope::Slope;
use crate::sync::SHARDS;

/// Levels that are counted together.
const BUCKET: usize = 8;
pub(crate) const BUCKETS: usize = Level::COUNT / BUCKET;

/// One part of excess, beside a count of calls of less than that.
const EXCESS: i64 = 1 << 28;

/// What happened since somebody last looked.
#[derive(Debug)]
pub(crate) struct Window {
    begun: AtomicU64,
    /// In the windows before.
    arrived: AtomicU64,
    shards: [Shard; SHARDS],
    slope: Slope,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    /// Calls that ended, and above them the sum of their excess: both in one step.
    ended: AtomicI64,
    took: AtomicU64,
    gone: AtomicI64,
    lost: AtomicU64,
    lost_after: AtomicU64,
    /// Times that the limit kept a call out.
    limited: AtomicU64,
    queued: AtomicU64,
    overloaded: AtomicU64,
    below_threshold: AtomicU64,
    doomed: AtomicU64,
    levels: Levels,
}

#[derive(Debug)]
struct Levels([AtomicU64; BUCKETS]);

impl Default for Levels {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::default()))
    }
}

/// The sums of a window.
#[derive(Clone, Debug)]
pub(crate) struct Sums {
    /// How long the window was, in nanoseconds.
    pub(crate) nanos: u64,
    pub(crate) arrived: u64,
    pub(crate) ended: u64,
    /// Of those that ended, in nanoseconds.
    pub(crate) took: u64,
    /// Of those that ended, in parts of a doubling.
    pub(crate) excess: i64,
    /// Whether calls took the longer the more were under way.
    pub(crate) rises: bool,
    /// Calls that were cancelled or failed, or stalled or were paused, net of those that were resumed.
    pub(crate) gone: u64,
    /// Calls that were let in, and ended by their deadline.
    pub(crate) lost: u64,
    /// After how long, in nanoseconds.
    pub(crate) lost_after: u64,
    pub(crate) limited: u64,
    pub(crate) queued: u64,
    pub(crate) overloaded: u64,
    pub(crate) below_threshold: u64,
    /// Could not have been answered in time without a wait either.
    pub(crate) doomed: u64,
    /// How many arrived at each level, the least critical first.
    pub(crate) levels: [u64; BUCKETS],
}

impl Window {
    pub(crate) fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            shards: Default::default(),
            slope: Slope::default(),
        }
    }

    pub(crate) fn arrived(&self, level: Level) {
        self.shard().levels.0[level.number() / BUCKET].fetch_add(1, Relaxed);
    }

    pub(crate) fn ended(&self, nanos: u64, excess: i32) {
        let shard = self.shard();
        shard
            .ended
            .fetch_add(EXCESS * i64::from(excess) + 1, Relaxed);
        shard.took.fetch_add(nanos, Relaxed);
    }

    /// A call that ended was one of so many when it came in. Of very many calls some are enough.
    pub(crate) fn sampled(&self, among: u32, excess: i32, since: u64) {
        let came = since as i64 - self.begun.load(Relaxed) as i64;
        self.slope.add(among, excess, came);
    }

    pub(crate) fn gone(&self, calls: i64) {
        self.shard().gone.fetch_add(calls, Relaxed);
    }

    pub(crate) fn lost(&self, nanos: u64) {
        let shard = self.shard();
        shard.lost.fetch_add(1, Relaxed);
        shard.lost_after.fetch_add(nanos, Relaxed);
    }

    pub(crate) fn limited(&self) {
        self.shard().limited.fetch_add(1, Relaxed);
    }

    pub(crate) fn queued(&self) {
        self.shard().queued.fetch_add(1, Relaxed);
    }

    pub(crate) fn overloaded(&self) {
        self.shard().overloaded.fetch_add(1, Relaxed);
    }

    pub(crate) fn below_threshold(&self) {
        self.shard().below_threshold.fetch_add(1, Relaxed);
    }

    pub(crate) fn doomed(&self) {
        self.shard().doomed.fetch_add(1, Relaxed);
    }

    /// Ends the window if it is so long and so many calls are over, or is ten times as long. To one
    /// caller alone.
    pub(crate) fn close(&self, now: u64, nanos: u64, calls: u64) -> Option<Sums> {
        let begun = self.begun.load(Relaxed);
        let age = now.saturating_sub(begun);
        if age < nanos {
            return None;
        }
        let over = |it: &Shard| {
            let ended = it.ended.load(Relaxed).rem_euclid(EXCESS) as u64;
            ended + it.lost.load(Relaxed) + it.overloaded.load(Relaxed)
        };
        let over: u64 = self.shards.iter().map(over).sum();
        if over < calls && age < 10 * nanos {
            return None;
        }
        let closed = self.begun.compare_exchange(begun, now, Relaxed, Relaxed);
        closed.is_ok().then(|| self.take(age))
    }

    fn take(&self, nanos: u64) -> Sums {
        let take = |of: fn(&Shard) -> &AtomicU64| -> u64 {
            self.shards.iter().map(|it| of(it).swap(0, Relaxed)).sum()
        };
        let mut levels = [0; BUCKETS];
        for shard in &self.shards {
            for (sum, level) in levels.iter_mut().zip(&shard.levels.0) {
                *sum += level.swap(0, Relaxed);
            }
        }
        let (mut ended, mut excess) = (0, 0);
        for shard in &self.shards {
            let both = shard.ended.swap(0, Relaxed);
            ended += both.rem_euclid(EXCESS) as u64;
            excess += both.div_euclid(EXCESS);
        }
        let gone = self.shards.iter().map(|it| it.gone.swap(0, Relaxed));
        let gone = u64::try_from(gone.sum::<i64>()).unwrap_or(0);
        let arrived = levels.iter().sum();
        self.arrived.fetch_add(arrived, Relaxed);
        Sums {
            nanos,
            arrived,
            ended,
            took: take(|it| &it.took),
            excess,
            rises: self.slope.take_rises(),
            gone,
            lost: take(|it| &it.lost),
            lost_after: take(|it| &it.lost_after),
            limited: take(|it| &it.limited),
            queued: take(|it| &it.queued),
            overloaded: take(|it| &it.overloaded),
            below_threshold: take(|it| &it.below_threshold),
            doomed: take(|it| &it.doomed),
            levels,
        }
    }

    /// How many have ever arrived.
    pub(crate) fn arrived_ever(&self) -> u64 {
        let levels = self.shards.iter().flat_map(|shard| &shard.levels.0);
        let lately: u64 = levels.map(|level| level.load(Relaxed)).sum();
        self.arrived.load(Relaxed) + lately
    }

    fn shard(&self) -> &Shard {
        &self.shards[shard::mine()]
    }
}
