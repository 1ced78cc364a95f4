use std::fmt;
use std::time::{Duration, Instant};

use crate::level::Level;
use crate::permit::{Permit, Waiting};

/// What admission has to know of a call.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Which method it is, counted from 0.
    pub method: usize,
    /// Who is shed before it and after it.
    pub level: Level,
    /// When it has to be answered, if ever.
    pub deadline: Option<Instant>,
    /// How long its handler holds a worker at a time, blocking or computing; zero for one that gives
    /// it back at each await and soon. Of those that hold one, no more are let in than keep the workers
    /// busy.
    pub holds_worker: Duration,
}

impl Arrival {
    /// A call of `method` that says nothing else of itself.
    pub fn of(method: usize) -> Self {
        Self {
            method,
            level: Level::default(),
            deadline: None,
            holds_worker: Duration::ZERO,
        }
    }
}

/// What is done with a call.
#[derive(Debug)]
pub enum Decision {
    /// It may begin.
    Admitted(Permit),
    /// It is its turn when this resolves.
    Queued(Waiting),
    /// It must not begin.
    Refused(Refusal),
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The queue is longer than the call may wait, or others go before it.
    Overloaded {
        /// How long it would have waited, or has.
        wait: Duration,
        /// Whether the service has been overloaded for so long that trying again helps nobody.
        lasting: bool,
    },
    /// It could not be answered by its deadline.
    Doomed {
        /// How long it would have taken, the wait included.
        takes: Duration,
        /// How long it had.
        left: Duration,
    },
}

impl Refusal {
    /// Why, for a program.
    pub const fn reason(&self) -> &'static str {
        match self {
            Refusal::Overloaded { .. } => "OVERLOADED",
            Refusal::Doomed { .. } => "DOOMED",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Overloaded { wait, .. } => write!(
                f,
                "the service is overloaded: the call would have to wait for {wait:.1?}"
            ),
            Refusal::Doomed { takes, left } => write!(
                f,
                "the call takes {takes:.1?} at present, and its deadline leaves it {left:.1?}"
            ),
        }
    }
}

impl std::error::Error for Refusal {}
