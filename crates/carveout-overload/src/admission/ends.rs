use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::Shared;
use crate::permit::Permit;

impl Shared {
    pub(crate) fn begun(self: &Arc<Self>) -> u64 {
        self.gate.begin();
        let at = self.clock.since_origin(self.clock.now());
        if !self.queue.is_empty() {
            self.let_in(at);
        }
        at
    }

    pub(crate) fn finished(self: &Arc<Self>, permit: &Permit, now: Instant) {
        let at = self.clock.since_origin(now);
        self.answered(permit, at);
        if permit.begun != 0 {
            self.spread.add(at.saturating_sub(permit.begun));
        }
        self.leave(permit, at);
    }

    pub(crate) fn stream_begins(self: &Arc<Self>, permit: &Permit, now: Instant) {
        let at = self.clock.since_origin(now);
        self.answered(permit, at);
        self.gate.stream();
        if !self.queue.is_empty() {
            self.let_in(at);
        }
    }

    fn answered(&self, permit: &Permit, at: u64) {
        let took = at.saturating_sub(permit.since).max(1);
        let method = self.method(permit.method);
        let excess = method.excess(took);
        self.window.ended(took, excess);
        if method.is_due(at) {
            self.window.sampled(permit.among, excess, permit.since);
            method.took(took, self.calm.load(Relaxed) && self.queue.is_empty());
            self.took.add(took);
        }
    }

    pub(crate) fn gone(self: &Arc<Self>, permit: &Permit) {
        let at = self.clock.since_origin(self.clock.now());
        // A stream was answered with its head.
        if !permit.streams {
            self.unanswered(permit, at);
        }
        self.leave(permit, at);
    }

    fn unanswered(&self, permit: &Permit, at: u64) {
        let took = at.saturating_sub(permit.since);
        // Its caller gives up then too, and may be a little sooner. One that leaves no time for an
        // answer says nothing of the service.
        let all_it_had = permit.deadline.saturating_sub(permit.since) / 10 * 9;
        let alone = self.method(permit.method).alone();
        if alone > 0 && took >= all_it_had.max(alone) {
            self.window.lost(took);
        } else {
            self.window.gone();
        }
    }

    fn leave(self: &Arc<Self>, permit: &Permit, at: u64) {
        if permit.unbegun {
            self.gate.begin();
        }
        if permit.streams || permit.unbegun || permit.begun != 0 {
            self.gate.leave(permit.streams);
        } else {
            self.gate.leave_or_keep();
        }
        if !self.queue.is_empty() {
            self.let_in(at);
        }
    }
}
