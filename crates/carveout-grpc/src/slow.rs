//! The slowest calls of the last minutes, each with where its time went: metrics say that something
//! is slow, and this says what.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use carveout_telemetry::TraceId;
use tokio::time::Instant;

use crate::ongoing::{Entered, Ongoing};

/// How many calls are kept, and for how long at most.
const KEPT: usize = 32;
const WINDOW: Duration = Duration::from_secs(10 * 60);

/// One of the slowest calls.
#[derive(Clone, Debug)]
pub struct SlowCall {
    /// Its full name, or `_OTHER` for a method that is not served.
    pub method: String,
    /// How it ended, `OK` say.
    pub code: &'static str,
    /// When it arrived.
    pub begun: SystemTime,
    /// From its arrival to the end of its answer; of a stream to its head, because how long a
    /// stream is open says nothing.
    pub took: Duration,
    /// To look it up by.
    pub trace_id: Option<TraceId>,
    /// Where the time went, in the order in which the stages ended. Stages may overlap.
    pub stages: Vec<Stage>,
}

/// A part of a call.
#[derive(Clone, Debug)]
pub struct Stage {
    /// `queue`, until a worker was free for the call; `handler`, until there is the head of an
    /// answer; `answer`, until its end; else the full name of the method that the handler called.
    pub name: String,
    /// How long after the call's arrival it began.
    pub after: Duration,
    /// How long it took.
    pub took: Duration,
    /// How a call to another service ended.
    pub code: Option<&'static str>,
}

/// A handle to the slowest calls; clones share them.
#[derive(Clone, Debug)]
pub struct SlowCalls(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    calls: Mutex<Vec<(Instant, SlowCall)>>,
    started: Instant,
    /// A call that took less than this, in nanoseconds, is none of the slowest ...
    floor: AtomicU64,
    /// ... until then, in milliseconds since the start, when the first of them grows old.
    floor_until: AtomicU64,
}

impl Default for SlowCalls {
    fn default() -> Self {
        Self(Arc::new(Kept {
            calls: Mutex::default(),
            started: Instant::now(),
            floor: AtomicU64::new(0),
            floor_until: AtomicU64::new(0),
        }))
    }
}

impl SlowCalls {
    /// The slowest first.
    pub fn list(&self) -> Vec<SlowCall> {
        let mut calls = self.lock();
        expire(&mut calls, Instant::now());
        calls.iter().map(|(_, call)| call.clone()).collect()
    }

    /// Whether a call that ended now would be kept: two loads for nearly all.
    fn wants(&self, took: Duration, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.0.started).as_millis() as u64;
        took.as_nanos() as u64 > self.0.floor.load(Ordering::Relaxed)
            || passed >= self.0.floor_until.load(Ordering::Relaxed)
    }

    fn keep(&self, call: SlowCall, now: Instant) {
        let mut calls = self.lock();
        expire(&mut calls, now);
        let place = calls.partition_point(|(_, other)| other.took >= call.took);
        calls.insert(place, (now, call));
        calls.truncate(KEPT);
        let full = calls.len() == KEPT;
        let floor = calls
            .last()
            .filter(|_| full)
            .map_or(0, |(_, last)| last.took.as_nanos());
        self.0.floor.store(floor as u64, Ordering::Relaxed);
        let oldest = calls.iter().map(|(ended, _)| *ended).min().unwrap_or(now);
        let until = (oldest + WINDOW).saturating_duration_since(self.0.started);
        self.0
            .floor_until
            .store(until.as_millis() as u64, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Instant, SlowCall)>> {
        self.0.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn expire(calls: &mut Vec<(Instant, SlowCall)>, now: Instant) {
    calls.retain(|(ended, _)| now.saturating_duration_since(*ended) < WINDOW);
}

/// A call that is being answered.
pub(crate) struct Answering {
    calls: SlowCalls,
    call: Arc<Ongoing>,
    taken_up: Option<Instant>,
    answered: Option<Instant>,
    streams: bool,
}

impl Answering {
    pub(crate) fn begin(calls: &SlowCalls, call: Arc<Ongoing>, streams: bool) -> Self {
        Self {
            calls: calls.clone(),
            call,
            taken_up: None,
            answered: None,
            streams,
        }
    }

    /// Whatever this thread does belongs to this call until the guard is dropped.
    pub(crate) fn enter(&self) -> Entered {
        self.call.enter()
    }

    /// A worker has come to it. Of all times only the first counts.
    pub(crate) fn taken_up(&mut self) {
        self.taken_up.get_or_insert_with(Instant::now);
    }

    /// There is the head of an answer.
    pub(crate) fn answered(&mut self) {
        self.answered = Some(Instant::now());
    }

    /// Whether the handler still runs after that.
    pub(crate) fn streams(&self) -> bool {
        self.streams
    }

    pub(crate) fn end(
        self,
        now: Instant,
        method: &str,
        code: &'static str,
        trace_id: Option<TraceId>,
    ) {
        let begun = self.call.begun;
        let end = self.answered.filter(|_| self.streams).unwrap_or(now);
        let took = end.saturating_duration_since(begun);
        if !self.calls.wants(took, now) {
            return;
        }
        let stage = |name: &str, from: Instant, to: Instant| Stage {
            name: name.to_owned(),
            after: from.saturating_duration_since(begun),
            took: to.saturating_duration_since(from),
            code: None,
        };
        let mut stages = vec![stage("queue", begun, self.taken_up.unwrap_or(now))];
        stages.extend(self.call.stages());
        if let Some(taken_up) = self.taken_up {
            stages.push(stage("handler", taken_up, self.answered.unwrap_or(now)));
        }
        stages.extend(self.answered.map(|answered| stage("answer", answered, now)));
        let call = SlowCall {
            method: method.to_owned(),
            code,
            begun: SystemTime::now() - now.saturating_duration_since(begun),
            took,
            trace_id,
            stages,
        };
        self.calls.keep(call, now);
    }
}

/// A call to another service, made while one is answered.
pub(crate) struct Asking {
    call: Arc<Ongoing>,
    begun: Instant,
}

impl Asking {
    /// `None` outside of a handler, or in a task that it has spawned.
    pub(crate) fn begin(now: Instant) -> Option<Self> {
        let call = Ongoing::current()?;
        Some(Self { call, begun: now })
    }

    pub(crate) fn end(self, now: Instant, method: &str, code: &'static str) {
        self.call.done(method, self.begun, now, code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(millis: u64) -> SlowCall {
        SlowCall {
            method: "m".into(),
            code: "OK",
            begun: SystemTime::UNIX_EPOCH,
            took: Duration::from_millis(millis),
            trace_id: None,
            stages: Vec::new(),
        }
    }

    #[test]
    fn the_slowest_are_kept_until_they_are_old() {
        let calls = SlowCalls::default();
        let now = Instant::now();
        for millis in 1..=100 {
            calls.keep(call(millis), now);
        }
        let took: Vec<_> = calls
            .list()
            .iter()
            .map(|call| call.took.as_millis())
            .collect();
        let expected: Vec<_> = (69..=100).rev().collect();
        assert_eq!(took, expected);
        assert!(!calls.wants(Duration::from_millis(69), now));
        assert!(calls.wants(Duration::from_millis(70), now));

        // Once they have grown old, a quick one is the slowest there is.
        let later = now + WINDOW + Duration::from_millis(1);
        assert!(calls.wants(Duration::from_nanos(1), later));
        calls.keep(call(1), later);
        assert_eq!(calls.lock().len(), 1);
    }
}
