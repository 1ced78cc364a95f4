use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gate::MOST;
use crate::mode::GuardMode;

/// The `[overload]` section: when calls wait and when they are refused. The defaults are meant to be
/// left alone: what a service can do is measured, not configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OverloadConfig {
    /// `off`, `dark` (count what would be refused, refuse nothing) or `enforce`.
    pub mode: GuardMode,
    /// How long a call may wait for its turn in a burst: as long as the queue has not stood for
    /// [`overloaded_after`](Self::overloaded_after). A method that takes longer than this may wait for
    /// as long as it takes.
    ///
    /// 100 ms: a server that is busy for four fifths of the time has bursts half as long.
    #[serde(with = "humantime_serde")]
    pub max_queue_wait: Duration,
    /// The same while the service is overloaded: the next calls are at hand then, and to wait longer
    /// gains nothing. A call that waits in vain is refused so much later than at once: 1 ms, with
    /// which refusals are within 5 ms at their caller.
    #[serde(with = "humantime_serde")]
    pub overloaded_queue_wait: Duration,
    /// How long all calls may have to wait longer than 5 ms (CoDel's target, RFC 8289) before the
    /// service is overloaded, if it is by so little that nothing has to be refused before. 500 ms:
    /// five of CoDel's intervals, because a server that is busy for four fifths of the time has busy spells of more than one.
    #[serde(with = "humantime_serde")]
    pub overloaded_after: Duration,
    /// Least time after which a call in flight counts as stalled, and no longer against the limit. Calls
    /// of a method stall at four to six times its usual latency, but not before this. 100 ms.
    #[serde(with = "humantime_serde")]
    pub stalled_after: Duration,
    /// How much longer than alone calls may take because of each other before there are too many of
    /// them at once. 5 ms, CoDel's target (RFC 8289); where they take more than 20 ms a quarter of that
    /// is tolerated, because what they take alone is known no better. What a busy machine does to
    /// calls is more at times: a service that ends as many as arrive is not cut for it, and a cut that
    /// makes calls no faster is taken back.
    #[serde(with = "humantime_serde")]
    pub tolerance: Duration,
    /// Calls that may be under way at once before anything is known of the service. It adapts from
    /// there, upwards for as long as calls take no longer for it, and doubles every
    /// 100 ms at first. 64.
    pub initial_limit: usize,
    /// The limit never goes below this; 0 is one for each worker. Nor does it go below what keeps the
    /// workers busy, if `initial_limit` is above that: two for each, and more the more calls differ.
    pub min_limit: usize,
    /// Blocking work that may run at once, on threads of its own; the rest waits, and leaves when its
    /// call is given up. 64: enough for drivers that wait, and few enough threads for one machine. At
    /// most 448, of the 512 threads that tokio has for such work.
    pub max_blocking: usize,
}

impl Default for OverloadConfig {
    fn default() -> Self {
        Self {
            mode: GuardMode::Enforce,
            max_queue_wait: Duration::from_millis(100),
            overloaded_queue_wait: Duration::from_millis(1),
            overloaded_after: Duration::from_millis(500),
            stalled_after: Duration::from_millis(100),
            tolerance: Duration::from_millis(5),
            initial_limit: 64,
            min_limit: 0,
            max_blocking: 64,
        }
    }
}

impl OverloadConfig {
    /// Whether [`Admission::configure`](crate::Admission::configure) can put all that `other` changes
    /// into force.
    pub fn reloads_to(&self, other: &Self) -> bool {
        let live = Self {
            mode: other.mode,
            max_queue_wait: other.max_queue_wait,
            overloaded_queue_wait: other.overloaded_queue_wait,
            overloaded_after: other.overloaded_after,
            stalled_after: other.stalled_after,
            ..self.clone()
        };
        live == *other
    }

    /// Refuses values that mean nothing: the key, and what it must be.
    ///
    /// # Errors
    /// The first key whose value cannot be used.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        const LONGEST: Duration = Duration::from_secs(3600);
        let durations = [
            ("max_queue_wait", self.max_queue_wait),
            ("overloaded_queue_wait", self.overloaded_queue_wait),
            ("overloaded_after", self.overloaded_after),
            ("stalled_after", self.stalled_after),
            ("tolerance", self.tolerance),
        ];
        for (key, duration) in durations {
            if duration.is_zero() {
                return Err((key, "must be above zero"));
            }
            if duration > LONGEST {
                return Err((key, "must be at most 1 hour"));
            }
        }
        if self.overloaded_queue_wait > self.max_queue_wait {
            return Err(("overloaded_queue_wait", "must be at most max_queue_wait"));
        }
        if !(1..=MOST).contains(&self.initial_limit) {
            return Err(("initial_limit", "must be from 1 to 1000000"));
        }
        // tokio has 512 threads for blocking work, and the kit needs some of them.
        if !(1..=448).contains(&self.max_blocking) {
            return Err(("max_blocking", "must be from 1 to 448"));
        }
        if self.min_limit > self.initial_limit {
            return Err(("min_limit", "must be at most initial_limit"));
        }
        Ok(())
    }
}
