use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::request::Parts;

use super::future::{Call, Turn};
use crate::admission::Admission;
use crate::arrival::{Arrival, Decision};
use crate::hold::{Held, Holds};
use crate::level::Level;
use crate::mode::GuardMode;

/// What a request is to admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// No matter of admission: it is let in whatever there is to do, and not counted. Health checks.
    Exempt,
    /// A call of this method, counted from 0.
    Method(usize),
    /// A call of this method whose answer stays open for as long as its caller likes: it has a
    /// place to its end, but how long that was says nothing of how long calls take.
    Stream(usize),
}

/// What is known of the calls of a service, and of what to do with them.
#[derive(Clone)]
pub(super) struct Rules {
    admission: Admission,
    pub(super) holds: Arc<Holds>,
    pub(super) kind_of: Arc<dyn Fn(&Parts) -> CallKind + Send + Sync>,
    pub(super) level_of: Arc<dyn Fn(&Parts) -> Level + Send + Sync>,
    pub(super) deadline: Option<Duration>,
}

impl Rules {
    pub(super) fn new(admission: Admission) -> Self {
        Self {
            holds: Arc::new(Holds::new(admission.snapshot().methods.len())),
            admission,
            kind_of: Arc::new(|_| CallKind::Method(0)),
            level_of: Arc::new(|head| Level::of_headers(&head.headers)),
            deadline: None,
        }
    }

    /// Decides about a request that is there now.
    pub(super) fn arrive(self: &Arc<Self>, head: &Parts) -> (Turn, Option<Call>) {
        if self.admission.mode() == GuardMode::Off {
            return (Turn::Begun, None);
        }
        let (method, streams) = match (self.kind_of)(head) {
            CallKind::Exempt => return (Turn::Begun, None),
            CallKind::Method(method) => (method, false),
            CallKind::Stream(method) => (method, true),
        };
        let now = Instant::now();
        let arrival = Arrival {
            method,
            level: (self.level_of)(head),
            deadline: self.deadline.and_then(|most| now.checked_add(most)),
            holds_worker: self.holds.of(method),
        };
        let (turn, permit) = match self.admission.arrive(now, &arrival) {
            Decision::Admitted(permit) => (Turn::Next, Some(permit)),
            Decision::Queued(waiting) => (Turn::queued(waiting), None),
            Decision::Refused(refusal) => return (Turn::Refused(refusal), None),
        };
        let call = Call {
            rules: Arc::clone(self),
            method,
            streams,
            permit,
            held: Held::default(),
        };
        (turn, Some(call))
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("admission", &self.admission)
            .field("holds", &self.holds)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
