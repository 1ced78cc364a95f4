use std::collections::{BinaryHeap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use carveout_overload::{
    Admission, Arrival, Clock, Criticality, Decision, Level, OverloadConfig, Permit, Snapshot,
    Waiting,
};

/// Callers give up then.
const DEADLINE: Duration = Duration::from_millis(200);

/// A server, and who calls it.
pub(crate) struct Model {
    /// Calls that it works on at once: workers that are held, or places of a pool.
    pub(crate) places: usize,
    /// Whether a call holds its worker, and so is known to.
    pub(crate) holds_worker: bool,
    /// How long a call takes at a time of the simulation.
    pub(crate) takes: fn(Duration, &mut Random) -> Duration,
    /// Calls a second at a time of the simulation.
    pub(crate) load: fn(Duration) -> f64,
    /// The share of calls that are CRITICAL; the rest is SHEDDABLE.
    pub(crate) critical: f64,
    pub(crate) lasts: Duration,
    /// What arrives before is not counted.
    pub(crate) warm_up: Duration,
}

impl Default for Model {
    fn default() -> Self {
        Self {
            places: 2,
            holds_worker: true,
            takes: |_, _| Duration::from_millis(5),
            load: |_| 400.0,
            critical: 1.0,
            lasts: Duration::from_secs(4),
            warm_up: Duration::from_secs(1),
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) offered: u32,
    /// Answered by their deadline.
    pub(crate) good: u32,
    pub(crate) refused: u32,
    pub(crate) critical_offered: u32,
    pub(crate) critical_good: u32,
    /// The limit at the end of each second.
    pub(crate) limits: Vec<usize>,
    pub(crate) end: Option<Snapshot>,
}

impl Outcome {
    pub(crate) fn good_share(&self) -> f64 {
        f64::from(self.good) / f64::from(self.offered)
    }
}

struct Call {
    arrived: Instant,
    critical: bool,
    permit: Option<Permit>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ends(usize),
    Arrives,
}

impl Model {
    pub(crate) fn run(&self, seed: u64) -> Outcome {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let clock = Clock::manual();
        let begin = clock.now();
        let config = OverloadConfig::default();
        let admission = Admission::with_clock(config, 1, self.places, clock.clone());
        let mut outcome = Outcome::default();
        let mut calls: Vec<Call> = Vec::new();
        let mut waiting: Vec<(usize, Waiting)> = Vec::new();
        let mut line: VecDeque<usize> = VecDeque::new();
        let mut busy = 0;
        let mut events: BinaryHeap<std::cmp::Reverse<(Instant, Event)>> = BinaryHeap::new();
        events.push(std::cmp::Reverse((begin, Event::Arrives)));

        while let Some(std::cmp::Reverse((at, event))) = events.pop() {
            clock.advance(at.saturating_duration_since(clock.now()));
            let since = at.saturating_duration_since(begin);
            let counts = |call: &Call| call.arrived >= begin + self.warm_up;
            match event {
                Event::Arrives => {
                    if since >= self.lasts {
                        continue;
                    }
                    let seconds = (since.as_secs_f64() as usize).max(outcome.limits.len());
                    if seconds > outcome.limits.len() {
                        outcome.limits.push(admission.snapshot().limit);
                    }
                    let gap = -random.share().max(1e-12).ln() / (self.load)(since);
                    let next = at + Duration::from_secs_f64(gap);
                    events.push(std::cmp::Reverse((next, Event::Arrives)));

                    let critical = random.share() < self.critical;
                    let criticality = if critical {
                        Criticality::Critical
                    } else {
                        Criticality::Sheddable
                    };
                    let holds = if self.holds_worker {
                        Duration::from_millis(5)
                    } else {
                        Duration::ZERO
                    };
                    let arrival = Arrival {
                        level: Level::new(criticality, random.next(), false),
                        deadline: Some(at + DEADLINE),
                        holds_worker: holds,
                        ..Arrival::of(0)
                    };
                    let mut call = Call {
                        arrived: at,
                        critical,
                        permit: None,
                    };
                    if counts(&call) {
                        outcome.offered += 1;
                        outcome.critical_offered += u32::from(critical);
                    }
                    match admission.arrive(at, &arrival) {
                        Decision::Admitted(permit) => {
                            call.permit = Some(permit);
                            line.push_back(calls.len());
                        }
                        Decision::Queued(wait) => waiting.push((calls.len(), wait)),
                        Decision::Refused(_) => outcome.refused += u32::from(counts(&call)),
                    }
                    calls.push(call);
                }
                Event::Ends(index) => {
                    busy -= 1;
                    let call = &mut calls[index];
                    call.permit.take().expect("under way").finish(at);
                    if counts(call) && at <= call.arrived + DEADLINE {
                        outcome.good += 1;
                        outcome.critical_good += u32::from(call.critical);
                    }
                }
            }
            // Whose turn is it, who gives up, and who begins: until nothing moves any more.
            loop {
                let mut moved = false;
                waiting = std::mem::take(&mut waiting)
                    .into_iter()
                    .filter_map(|(index, mut wait)| {
                        let mut cx = Context::from_waker(Waker::noop());
                        let told = match Pin::new(&mut wait).poll(&mut cx) {
                            Poll::Ready(told) => told,
                            Poll::Pending if at >= wait.expires() => wait.give_up(at),
                            Poll::Pending => return Some((index, wait)),
                        };
                        moved = true;
                        match told {
                            Ok(permit) => {
                                calls[index].permit = Some(permit);
                                line.push_back(index);
                            }
                            Err(_) => outcome.refused += u32::from(counts(&calls[index])),
                        }
                        None
                    })
                    .collect();
                while busy < self.places
                    && let Some(index) = line.pop_front()
                {
                    moved = true;
                    busy += 1;
                    if let Some(permit) = &mut calls[index].permit {
                        permit.begin();
                    }
                    let end = at + (self.takes)(since, &mut random);
                    events.push(std::cmp::Reverse((end, Event::Ends(index))));
                }
                if !moved {
                    break;
                }
            }
        }
        outcome.end = Some(admission.snapshot());
        outcome
    }
}

/// xorshift64*.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 to below 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}
