use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use super::Shared;
use crate::limit::Now;
use crate::threshold::Overload;

/// How often the limit and the threshold are looked at, in nanoseconds, and how many calls must have
/// ended by then.
const WINDOW: u64 = 100_000_000;
const WINDOW_CALLS: u64 = 20;

impl Shared {
    /// Looks at what has happened, if it is time to.
    pub(super) fn look(self: &Arc<Self>, at: u64) {
        let under_way = self.gate.under_way();
        if under_way > self.most_under_way.load(Relaxed) {
            self.most_under_way.fetch_max(under_way, Relaxed);
        }
        let Some(sums) = self.window.close(at, WINDOW, WINDOW_CALLS) else {
            return;
        };
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let most = self.most_under_way.swap(under_way, Relaxed);
        let workers = self.gate.workers();
        let load = control.overload.as_ref().map(Overload::load);
        let places = self.spread.places(workers, load);
        self.gate.set_places(places);
        let now = Now {
            limit: self.gate.limit(),
            under_way,
            most_under_way: most,
            at_hand: workers + places,
            streams: self.gate.streams(),
        };
        let verdict = control.limit.step(now, &sums);
        self.gate.set_limit(verdict.limit);
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
