//! The call that is being answered, as whatever its handler does finds it.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use crate::draining::DrainSignal;
use crate::slow::Stage;

/// A handler that asks others in a loop is told from its first calls.
const MOST_STAGES: usize = 64;

thread_local! {
    /// One for all that there is to know: every poll of a handler pays for entering each. A task-local
    /// of tokio's is entered with a closure, and moves what that returns, an answer, twice.
    static CURRENT: RefCell<Option<Arc<Ongoing>>> = const { RefCell::new(None) };
}

/// A call that is being answered.
#[derive(Debug)]
pub(crate) struct Ongoing {
    pub(crate) begun: Instant,
    pub(crate) deadline: Option<Instant>,
    /// Of the connection that it came on.
    pub(crate) drain: Option<DrainSignal>,
    stages: Mutex<Vec<Stage>>,
}

impl Ongoing {
    pub(crate) fn new(
        begun: Instant,
        deadline: Option<Instant>,
        drain: Option<DrainSignal>,
    ) -> Arc<Self> {
        Arc::new(Self {
            begun,
            deadline,
            drain,
            stages: Mutex::default(),
        })
    }

    /// The one whose handler runs just now; none in a task that the handler has spawned.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(|current| current.borrow().clone()).ok()?
    }

    pub(crate) fn current_deadline() -> Option<Instant> {
        CURRENT
            .try_with(|current| current.borrow().as_ref()?.deadline)
            .ok()?
    }

    /// Whatever this thread does belongs to this call until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Entered {
        Entered(CURRENT.replace(Some(self.clone())))
    }

    /// A part of it, `name`, is done.
    pub(crate) fn done(&self, name: &str, from: Instant, to: Instant, code: &'static str) {
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        if stages.len() < MOST_STAGES {
            stages.push(Stage {
                name: name.to_owned(),
                after: from.saturating_duration_since(self.begun),
                took: to.saturating_duration_since(from),
                code: Some(code),
            });
        }
    }

    /// What is done so far.
    pub(crate) fn stages(&self) -> Vec<Stage> {
        let stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        stages.clone()
    }
}

/// Holds the call that was entered before.
pub(crate) struct Entered(Option<Arc<Ongoing>>);

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}
