use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::Shared;
use crate::arrival::{Arrival, Refusal};
use crate::clock::nanos;
use crate::gate::Entered;
use crate::level::Criticality;

impl Shared {
    /// Why a call is refused that would have `ahead` others before it.
    pub(super) fn refusal(&self, at: u64, call: &Arrival, ahead: usize) -> Option<Refusal> {
        let between = self.between_turns(call.holds_worker);
        let wait = between.saturating_mul(ahead as u64);
        let class = call.level.class();
        // Less critical calls leave room in the queue for those that may still come.
        let share = match class {
            Criticality::Sheddable => 2,
            Criticality::SheddablePlus => 3,
            Criticality::Critical | Criticality::CriticalPlus => 4,
        };
        if self.threshold.refuses(call.level) {
            // No sign of overload: or the threshold would keep itself up.
            self.counters.below_threshold.fetch_add(1, Relaxed);
            self.window.below_threshold();
        } else if wait > self.allowed_wait(at, class, call.method) / 4 * share {
            self.counters.queue_full.fetch_add(1, Relaxed);
            self.window.overloaded();
        } else {
            return self.doom(at, call, wait);
        }
        Some(self.overloaded(wait))
    }

    /// The refusal of a call that would have to wait for so long, in nanoseconds, or has.
    pub(super) fn overloaded(&self, wait: u64) -> Refusal {
        Refusal::Overloaded {
            wait: Duration::from_nanos(wait),
            lasting: self.threshold.is_lasting(),
        }
    }

    /// Whether the call cannot be answered in time.
    fn doom(&self, at: u64, call: &Arrival, wait: u64) -> Option<Refusal> {
        let takes = self.method(call.method).usual();
        let left = self.clock.since_origin(call.deadline?).saturating_sub(at);
        (wait.saturating_add(takes) > left).then(|| {
            self.counters.doomed.fetch_add(1, Relaxed);
            if takes > left {
                self.window.doomed();
            } else {
                self.window.overloaded();
            }
            let takes = wait.saturating_add(takes);
            Refusal::Doomed {
                takes: Duration::from_nanos(takes),
                left: Duration::from_nanos(left),
            }
        })
    }

    /// Counts what would have been done with a call that is in already.
    pub(super) fn would_be(&self, at: u64, call: &Arrival, entered: Entered) -> Option<Refusal> {
        let Entered { over, late, .. } = entered;
        if over > 0 {
            self.window.limited();
        }
        let ahead = over.max(late).checked_sub(1)?;
        let refusal = self.refusal(at, call, ahead);
        if refusal.is_none() {
            self.counters.queued.fetch_add(1, Relaxed);
        }
        refusal
    }

    /// How long it is from the turn of one call that waits to that of the next, in nanoseconds.
    pub(super) fn between_turns(&self, holds_worker: Duration) -> u64 {
        // They wait for workers ...
        let for_workers = nanos(holds_worker) / self.gate.workers() as u64;
        let (taken, limit) = (self.gate.taken(), self.gate.limit());
        if !holds_worker.is_zero() && taken < limit {
            return for_workers;
        }
        // ... or for calls to end: Little's law.
        let for_ends = self.took.get() / taken.clamp(1, limit.max(1)) as u64;
        for_ends.max(for_workers)
    }

    /// Whether there are more calls as critical as `class` than can be served.
    pub(super) fn is_overloaded(&self, at: u64, class: Criticality) -> bool {
        if self.threshold.is_overloaded() {
            return !self.threshold.fits(class);
        }
        self.queue.standing_for(at) > self.times.overloaded_after.load(Relaxed)
    }

    /// How long a call may wait, in nanoseconds.
    pub(super) fn allowed_wait(&self, at: u64, class: Criticality, method: usize) -> u64 {
        if self.is_overloaded(at, class) {
            self.times.overloaded_queue_wait.load(Relaxed)
        } else {
            let wait = self.times.max_queue_wait.load(Relaxed);
            wait.max(self.method(method).usual())
        }
    }
}
