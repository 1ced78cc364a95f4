use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::Shared;
use crate::arrival::Refusal;
use crate::mode::GuardMode;
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

    pub(crate) fn finished(self: &Arc<Self>, permit: &mut Permit, now: Instant) {
        let at = self.clock.since_origin(now);
        let counted = self.leave_in_flight(permit);
        if permit.paused_since != 0 {
            // It was answered before its request was whole.
            permit.since += at.saturating_sub(permit.paused_since);
        }
        self.answered(permit, at, counted);
        if permit.begun != 0 {
            self.spread.add(at.saturating_sub(permit.begun));
        }
        self.leave(permit, at, counted);
    }

    pub(crate) fn stream_begins(self: &Arc<Self>, permit: &mut Permit, now: Instant) {
        let at = self.clock.since_origin(now);
        self.gate.stream_begins();
        let counted = self.uncount(permit, at);
        self.answered(permit, at, counted);
    }

    pub(crate) fn pause(self: &Arc<Self>, permit: &mut Permit, now: Instant) {
        let at = self.clock.since_origin(now);
        permit.paused_since = at.max(1);
        if self.uncount(permit, at) {
            self.window.gone(1);
        }
    }

    pub(crate) fn resume(
        &self,
        permit: &mut Permit,
        now: Instant,
        started: bool,
    ) -> Result<(), Refusal> {
        let at = self.clock.since_origin(now);
        if !permit.streams {
            if started || self.mode() == GuardMode::Dark {
                self.gate.recount();
            } else if !self.gate.try_recount(|| self.has_share(at, permit.method)) {
                self.counters.queue_full.fetch_add(1, Relaxed);
                self.window.limited();
                self.window.overloaded();
                return Err(self.overloaded(0));
            }
            permit.ticket = Some(self.in_flight.enter(permit.method));
            self.window.gone(-1);
        }
        permit.since += at.saturating_sub(permit.paused_since);
        permit.paused_since = 0;
        Ok(())
    }

    /// The call does not count against the limit any more. Returns whether it did.
    fn uncount(self: &Arc<Self>, permit: &mut Permit, at: u64) -> bool {
        let counted = self.leave_in_flight(permit);
        if counted {
            self.gate.uncount(1);
            if !self.queue.is_empty() {
                self.let_in(at);
            }
        }
        counted
    }

    /// Returns whether the call counted against the limit.
    fn leave_in_flight(&self, permit: &mut Permit) -> bool {
        let ticket = permit.ticket.take();
        ticket.is_some_and(|ticket| self.in_flight.leave(permit.method, ticket))
    }

    fn answered(&self, permit: &Permit, at: u64, counted: bool) {
        let took = at.saturating_sub(permit.since).max(1);
        let method = self.method(permit.method);
        let excess = method.excess(took);
        // How long a stalled call took says nothing about contention.
        if counted {
            self.window.ended(took, excess);
        }
        if method.is_due(at) {
            if counted {
                self.window.sampled(permit.among, excess, permit.since);
                self.took.add(took);
            }
            method.took(took, self.calm.load(Relaxed) && self.queue.is_empty());
        }
    }

    pub(crate) fn gone(self: &Arc<Self>, permit: &mut Permit) {
        let at = self.clock.since_origin(self.clock.now());
        // A stream was answered with its head; what a paused call waited for is its caller.
        let counted = self.leave_in_flight(permit);
        if counted {
            self.unanswered(permit, at);
        } else if !permit.streams && permit.paused_since == 0 {
            // A stalled call would have taken longer. Without these samples a pool that is nearly stopped,
            // whose calls all end by their deadline, would look like a dependency that hangs.
            let method = self.method(permit.method);
            let took = at.saturating_sub(permit.since);
            if took > method.usual() && method.is_due(at) {
                method.took(took, false);
            }
        }
        self.leave(permit, at, counted);
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
            self.window.gone(1);
        }
    }

    fn leave(self: &Arc<Self>, permit: &Permit, at: u64, counted: bool) {
        if permit.unbegun {
            self.gate.begin();
        }
        let needed_worker = permit.unbegun || permit.begun != 0;
        if permit.streams {
            self.gate.stream_ends();
        }
        if counted && !needed_worker {
            self.gate.leave_or_keep();
        } else {
            self.gate.leave(!counted);
        }
        if !self.queue.is_empty() {
            self.let_in(at);
        }
    }
}
