//! Where calls run: beside the connections, or where they keep no connection waiting.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use carveout_overload::{Held, Holds, Permit, Waiting};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use crate::admission::Doorkeeper;
use crate::error::Error;
use crate::signal::Signal;

/// Of light calls one in so many is timed: the clock costs as much as some handlers.
const TIMED: u32 = 16;

thread_local! {
    /// Where the call goes for which hyper asks next: it asks the service and then the executor, with
    /// nothing in between.
    static NEXT: Cell<Option<Next>> = const { Cell::new(None) };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

/// How the next call is to be run.
pub(crate) enum Next {
    /// Its answer is there already.
    Answered,
    Admitted {
        method: usize,
        holds_worker: bool,
    },
    Queued(Box<Queued>),
}

/// What came of a call that was queued, for the layer that answers.
pub(crate) type Told = Arc<Mutex<Option<Result<Permit, Error>>>>;

pub(crate) struct Queued {
    pub(crate) since: tokio::time::Instant,
    pub(crate) method: usize,
    pub(crate) holds_worker: bool,
    pub(crate) waiting: Waiting,
    /// The connection that it came on.
    pub(crate) gone: Signal<()>,
    pub(crate) told: Told,
    pub(crate) doorkeeper: Doorkeeper,
}

pub(crate) fn set_next(next: Next) {
    NEXT.set(Some(next));
}

/// Runs what hyper has for each call.
#[derive(Clone)]
pub(crate) struct Placement {
    /// Where handlers belong; none if they share the only thread that there is.
    workers: Option<Handle>,
    holds: Arc<Holds>,
}

impl Placement {
    pub(crate) fn new(workers: Option<Handle>, holds: Arc<Holds>) -> Self {
        Self { workers, holds }
    }

    fn call<F>(&self, method: usize, timed: bool, inner: F) -> Running<F> {
        Running {
            inner,
            workers: self.workers.clone(),
            holds: timed.then(|| self.holds.clone()),
            method,
            held: Held::default(),
        }
    }

    fn run<F>(&self, method: usize, holds_worker: bool, call: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match &self.workers {
            Some(workers) if holds_worker => {
                workers.spawn(self.call(method, true, call));
            }
            _ => {
                let calls = CALLS.get().wrapping_add(1);
                CALLS.set(calls);
                let timed = holds_worker || calls.is_multiple_of(TIMED);
                tokio::spawn(self.call(method, timed, call));
            }
        }
    }
}

impl<F> hyper::rt::Executor<F> for Placement
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, call: F) {
        match NEXT.take() {
            None => {
                tokio::spawn(call);
            }
            Some(Next::Answered) => {
                let mut call = Box::pin(call);
                // To make a task of it would cost more than to do it.
                let mut cx = Context::from_waker(Waker::noop());
                if call.as_mut().poll(&mut cx).is_pending() {
                    tokio::spawn(call);
                }
            }
            Some(Next::Admitted {
                method,
                holds_worker,
            }) => self.run(method, holds_worker, call),
            Some(Next::Queued(queued)) => {
                let placement = self.clone();
                tokio::spawn(async move {
                    let Queued {
                        since,
                        method,
                        holds_worker,
                        mut waiting,
                        gone,
                        told,
                        doorkeeper,
                    } = *queued;
                    let until = tokio::time::Instant::from_std(waiting.expires());
                    let turn = tokio::select! {
                        turn = tokio::time::timeout_at(until, &mut waiting) => turn,
                        // The caller has left with its connection.
                        () = gone.wait_for(|()| true) => return,
                    };
                    let result = turn.unwrap_or_else(|_| waiting.give_up(Instant::now()));
                    let result = doorkeeper.waited(since.elapsed(), result);
                    let refused = result.is_err();
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                    if refused {
                        call.await;
                    } else {
                        placement.run(method, holds_worker, call);
                    }
                });
            }
        }
    }
}

pin_project! {
    /// A call that is run: within the workers' runtime, wherever it is, so that what its handler
    /// spawns is run there and not beside the connections.
    struct Running<F> {
        #[pin]
        inner: F,
        workers: Option<Handle>,
        holds: Option<Arc<Holds>>,
        method: usize,
        held: Held,
    }
}

impl<F: Future<Output = ()>> Future for Running<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let _within = this.workers.as_ref().map(Handle::enter);
        let Some(holds) = this.holds else {
            return this.inner.poll(cx);
        };
        let began = Instant::now();
        let polled = this.inner.poll(cx);
        this.held
            .polled(holds, *this.method, began.elapsed(), polled.is_ready());
        polled
    }
}
