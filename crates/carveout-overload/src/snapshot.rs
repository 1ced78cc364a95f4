use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::mode::GuardMode;

/// Everything that an admission knows, at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What it does.
    pub mode: GuardMode,
    /// Calls that may be in flight at once: streams that have begun and waiting calls do not count.
    pub limit: usize,
    /// Calls that are under way, and streams.
    pub under_way: usize,
    /// Of these, the streams that have begun: they take no place of the limit, unless there are too many
    /// calls.
    pub streams: usize,
    /// Of these, calls that wait for their request body, or have stalled at several times their method's
    /// latency. They do not count against the limit.
    pub waiting: usize,
    /// Calls that wait for their turn.
    pub queued: usize,
    /// For how long all calls have had to wait.
    pub queue_standing_for: Duration,
    /// How long the next critical call would wait.
    pub wait: Duration,
    /// Calls below this level, of 512, are refused. See [`crate::Level`].
    pub threshold: usize,
    /// What a call takes on the average, from its admission to the end of its answer.
    pub took: Duration,
    /// What calls of each method take, by the mean of their logarithms: lately, and when no call stands in
    /// another's way. Zero before the first.
    pub methods: Vec<[Duration; 2]>,
    /// How calls have ended so far.
    pub counts: Counts,
}

/// How many calls were admitted, queued and refused since the start. Of a dark admission: would have
/// been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Let in at once.
    pub admitted: u64,
    /// Had to wait, whatever came of it.
    pub queued: u64,
    /// The queue was too long for it.
    pub queue_full: u64,
    /// It waited, and its turn did not come in time.
    pub waited_too_long: u64,
    /// Its level was below the threshold.
    pub below_threshold: u64,
    /// Its deadline was too near.
    pub doomed: u64,
}

/// What [`Counts`] are read from. Who is let in at once is counted by the window alone.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) queued: AtomicU64,
    pub(crate) queue_full: AtomicU64,
    pub(crate) waited_too_long: AtomicU64,
    pub(crate) below_threshold: AtomicU64,
    pub(crate) doomed: AtomicU64,
    pub(crate) doomed_late: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self, arrived: u64) -> Counts {
        let queued = self.queued.load(Relaxed);
        let queue_full = self.queue_full.load(Relaxed);
        let below_threshold = self.below_threshold.load(Relaxed);
        let doomed = self.doomed.load(Relaxed);
        let others = queued + queue_full + below_threshold + doomed;
        Counts {
            admitted: arrived.saturating_sub(others),
            queued,
            queue_full,
            waited_too_long: self.waited_too_long.load(Relaxed),
            below_threshold,
            doomed: doomed + self.doomed_late.load(Relaxed),
        }
    }
}
