//! Every way in which a life can go, on a paused clock: each step done, failed or hanging, with a
//! first and a second signal at every moment at which it makes a difference, and thousands of lives
//! with times of no particular kind.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{End, Process, State, live};

/// When a step ends, in milliseconds after it began; `None` hangs.
type Takes = Option<u64>;

/// A life before it is lived.
#[derive(Clone, Copy, Debug)]
struct Plan {
    start: Takes,
    start_fails: bool,
    /// When the server ends by itself.
    serve: Takes,
    lame_duck: u64,
    drain: Takes,
    cut: usize,
    flush: Takes,
    /// When the signals come, in milliseconds after the start.
    signals: [Option<u64>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Start,
    Serve,
    LameDuck,
    Drain,
    Flush,
}

/// A life as it was lived: when each step began, and when and how it ended.
struct Lived {
    began: Vec<(Step, u64)>,
    /// `None` for a life that goes on.
    end: Option<(End<&'static str>, u64)>,
}

struct Actor {
    plan: Plan,
    born: Instant,
    began: Vec<(Step, u64)>,
}

impl Actor {
    async fn take(&mut self, step: Step, takes: Takes) {
        self.began.push((step, millis(self.born)));
        match takes {
            Some(takes) => sleep(Duration::from_millis(takes)).await,
            None => std::future::pending().await,
        }
    }
}

impl Process for Actor {
    type Error = &'static str;

    async fn start(&mut self) -> Result<(), &'static str> {
        self.take(Step::Start, self.plan.start).await;
        match self.plan.start_fails {
            true => Err("start"),
            false => Ok(()),
        }
    }

    async fn serve(&mut self) -> &'static str {
        self.take(Step::Serve, self.plan.serve).await;
        "serve"
    }

    async fn lame_duck(&mut self) {
        self.take(Step::LameDuck, Some(self.plan.lame_duck)).await;
    }

    async fn drain(&mut self) -> usize {
        self.take(Step::Drain, self.plan.drain).await;
        self.plan.cut
    }

    async fn flush(&mut self) {
        self.take(Step::Flush, self.plan.flush).await;
    }
}

fn millis(since: Instant) -> u64 {
    since.elapsed().as_millis() as u64
}

/// Longer than any plan goes on.
const FOR_EVER: Duration = Duration::from_secs(24 * 3600);

async fn lived(plan: Plan) -> Lived {
    let born = Instant::now();
    let mut signals = plan.signals.into_iter().flatten();
    let mut next = signals.next();
    let signal = async || match next {
        Some(at) => {
            sleep_until(born + Duration::from_millis(at)).await;
            next = signals.next();
        }
        None => std::future::pending().await,
    };
    let mut actor = Actor {
        plan,
        born,
        began: Vec::new(),
    };
    let end = timeout(FOR_EVER, live(&mut actor, State::Starting, signal)).await;
    Lived {
        began: actor.began,
        end: end.ok().map(|end| (end, millis(born))),
    }
}

/// What S7 and S8 promise of any life.
fn check(plan: Plan, lived: &Lived) -> Result<(), &'static str> {
    let began = |step| {
        let found = lived.began.iter().find(|(begun, _)| *begun == step);
        found.map(|(_, at)| *at)
    };
    let must = |holds: bool, promise| if holds { Ok(()) } else { Err(promise) };
    let ready = began(Step::Serve);
    // The moment of the first signal, if the life was not over, or on its way out, by then.
    let first = plan.signals[0].filter(|at| match (ready, began(Step::Flush)) {
        (_, None) => true,
        (_, Some(flush)) => *at <= flush || began(Step::LameDuck).is_some(),
    });
    let ended_at = lived.end.as_ref().map(|(_, at)| *at);

    must(
        lived.began.windows(2).all(|two| two[0].0 < two[1].0),
        "each step is taken once, and in order",
    )?;
    if let (Some(first), Some(ready)) = (first, ready) {
        must(ready < first, "it is never ready once it was told to stop")?;
    }
    must(
        began(Step::LameDuck).is_none() || first.is_some(),
        "it stops because it is told to",
    )?;
    if let (Some(duck), Some(drain)) = (began(Step::LameDuck), began(Step::Drain)) {
        must(Some(duck) == plan.signals[0], "a signal is obeyed at once")?;
        must(
            drain == duck + plan.lame_duck,
            "calls are served for the whole of the lame duck",
        )?;
    }
    must(
        began(Step::Drain).is_none() || began(Step::LameDuck).is_some(),
        "nobody is sent away before readiness is taken back",
    )?;

    match &lived.end {
        Some((End::Insisted, at)) => {
            must(
                plan.signals[1] == Some(*at),
                "the second signal ends it, at once",
            )?;
        }
        Some((End::Stopped { cut }, _)) => {
            let drained = began(Step::Drain).is_some();
            must(first.is_some(), "only a signal is a clean end")?;
            must(drained == ready.is_some(), "who served drains")?;
            must(
                *cut == if drained { plan.cut } else { 0 },
                "what was cut is told",
            )?;
        }
        Some((End::Failed("start"), _)) => {
            must(
                plan.start_fails && ready.is_none(),
                "a failed start is told",
            )?;
        }
        Some((End::Failed(_), _)) => {
            let by_itself = ready.zip(plan.serve).map(|(ready, takes)| ready + takes);
            must(
                began(Step::Flush) == by_itself,
                "a server that ends by itself is told",
            )?;
        }
        None => {
            let hangs = match lived.began.last() {
                Some((Step::Start, _)) => plan.start.is_none(),
                Some((Step::Serve, _)) => plan.serve.is_none(),
                Some((Step::Drain, _)) => plan.drain.is_none(),
                Some((Step::Flush, _)) => plan.flush.is_none(),
                _ => false,
            };
            must(hangs, "a life goes on only while a step does")?;
            let stopping = began(Step::LameDuck).or(began(Step::Flush));
            let insisted = plan.signals[1].is_some();
            must(
                !(insisted && stopping.is_some()),
                "nothing holds the second signal up",
            )?;
            must(
                plan.signals[0].is_none() || stopping.is_some(),
                "nothing holds the first signal up",
            )?;
        }
    }
    if let (Some(at), Some(flush), false) = (
        ended_at,
        began(Step::Flush),
        matches!(lived.end, Some((End::Insisted, _))),
    ) {
        let whole = plan.flush.map(|takes| flush + takes);
        let cut_short = plan.signals.contains(&Some(at));
        must(
            whole == Some(at) || cut_short,
            "what telemetry has is flushed before the end",
        )?;
    }
    must(
        lived.end.is_none()
            || began(Step::Flush).is_some()
            || matches!(lived.end, Some((End::Insisted, _))),
        "every other end flushes",
    )
}

#[track_caller]
fn judge(plan: Plan, lived: &Lived) {
    if let Err(promise) = check(plan, lived) {
        panic!("{promise}\n{plan:?}\n{lived:?}");
    }
}

impl fmt::Debug for Lived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} -> {:?}", self.began, self.end)
    }
}

/// Each of these is before, between, at and after the moments at which something happens in the
/// plans below.
const MOMENTS: [Option<u64>; 15] = [
    None,
    Some(0),
    Some(5),
    Some(10),
    Some(15),
    Some(20),
    Some(25),
    Some(30),
    Some(35),
    Some(40),
    Some(45),
    Some(50),
    Some(55),
    Some(70),
    Some(1000),
];

#[tokio::test(start_paused = true)]
async fn every_interleaving_keeps_every_promise() {
    let mut lives = 0;
    for start in [Some(0), Some(10), None] {
        for start_fails in [false, true] {
            for serve in [None, Some(0), Some(20)] {
                for drain in [Some(0), Some(10), None] {
                    for flush in [Some(0), Some(10), None] {
                        for first in MOMENTS {
                            for second in MOMENTS {
                                if second.is_some() && second < first.or(second.map(|at| at + 1)) {
                                    continue;
                                }
                                let plan = Plan {
                                    start,
                                    start_fails,
                                    serve,
                                    lame_duck: 10,
                                    drain,
                                    cut: 2,
                                    flush,
                                    signals: [first, second],
                                };
                                judge(plan, &lived(plan).await);
                                lives += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(lives, 162 * 120, "none was left out");
}

/// A small generator with a seed of its own, so that a life that breaks a promise can be lived
/// again: splitmix64, <https://prng.di.unimi.it/splitmix64.c>.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Hangs one time in four.
    fn takes(&mut self) -> Takes {
        (self.below(4) > 0).then(|| self.below(60))
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_lives_with_any_times_keep_every_promise() {
    for seed in 0..10_000 {
        let mut random = Seeded(seed);
        let first = random.takes();
        let second = first.filter(|_| random.below(2) == 0);
        let plan = Plan {
            start: random.takes(),
            start_fails: random.below(4) == 0,
            serve: random.takes().filter(|_| random.below(2) == 0),
            lame_duck: random.below(60),
            drain: random.takes(),
            cut: random.below(3) as usize,
            flush: random.takes(),
            signals: [first, second.map(|at| at + random.below(60))],
        };
        judge(plan, &lived(plan).await);
    }
}
