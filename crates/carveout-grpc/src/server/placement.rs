//! Where calls run: beside the connections, or where they keep no connection waiting.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use carveout_overload::{Permit, Waiting};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use crate::admission::Doorkeeper;
use crate::error::Error;

/// A method that holds its thread for longer than this at a time, on the average and in nanoseconds,
/// is kept away from the connections ...
const HEAVY: u32 = 200_000;
/// ... until it holds it for less than this.
const LIGHT: u32 = 100_000;
/// What one call weighs in that average, as a power of two: 1/32. A thread that the system stops
/// for a few milliseconds does not make a method heavy.
const WEIGHT: u32 = 5;
/// What counts of one call: four in a row make a method heavy.
const LONGEST: u32 = 1_000_000;
/// Of light calls one in so many is timed: the clock costs as much as some handlers.
const TIMED: u32 = 16;

/// How long the methods of a server hold a thread at a time.
#[derive(Clone)]
pub(crate) struct Weights(Arc<[Weight]>);

struct Weight {
    /// How long a call holds its thread in all, on the average and in nanoseconds.
    hold: AtomicU32,
    /// How long at a time, the longest of each call, if that is no more than [`LONGEST`].
    average: AtomicU32,
    kind: AtomicU8,
}

/// What is known of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing: it is kept away from the connections.
    Unknown,
    /// Its calls run beside the connections, where most of what they need is.
    Light,
    /// Its calls hold their thread. They run on the workers, and no more are let in than those can
    /// take up.
    Heavy,
}

impl Weights {
    pub(crate) fn new(methods: usize) -> Self {
        let unknown = || Weight {
            hold: AtomicU32::new(0),
            average: AtomicU32::new(LIGHT),
            kind: AtomicU8::new(Kind::Unknown as u8),
        };
        Self((0..methods).map(|_| unknown()).collect())
    }

    pub(crate) fn kind(&self, method: usize) -> Kind {
        self.0[method].kind()
    }

    /// How long its calls hold a thread; zero if that is no matter.
    pub(crate) fn holds_worker(&self, method: usize) -> Duration {
        match self.kind(method) {
            Kind::Heavy => Duration::from_nanos(self.0[method].hold.load(Relaxed).into()),
            // As short as can be: what is not known keeps nobody out, and comes one by one.
            Kind::Unknown => Duration::from_nanos(1),
            Kind::Light => Duration::ZERO,
        }
    }

    /// A call is over that has held its thread for so long in all.
    fn ended(&self, method: usize, nanos: u32) {
        let hold = &self.0[method].hold;
        let before = hold.load(Relaxed);
        let now = if before == 0 {
            nanos
        } else {
            moved(before, nanos)
        };
        hold.store(now, Relaxed);
    }

    /// A call has held its thread for so long at a time.
    fn held(&self, method: usize, nanos: u32) {
        let weight = &self.0[method];
        let average = moved(weight.average.load(Relaxed), nanos.min(LONGEST));
        weight.average.store(average, Relaxed);
        let is = if average > HEAVY {
            Kind::Heavy
        } else if average < LIGHT {
            Kind::Light
        } else {
            return;
        };
        if is != weight.kind() {
            weight.kind.store(is as u8, Relaxed);
        }
    }
}

fn moved(average: u32, nanos: u32) -> u32 {
    average - (average >> WEIGHT) + (nanos >> WEIGHT)
}

impl Weight {
    fn kind(&self) -> Kind {
        match self.kind.load(Relaxed) {
            kind if kind == Kind::Light as u8 => Kind::Light,
            kind if kind == Kind::Heavy as u8 => Kind::Heavy,
            _ => Kind::Unknown,
        }
    }
}

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
        kind: Kind,
    },
    Queued(Box<Queued>),
}

/// What came of a call that was queued, for the layer that answers.
pub(crate) type Told = Arc<Mutex<Option<Result<Permit, Error>>>>;

pub(crate) struct Queued {
    pub(crate) method: usize,
    pub(crate) kind: Kind,
    pub(crate) waiting: Waiting,
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
    weights: Weights,
}

impl Placement {
    pub(crate) fn new(workers: Option<Handle>, weights: Weights) -> Self {
        Self { workers, weights }
    }

    fn call<F>(&self, method: usize, timed: bool, inner: F) -> Running<F> {
        Running {
            inner,
            workers: self.workers.clone(),
            weights: timed.then(|| self.weights.clone()),
            method,
            total: 0,
            longest: 0,
        }
    }

    fn run<F>(&self, method: usize, kind: Kind, call: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        match &self.workers {
            Some(workers) if kind != Kind::Light => {
                workers.spawn(self.call(method, true, call));
            }
            _ => {
                let calls = CALLS.get().wrapping_add(1);
                CALLS.set(calls);
                let timed = kind != Kind::Light || calls.is_multiple_of(TIMED);
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
            Some(Next::Admitted { method, kind }) => self.run(method, kind, call),
            Some(Next::Queued(queued)) => {
                let placement = self.clone();
                tokio::spawn(async move {
                    let Queued {
                        method,
                        kind,
                        mut waiting,
                        told,
                        doorkeeper,
                    } = *queued;
                    let until = tokio::time::Instant::from_std(waiting.expires());
                    let result = match tokio::time::timeout_at(until, &mut waiting).await {
                        Ok(result) => result,
                        Err(_) => waiting.give_up(Instant::now()),
                    };
                    let result = doorkeeper.waited(result);
                    let refused = result.is_err();
                    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                    if refused {
                        call.await;
                    } else {
                        placement.run(method, kind, call);
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
        weights: Option<Weights>,
        method: usize,
        // How long it has held its thread, in nanoseconds: in all, and the longest time.
        total: u32,
        longest: u32,
    }
}

impl<F: Future<Output = ()>> Future for Running<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let _within = this.workers.as_ref().map(Handle::enter);
        let Some(weights) = this.weights else {
            return this.inner.poll(cx);
        };
        let began = Instant::now();
        let polled = this.inner.poll(cx);
        let nanos = u32::try_from(began.elapsed().as_nanos()).unwrap_or(u32::MAX);
        *this.total = this.total.saturating_add(nanos);
        *this.longest = nanos.max(*this.longest);
        if nanos >= LONGEST {
            // Now, and not when it ends: that may be late.
            weights.held(*this.method, nanos);
        } else if polled.is_ready() && *this.longest < LONGEST {
            weights.held(*this.method, *this.longest);
        }
        if polled.is_ready() {
            weights.ended(*this.method, *this.total);
        }
        polled
    }
}
