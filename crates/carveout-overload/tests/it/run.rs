use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use carveout_overload::{
    Admission, Arrival, Clock, Criticality, Decision, Level, OverloadConfig, Permit, Refusal,
    Waiting,
};

use crate::model::{Callers, Model, Outcome, Random, Wait};

/// Between two parts of a request that comes in parts.
const PART: Duration = Duration::from_millis(100);
/// How often a client tries again.
const RETRIES: u32 = 3;

/// A model at work.
pub(crate) struct Run<'a> {
    model: &'a Model,
    random: Random,
    clock: Clock,
    begin: Instant,
    admission: Admission,
    events: BinaryHeap<Reverse<(Instant, Event)>>,
    calls: Vec<Option<Call>>,
    /// Places in `calls` that are empty.
    free: Vec<usize>,
    waiting: Vec<(usize, Waiting)>,
    /// Calls that are let in and not begun.
    line: VecDeque<usize>,
    busy: usize,
    outcome: Outcome,
}

struct Call {
    due: Instant,
    critical: bool,
    /// Who calls, and for how many times again.
    client: Option<(usize, u32)>,
    permit: Option<Permit>,
    /// One of those that wait for something else.
    is_other: bool,
    /// Of its request, that have not come.
    parts: u32,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A call that is worked on.
    Ends(usize),
    /// A call that waits has waited for too long.
    Expires,
    /// One of the calls that nobody's answer is waited for with.
    Arrives,
    /// A client's call, for how many times again.
    Calls(usize, u32),
    /// One that waits for something else, by its number.
    OtherArrives(usize),
    /// A part of its request, or its deadline.
    OtherGoesOn(usize),
}

impl<'a> Run<'a> {
    pub(crate) fn new(model: &'a Model, seed: u64) -> Self {
        let clock = Clock::manual();
        let begin = clock.now();
        let config = OverloadConfig::default();
        let mut outcome = Outcome::default();
        let mut events = BinaryHeap::new();
        match model.callers {
            Callers::Open(_) => events.push(Reverse((begin, Event::Arrives))),
            Callers::Clients(clients, _) => {
                outcome.good_of = vec![0; clients];
                events.extend((0..clients).map(|client| Reverse((begin, Event::Calls(client, 0)))));
            }
        }
        let mut methods = model.methods;
        if let Some(others) = &model.others {
            methods += others.methods;
            let calls = (0..=others.crowd).map(Event::OtherArrives);
            events.extend(calls.map(|call| Reverse((begin + others.at, call))));
        }
        Self {
            model,
            random: Random::new(seed),
            admission: Admission::with_clock(config, methods, model.workers, clock.clone()),
            clock,
            begin,
            events,
            calls: Vec::new(),
            free: Vec::new(),
            waiting: Vec::new(),
            line: VecDeque::new(),
            busy: 0,
            outcome,
        }
    }

    pub(crate) fn finish(mut self) -> Outcome {
        while let Some(Reverse((due, event))) = self.events.pop() {
            let at = self.awake(due).max(self.clock.now());
            self.clock
                .advance(at.saturating_duration_since(self.clock.now()));
            while self.outcome.limits.len() < (at - self.begin).as_secs() as usize {
                let limit = self.admission.snapshot().limit;
                self.outcome.limits.push(limit);
            }
            match event {
                Event::Arrives => self.next_arrives(due, at),
                Event::Calls(client, retries) => {
                    if at < self.begin + self.model.lasts {
                        self.arrives(due, at, Some((client, retries)));
                    }
                }
                Event::Ends(call) => self.ends(call, at),
                Event::Expires => {}
                Event::OtherArrives(nth) => self.other_arrives(nth, due, at),
                Event::OtherGoesOn(call) => self.other_goes_on(call, at),
            }
            self.settle(at);
        }
        self.outcome.end = Some(self.admission.snapshot());
        self.outcome
    }

    /// When something happens that is due in a pause.
    fn awake(&self, due: Instant) -> Instant {
        let Some((every, lasts)) = self.model.pauses else {
            return due;
        };
        let since = due - self.begin;
        let into = Duration::from_nanos((since.as_nanos() % every.as_nanos()) as u64);
        // The first one comes after `every`.
        if since > every && into < lasts {
            due + (lasts - into)
        } else {
            due
        }
    }

    fn next_arrives(&mut self, due: Instant, at: Instant) {
        let Callers::Open(load) = self.model.callers else {
            return;
        };
        let since = due - self.begin;
        if since < self.model.lasts {
            let gap = Duration::from_secs_f64(1.0 / load(since));
            let next = due + self.random.around(gap);
            self.events.push(Reverse((next, Event::Arrives)));
            self.arrives(due, at, None);
        }
    }

    fn other_arrives(&mut self, nth: usize, due: Instant, at: Instant) {
        let Some(others) = self.model.others else {
            return;
        };
        if nth >= others.crowd {
            if others.rate == 0.0 {
                return;
            }
            let gap = Duration::from_secs_f64(1.0 / others.rate);
            let next = due + self.random.around(gap);
            if next >= self.begin + self.model.lasts {
                return;
            }
            self.events
                .push(Reverse((next, Event::OtherArrives(nth + 1))));
        }
        let arrival = Arrival {
            level: Level::new(Criticality::Critical, self.random.next(), false),
            deadline: Some(due + others.deadline),
            ..Arrival::of(
                nth.checked_rem(others.methods)
                    .map_or(0, |method| self.model.methods + method),
            )
        };
        let call = Call {
            due,
            critical: true,
            client: None,
            permit: None,
            is_other: true,
            parts: match others.wait {
                Wait::Request(parts) => parts,
                Wait::Dependency(_) => 0,
            },
        };
        self.asks(call, &arrival, at);
    }

    /// A background call is admitted.
    fn other_begins(&mut self, index: usize, at: Instant) {
        let Some(others) = self.model.others else {
            return;
        };
        let call = self.calls[index].as_mut().expect("an admitted call");
        let permit = call
            .permit
            .as_mut()
            .expect("a permit of a call that is let in");
        permit.begin();
        let gives_up = call.due + others.deadline;
        let next = match others.wait {
            Wait::Dependency(takes) => at + takes(at - self.begin),
            Wait::Request(_) => {
                permit.pause(at);
                at + PART
            }
        };
        self.events
            .push(Reverse((next.min(gives_up), Event::OtherGoesOn(index))));
    }

    fn other_goes_on(&mut self, index: usize, at: Instant) {
        let Some(others) = self.model.others else {
            return;
        };
        let call = self.calls[index]
            .as_mut()
            .expect("a call that is under way");
        if at < call.due + others.deadline && call.parts > 0 {
            let permit = call.permit.as_mut().expect("a permit of a call under way");
            // Each part but the last is taken up and no more.
            call.parts -= 1;
            if call.parts > 0 {
                permit.resume(at, true).expect("it is begun");
                permit.pause(at);
                let next = (at + PART).min(call.due + others.deadline);
                self.events.push(Reverse((next, Event::OtherGoesOn(index))));
                return;
            }
            if permit.resume(at, false).is_err() {
                self.take(index);
                return;
            }
        }
        let call = self.take(index);
        let permit = call.permit.expect("a permit of a call under way");
        if at < call.due + others.deadline {
            permit.finish(at);
        }
    }

    fn arrives(&mut self, due: Instant, at: Instant, client: Option<(usize, u32)>) {
        let critical = self.random.share() < self.model.critical;
        let criticality = if critical {
            Criticality::Critical
        } else {
            Criticality::Sheddable
        };
        let holds_worker = if self.model.holds_worker {
            Duration::from_millis(5)
        } else {
            Duration::ZERO
        };
        let is_retry = client.is_some_and(|(_, retries)| retries > 0);
        let arrival = Arrival {
            level: Level::new(criticality, self.random.next(), is_retry),
            deadline: Some(due + self.model.deadline),
            holds_worker,
            ..Arrival::of(self.random.next() as usize % self.model.methods)
        };
        let call = Call {
            due,
            critical,
            client,
            permit: None,
            is_other: false,
            parts: 0,
        };
        if self.counts(&call) {
            self.outcome.offered += 1;
            self.outcome.critical_offered += u32::from(critical);
        }
        self.asks(call, &arrival, at);
    }

    fn asks(&mut self, call: Call, arrival: &Arrival, at: Instant) {
        let decision = self.admission.arrive(at, arrival);
        let index = self.free.pop().unwrap_or(self.calls.len());
        if index == self.calls.len() {
            self.calls.push(None);
        }
        self.calls[index] = Some(call);
        match decision {
            Decision::Admitted(permit) => self.is_let_in(index, permit, at),
            Decision::Queued(waiting) => {
                self.events
                    .push(Reverse((waiting.expires(), Event::Expires)));
                self.waiting.push((index, waiting));
            }
            Decision::Refused(refusal) => self.is_refused(index, refusal, at),
        }
    }

    fn is_let_in(&mut self, index: usize, permit: Permit, at: Instant) {
        let call = self.calls[index].as_mut().expect("a call that asked");
        call.permit = Some(permit);
        if call.is_other {
            self.other_begins(index, at);
        } else {
            self.line.push_back(index);
        }
    }

    fn is_refused(&mut self, index: usize, refusal: Refusal, at: Instant) {
        let call = self.take(index);
        if self.counts(&call) {
            self.outcome.refused_after.push(micros(at - call.due));
        }
        // What a server tells its clients: S23 of the standard.
        match (call.client, refusal) {
            (
                Some((client, retries)),
                Refusal::Overloaded {
                    wait,
                    lasting: false,
                },
            ) if retries < RETRIES => {
                let delay = Duration::from_millis(100).max(10 * wait);
                let again = at + delay.mul_f64(0.5 + self.random.share());
                self.events
                    .push(Reverse((again, Event::Calls(client, retries + 1))));
            }
            _ => self.thinks(call.client, at),
        }
    }

    fn thinks(&mut self, client: Option<(usize, u32)>, at: Instant) {
        if let (Some((client, _)), Callers::Clients(_, think)) = (client, self.model.callers) {
            let next = at + self.random.around(think);
            self.events.push(Reverse((next, Event::Calls(client, 0))));
        }
    }

    fn ends(&mut self, index: usize, at: Instant) {
        self.busy -= 1;
        let mut call = self.take(index);
        let permit = call.permit.take().expect("a permit of a call that began");
        let in_time = at <= call.due + self.model.deadline;
        // A call whose deadline has passed is dropped where it awaits something.
        if in_time || self.model.holds_worker {
            permit.finish(at);
        } else {
            drop(permit);
        }
        if in_time && self.counts(&call) {
            self.outcome.good_after.push(micros(at - call.due));
            self.outcome.good_at.push(at - self.begin);
            self.outcome.critical_good += u32::from(call.critical);
            if let Some((client, _)) = call.client {
                self.outcome.good_of[client] += 1;
            }
        }
        self.thinks(call.client, at);
    }

    /// Whose turn it is, who gives up, and who begins: until nothing moves any more.
    fn settle(&mut self, at: Instant) {
        loop {
            let mut moved = false;
            for (index, mut waiting) in std::mem::take(&mut self.waiting) {
                let mut cx = Context::from_waker(Waker::noop());
                let told = match Pin::new(&mut waiting).poll(&mut cx) {
                    Poll::Ready(told) => told,
                    Poll::Pending if at >= waiting.expires() => waiting.give_up(at),
                    Poll::Pending => {
                        self.waiting.push((index, waiting));
                        continue;
                    }
                };
                moved = true;
                match told {
                    Ok(permit) => self.is_let_in(index, permit, at),
                    Err(refusal) => self.is_refused(index, refusal, at),
                }
            }
            while self.busy < self.model.places
                && let Some(index) = self.line.pop_front()
            {
                moved = true;
                self.begins(index, at);
            }
            if !moved {
                break;
            }
        }
    }

    fn begins(&mut self, index: usize, at: Instant) {
        let call = self.calls[index].as_mut().expect("a call in the line");
        let deadline = call.due + self.model.deadline;
        if at > deadline {
            // It is dropped where it waits.
            let call = self.take(index);
            self.thinks(call.client, at);
            return;
        }
        if let Some(permit) = &mut call.permit {
            permit.begin();
        }
        self.busy += 1;
        let takes = (self.model.takes)(at - self.begin, &mut self.random);
        let mut end = at + takes;
        if !self.model.holds_worker {
            end = end.min(deadline + Duration::from_nanos(1));
        }
        self.events.push(Reverse((end, Event::Ends(index))));
    }

    fn take(&mut self, index: usize) -> Call {
        self.free.push(index);
        self.calls[index].take().expect("a call that is under way")
    }

    fn counts(&self, call: &Call) -> bool {
        call.due >= self.begin + self.model.warm_up && !call.is_other
    }
}

fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
