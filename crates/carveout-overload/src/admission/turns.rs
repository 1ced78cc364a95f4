use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::{Handle, Shared};
use crate::arrival::Refusal;
use crate::clock::nanos;
use crate::gate::Full;
use crate::permit::Permit;
use crate::queue::{Next, Queued};

/// Who waits no longer than this hardly waits, in nanoseconds: CoDel's target (RFC 8289).
const SHORT: u64 = 5_000_000;

impl Shared {
    /// Lets in whose turn it is, for as long as there is room.
    pub(super) fn let_in(self: &Arc<Self>, at: u64) {
        if self.queue.is_empty() {
            return;
        }
        let is_late = |call: &Queued| {
            at.saturating_sub(call.since) > self.allowed_wait(at, call.class, call.call.method)
        };
        for late in self.queue.late(is_late) {
            let refusal = self.overloaded(at.saturating_sub(late.since));
            // Whoever is gone already was counted when it went.
            if late.told.send(Err(refusal)).is_ok() {
                self.count_late();
            }
        }
        let ask = |call: &Queued| {
            let takes = self.method(call.call.method).usual();
            if call.told.is_closed() || at.saturating_add(takes) > call.call.deadline {
                return Next::Drop;
            }
            match self.try_enter(at, call.call.method, call.call.holds_worker) {
                Ok((place, taken)) => Next::Enter(place, taken),
                Err(Full::Limit) => Next::Stay,
                Err(Full::Workers) => Next::StayForWorker,
            }
        };
        let newest = |class| self.is_overloaded(at, class);
        while let Some((call, next)) = self.queue.next(newest, ask) {
            let told = match next {
                Next::Enter(place, taken) => {
                    let queued = at.saturating_sub(call.since);
                    if queued < SHORT {
                        self.queue.moved(at);
                    }
                    let of = Some(Handle::to(self));
                    let mut permit = Permit::new(of, call.call, at, Some((place, taken)));
                    permit.queued = queued;
                    Ok(permit)
                }
                // It has left by itself.
                _ if call.told.is_closed() => continue,
                _ => {
                    self.counters.doomed_late.fetch_add(1, Relaxed);
                    self.window.overloaded();
                    Err(Refusal::Doomed {
                        takes: Duration::from_nanos(self.method(call.call.method).usual()),
                        left: Duration::from_nanos(call.call.deadline.saturating_sub(at)),
                    })
                }
            };
            // A permit that nobody takes any more comes back here and is dropped.
            drop(call.told.send(told));
        }
    }

    pub(crate) fn refused_late(&self, wait: Duration) -> Refusal {
        self.count_late();
        self.overloaded(nanos(wait))
    }

    fn count_late(&self) {
        self.window.overloaded();
        self.counters.waited_too_long.fetch_add(1, Relaxed);
    }
}
