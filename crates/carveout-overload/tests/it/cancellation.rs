//! Whatever is dropped, and wherever it waits: no place is lost. A few calls are run in every order
//! in which they can be polled and dropped.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use carveout_overload::{
    Admission, Arrival, Clock, Decision, GuardMode, OverloadConfig, Permit, Refusal, Waiting,
};

const MODES: [GuardMode; 3] = [GuardMode::Off, GuardMode::Dark, GuardMode::Enforce];
/// Longer than a call may be queued, and than the deadline of one that has one.
const LONG: Duration = Duration::from_millis(200);
const DEADLINE: Duration = Duration::from_millis(50);

#[test]
fn no_place_is_lost() {
    for mode in MODES {
        let orders = always(&Case {
            mode,
            ..Case::default()
        });
        assert!(orders > 500, "not all of them: {orders}");
    }
}

#[test]
fn no_worker_is_lost() {
    for mode in MODES {
        always(&Case {
            mode,
            limit: 3,
            calls: [HOLDING; 3],
            ..Case::default()
        });
    }
}

#[test]
fn nothing_is_lost_when_calls_of_both_kinds_wait() {
    for limit in [1, 2] {
        for plain in 0..3 {
            let mut calls = [HOLDING; 3];
            calls[plain] = PLAIN;
            always(&Case {
                limit,
                calls,
                ..Case::default()
            });
        }
    }
}

#[test]
fn nothing_is_lost_when_the_time_is_over() {
    for mode in [GuardMode::Dark, GuardMode::Enforce] {
        for holds_worker in [false, true] {
            let kind = |deadline, looks_at_the_clock_first| Kind {
                holds_worker,
                deadline,
                looks_at_the_clock_first,
            };
            always(&Case {
                mode,
                limit: if holds_worker { 3 } else { 1 },
                calls: [kind(false, false), kind(false, true), kind(true, false)],
                meanwhile: Some(Meanwhile::TimePasses),
                ..Case::default()
            });
        }
    }
}

#[test]
fn nothing_is_lost_when_the_mode_changes() {
    use GuardMode::{Dark, Enforce, Off};
    for (mode, to) in [
        (Off, Enforce),
        (Dark, Enforce),
        (Enforce, Off),
        (Enforce, Dark),
    ] {
        always(&Case {
            mode,
            meanwhile: Some(Meanwhile::ModeChanges(to)),
            ..Case::default()
        });
    }
}

const PLAIN: Kind = Kind {
    holds_worker: false,
    deadline: false,
    looks_at_the_clock_first: false,
};
const HOLDING: Kind = Kind {
    holds_worker: true,
    ..PLAIN
};

#[derive(Clone, Copy, Debug)]
struct Kind {
    holds_worker: bool,
    deadline: bool,
    /// Gives up when its time is over, even if it has been told by then.
    looks_at_the_clock_first: bool,
}

/// What happens once, at any time.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    TimePasses,
    ModeChanges(GuardMode),
}

#[derive(Debug)]
struct Case {
    mode: GuardMode,
    limit: usize,
    workers: usize,
    calls: [Kind; 3],
    meanwhile: Option<Meanwhile>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            mode: GuardMode::Enforce,
            limit: 1,
            workers: 1,
            calls: [PLAIN; 3],
            meanwhile: None,
        }
    }
}

/// Runs a case in all orders, and says how many there are.
fn always(case: &Case) -> usize {
    let mut choices = Choices::default();
    let mut orders = 0;
    loop {
        case.run(&mut choices);
        orders += 1;
        if !choices.next() {
            return orders;
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Poll(usize),
    Drop(usize),
    Meanwhile(Meanwhile),
}

impl Case {
    fn run(&self, choices: &mut Choices) {
        let clock = Clock::manual();
        let mut config = OverloadConfig {
            mode: self.mode,
            initial_limit: self.limit,
            min_limit: self.limit,
            ..OverloadConfig::default()
        };
        let admission = Admission::with_clock(config.clone(), 1, self.workers, clock.clone());
        let mut calls: [Option<Call>; 3] = self
            .calls
            .map(|kind| Some(Call::new(admission.clone(), clock.clone(), kind)));
        let mut meanwhile = self.meanwhile;
        let mut steps = Vec::new();
        let is_enforced = self.mode == GuardMode::Enforce
            && !matches!(meanwhile, Some(Meanwhile::ModeChanges(_)));
        loop {
            let mut possible: Vec<Step> = meanwhile.map(Step::Meanwhile).into_iter().collect();
            for (index, call) in calls.iter().enumerate() {
                let Some(call) = call else { continue };
                if call.woken.0.load(Relaxed) {
                    possible.push(Step::Poll(index));
                }
                if !call.begun {
                    // They come in the order of their numbers, or each order would be six.
                    break;
                }
                possible.push(Step::Drop(index));
            }
            if calls.iter().all(Option::is_none) {
                break;
            }
            assert!(
                !possible.is_empty(),
                "a call waits for nobody: {self:?}, {steps:?}"
            );
            let step = possible[choices.choose(possible.len())];
            steps.push(step);
            match step {
                Step::Poll(index) => {
                    if calls[index].as_mut().is_some_and(Call::poll) {
                        calls[index] = None;
                    }
                }
                Step::Drop(index) => calls[index] = None,
                Step::Meanwhile(Meanwhile::TimePasses) => {
                    clock.advance(LONG);
                    meanwhile = None;
                    // By the timers of their own.
                    for call in calls.iter().flatten() {
                        call.woken.0.store(true, Relaxed);
                    }
                }
                Step::Meanwhile(Meanwhile::ModeChanges(to)) => {
                    config.mode = to;
                    admission.configure(&config);
                    meanwhile = None;
                }
            }
            if is_enforced {
                let under_way = admission.snapshot().under_way;
                assert!(under_way <= self.limit, "{under_way}: {self:?}, {steps:?}");
            }
        }
        let snapshot = admission.snapshot();
        assert_eq!(
            (snapshot.under_way, snapshot.queued),
            (0, 0),
            "{self:?}, {steps:?}"
        );
        // As many get in at once as ever.
        config.mode = GuardMode::Enforce;
        admission.configure(&config);
        for (kind, places) in [(HOLDING, self.workers), (PLAIN, self.limit)] {
            let permits: Vec<Permit> = (0..places)
                .map_while(
                    |_| match admission.arrive(clock.now(), &kind.arrival(&clock)) {
                        Decision::Admitted(permit) => Some(permit),
                        Decision::Queued(_) | Decision::Refused(_) => None,
                    },
                )
                .collect();
            assert_eq!(permits.len(), places, "{kind:?}: {self:?}, {steps:?}");
        }
    }
}

impl Kind {
    fn arrival(self, clock: &Clock) -> Arrival {
        Arrival {
            deadline: self.deadline.then(|| clock.now() + DEADLINE),
            holds_worker: Duration::from_millis(u64::from(self.holds_worker)),
            ..Arrival::of(0)
        }
    }
}

/// A call as a server has it, and whether it wants to be polled.
struct Call {
    future: Pin<Box<dyn Future<Output = ()>>>,
    woken: Arc<Woken>,
    begun: bool,
}

impl Call {
    fn new(admission: Admission, clock: Clock, kind: Kind) -> Self {
        let future = async move {
            let decision = admission.arrive(clock.now(), &kind.arrival(&clock));
            let mut permit = match decision {
                Decision::Admitted(permit) => permit,
                Decision::Queued(waiting) => match turn(waiting, &clock, kind).await {
                    Ok(permit) => permit,
                    Err(_) => return,
                },
                Decision::Refused(_) => return,
            };
            // On its way to a worker.
            pause().await;
            permit.begin();
            // At work.
            pause().await;
            permit.finish(clock.now());
        };
        Self {
            future: Box::pin(future),
            woken: Arc::new(Woken(AtomicBool::new(true))),
            begun: false,
        }
    }

    /// Whether it is done.
    fn poll(&mut self) -> bool {
        self.begun = true;
        self.woken.0.store(false, Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut cx = Context::from_waker(&waker);
        self.future.as_mut().poll(&mut cx).is_ready()
    }
}

/// Waits for a call's turn, and no longer than makes sense.
async fn turn(mut waiting: Waiting, clock: &Clock, kind: Kind) -> Result<Permit, Refusal> {
    let told = poll_fn(|cx| {
        let late = clock.now() >= waiting.expires();
        if late && kind.looks_at_the_clock_first {
            return Poll::Ready(None);
        }
        match pin!(&mut waiting).poll(cx) {
            Poll::Ready(told) => Poll::Ready(Some(told)),
            Poll::Pending if late => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    });
    match told.await {
        Some(told) => told,
        None => waiting.give_up(clock.now()),
    }
}

async fn pause() {
    let mut paused = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

/// What was chosen, of how many: the next run takes the next of what was chosen last, until there
/// is none.
#[derive(Default)]
struct Choices {
    chosen: Vec<(usize, usize)>,
    made: usize,
}

impl Choices {
    fn choose(&mut self, of: usize) -> usize {
        if self.made == self.chosen.len() {
            self.chosen.push((0, of));
        }
        let (choice, among) = self.chosen[self.made];
        assert_eq!(among, of, "the same choices lead to the same place");
        self.made += 1;
        choice
    }

    /// Whether there is another run.
    fn next(&mut self) -> bool {
        self.made = 0;
        while let Some((choice, of)) = self.chosen.pop() {
            if choice + 1 < of {
                self.chosen.push((choice + 1, of));
                return true;
            }
        }
        false
    }
}
