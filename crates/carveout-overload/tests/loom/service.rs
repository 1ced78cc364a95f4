use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use loom::thread::{Builder, JoinHandle};

use crate::admission::Admission;
use crate::arrival::{Arrival, Decision};
use crate::clock::Clock;
use crate::config::OverloadConfig;
use crate::level::{Criticality, Level};
use crate::permit::{Permit, Waiting};

/// What one call takes, in the only call that there was so far.
const TAKES: Duration = Duration::from_millis(5);

/// A thread with room for the frames of an unoptimised build, in words.
pub(crate) fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    let builder = Builder::new().stack_size(0x8000);
    builder.spawn(work).expect("one more thread")
}

/// A service under test. Its clock stands still, and nobody waits for too long.
pub(crate) struct Service {
    pub(crate) admission: Admission,
    pub(crate) now: Instant,
    clock: Clock,
    workers: usize,
}

impl Clone for Service {
    fn clone(&self) -> Self {
        Self {
            admission: self.admission.clone(),
            clock: self.clock.clone(),
            ..*self
        }
    }
}

impl Service {
    pub(crate) fn new(limit: usize, workers: usize) -> Self {
        let config = OverloadConfig {
            max_queue_wait: Duration::from_secs(3600),
            overloaded_after: Duration::from_secs(3600),
            initial_limit: limit,
            min_limit: 1,
            ..OverloadConfig::default()
        };
        let clock = Clock::manual();
        let service = Self {
            admission: Admission::with_clock(config, 1, workers, clock.clone()),
            now: clock.now(),
            clock,
            workers,
        };
        service.admitted().finish(service.now + TAKES);
        service
    }

    pub(crate) fn arrive(&self, call: &Arrival) -> Decision {
        self.admission.arrive(self.now, call)
    }

    /// Of a call that there is room for.
    pub(crate) fn admitted(&self) -> Permit {
        admitted(self.arrive(&call()))
    }

    /// Of a call that there is no room for.
    pub(crate) fn queued(&self, call: &Arrival) -> Waiting {
        let Decision::Queued(waiting) = self.arrive(call) else {
            panic!("not queued");
        };
        waiting
    }

    /// A call for which there is no time to wait.
    pub(crate) fn hurried(&self) -> Arrival {
        Arrival {
            deadline: Some(self.now + TAKES / 2),
            ..call()
        }
    }

    /// Everybody has left: nothing is kept of them, and as many get in as ever.
    pub(crate) fn is_as_new(&self) {
        self.clock.advance(TAKES);
        let snapshot = self.admission.snapshot();
        let standing = snapshot.queue_standing_for;
        assert_eq!(standing, Duration::ZERO, "nobody is queued");
        assert_eq!((snapshot.under_way, snapshot.queued), (0, 0));
        let permits: Vec<_> = (0..self.workers.min(snapshot.limit))
            .map(|_| admitted(self.arrive(&holding())))
            .collect();
        drop(permits);
        let permits: Vec<_> = (0..snapshot.limit).map(|_| self.admitted()).collect();
        drop(permits);
    }
}

pub(crate) fn call() -> Arrival {
    Arrival::of(0)
}

/// A call that holds a worker.
pub(crate) fn holding() -> Arrival {
    Arrival {
        holds_worker: TAKES,
        ..call()
    }
}

pub(crate) fn sheddable() -> Arrival {
    Arrival {
        level: Level::new(Criticality::Sheddable, 0, false),
        ..call()
    }
}

#[track_caller]
pub(crate) fn admitted(decision: Decision) -> Permit {
    let Decision::Admitted(permit) = decision else {
        panic!("not admitted");
    };
    permit
}

/// The permit of a call that is in by now, or what it waits with. None is refused.
#[track_caller]
pub(crate) fn settled(decision: Decision) -> Result<Permit, Waiting> {
    match decision {
        Decision::Admitted(permit) => Ok(permit),
        Decision::Queued(mut waiting) => {
            let mut cx = Context::from_waker(Waker::noop());
            match Pin::new(&mut waiting).poll(&mut cx) {
                Poll::Ready(told) => Ok(told.expect("refused")),
                Poll::Pending => Err(waiting),
            }
        }
        Decision::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

/// The permit of a call that there is room for by now, and so has to be in.
#[track_caller]
pub(crate) fn is_in(decision: Decision) -> Permit {
    let Ok(permit) = settled(decision) else {
        panic!("there is room, and the call waits");
    };
    permit
}
