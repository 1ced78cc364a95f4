use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use super::Shared;
use crate::gate::Full;
use crate::in_flight::{self, Ticket};
use crate::limit::Now;
use crate::threshold::Overload;

/// How often the limit and the threshold are looked at, in nanoseconds, and how many calls must have
/// ended by then.
const WINDOW: u64 = 100_000_000;
const WINDOW_CALLS: u64 = 20;
/// How long a fair share is valid, in nanoseconds.
const SHARE_TTL: u64 = 1_000_000;

impl Shared {
    /// Stops counting calls that have stalled.
    fn advance_generations(self: &Arc<Self>, at: u64) {
        let looked = self.looked.load(Relaxed);
        let is_due = at.saturating_sub(looked) >= in_flight::MIN_GENERATION;
        let mine = is_due
            && self
                .looked
                .compare_exchange(looked, at, Relaxed, Relaxed)
                .is_ok();
        if !mine {
            return;
        }
        let stalled = {
            let _alone = self.control.lock().unwrap_or_else(PoisonError::into_inner);
            // A call stalls at four times this latency at the earliest.
            let least = self.times.stalled_after.load(Relaxed) / 4;
            let methods = self.methods.iter().enumerate();
            let stalled = methods.map(|(index, method)| {
                self.in_flight.advance(index, at, method.usual().max(least))
            });
            stalled.sum()
        };
        if stalled > 0 {
            self.gate.uncount(stalled);
            self.window.gone(stalled as i64);
            self.let_in(at);
        }
    }

    /// Lets a call in if there is room, and says how many places are taken then.
    pub(super) fn try_enter(
        &self,
        at: u64,
        method: usize,
        holds_worker: bool,
    ) -> Result<(Ticket, usize), Full> {
        match self
            .gate
            .try_enter(holds_worker, || self.has_share(at, method))
        {
            Ok(taken) => {
                self.saw(taken);
                Ok((self.in_flight.enter(method), taken))
            }
            Err(full) => {
                if full == Full::Limit {
                    self.window.limited();
                }
                Err(full)
            }
        }
    }

    /// Whether a method has fewer permits than its fair share of the limit.
    pub(super) fn has_share(&self, at: u64, method: usize) -> bool {
        // A single method has the whole limit as its share.
        if self.methods.len() == 1 {
            return false;
        }
        let shared = self.shared.load(Relaxed);
        let is_due = at.saturating_sub(shared) >= SHARE_TTL;
        if is_due
            && self
                .shared
                .compare_exchange(shared, at, Relaxed, Relaxed)
                .is_ok()
        {
            let share = self.in_flight.fair_share(self.gate.limit());
            self.share.store(share, Relaxed);
        }
        self.in_flight.count(method) < self.share.load(Relaxed)
    }

    /// So many places were taken.
    pub(super) fn saw(&self, taken: usize) {
        if taken > self.most_taken.load(Relaxed) {
            self.most_taken.fetch_max(taken, Relaxed);
        }
    }

    /// Looks at what has happened, if it is time to.
    pub(super) fn look(self: &Arc<Self>, at: u64) {
        self.advance_generations(at);
        let Some(sums) = self.window.close(at, WINDOW, WINDOW_CALLS) else {
            return;
        };
        let taken = self.gate.taken();
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let most = self.most_taken.swap(taken, Relaxed);
        let workers = self.gate.workers();
        let load = control.overload.as_ref().map(Overload::load);
        let places = self.spread.places(workers, load);
        self.gate.set_places(places);
        let now = Now {
            limit: self.gate.limit(),
            taken,
            most_taken: most,
            at_hand: workers + places,
        };
        let verdict = control.limit.step(now, &sums);
        self.gate.set_limit(verdict.limit);
        // A stream that has begun is in nobody's way that is known, and takes no place of those that wait
        // for an answer. If there are too many calls it may be in the way after all: then more streams
        // take places like calls.
        self.gate.free_streams(if verdict.crowded {
            self.gate.streams()
        } else {
            usize::MAX
        });
        self.calm.store(verdict.calm, Relaxed);
        if verdict.slower {
            for method in &self.methods {
                method.slower();
            }
        }
        self.threshold.step(&mut control.overload, &sums);
        drop(control);
        self.let_in(at);
    }
}
