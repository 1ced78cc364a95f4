use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use super::Shared;
use crate::gate::Full;
use crate::limit::Now;
use crate::threshold::Overload;

/// How often the limit and the threshold are looked at, in nanoseconds, and how many calls must have
/// ended by then.
const WINDOW: u64 = 100_000_000;
const WINDOW_CALLS: u64 = 20;

impl Shared {
    /// Lets a call in if there is room, and says how many places are taken then.
    pub(super) fn try_enter(&self, holds_worker: bool) -> Result<usize, Full> {
        let entered = self.gate.try_enter(holds_worker);
        match entered {
            Ok(taken) => self.saw(taken),
            Err(Full::Limit) => self.window.limited(),
            Err(Full::Workers) => {}
        }
        entered
    }

    /// So many places were taken.
    pub(super) fn saw(&self, taken: usize) {
        if taken > self.most_taken.load(Relaxed) {
            self.most_taken.fetch_max(taken, Relaxed);
        }
    }

    /// Looks at what has happened, if it is time to.
    pub(super) fn look(self: &Arc<Self>, at: u64) {
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
