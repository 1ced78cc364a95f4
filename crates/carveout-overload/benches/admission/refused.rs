use std::hint::black_box;
use std::time::{Duration, Instant};

use carveout_overload::{
    Admission, Arrival, Clock, Criticality, Decision, Level, OverloadConfig, Permit, Refusal,
    Waiting,
};
use criterion::Criterion;

use crate::threads::on_one_and_two;

/// What the call takes that is under way.
const TAKES: Duration = Duration::from_secs(1);

/// Calls that are refused, for each reason. The clock stands still, so that the reason stays the same,
/// and is read as often as otherwise.
pub(crate) fn all(criterion: &mut Criterion) {
    let full = Full::new();
    let now = full.clock.now();
    let sheddable = Arrival {
        level: Level::new(Criticality::Sheddable, 0, false),
        ..Arrival::of(0)
    };
    let late = Arrival {
        deadline: Some(now + TAKES / 2),
        level: Level::new(Criticality::CriticalPlus, 0, false),
        ..Arrival::of(0)
    };
    refuse(criterion, "queue full", &full, now, &sheddable);
    refuse(criterion, "doomed", &full, now, &late);
    // A window in which next to all were refused.
    for _ in 0..1000 {
        drop(full.admission.arrive(now, &sheddable));
        drop(full.admission.arrive(now, &Arrival::of(0)));
    }
    let now = now + Duration::from_secs(2);
    drop(full.admission.arrive(now, &sheddable));
    // There may be more places by now.
    let admit = || match full.admission.arrive(now, &Arrival::of(0)) {
        Decision::Admitted(permit) => Some(permit),
        Decision::Queued(_) | Decision::Refused(_) => None,
    };
    let _held: Vec<_> = std::iter::from_fn(admit).collect();
    assert!(full.admission.snapshot().threshold > 0);
    let before = full.admission.snapshot().counts.below_threshold;
    refuse(criterion, "below the threshold", &full, now, &sheddable);
    assert!(full.admission.snapshot().counts.below_threshold > before);
}

fn refuse(criterion: &mut Criterion, why: &str, full: &Full, now: Instant, call: &Arrival) {
    let decision = full.admission.arrive(now, call);
    assert!(matches!(decision, Decision::Refused(_)), "{why}");
    let name = format!("carveout, enforce: refused, {why}");
    on_one_and_two(criterion, &name, &full.admission, |admission| {
        black_box(Instant::now());
        let decision = admission.arrive(now, black_box(call));
        let Decision::Refused(refusal) = decision else {
            panic!("not refused");
        };
        black_box::<Refusal>(refusal);
    });
}

/// A service whose only place is taken, and whose queue has no room for what is sheddable.
struct Full {
    admission: Admission,
    clock: Clock,
    _under_way: Permit,
    _waiting: Waiting,
}

impl Full {
    fn new() -> Self {
        let config = OverloadConfig {
            initial_limit: 1,
            min_limit: 1,
            ..OverloadConfig::default()
        };
        let clock = Clock::manual();
        let admission = Admission::with_clock(config, 1, 1, clock.clone());
        let now = clock.now();
        let Decision::Admitted(permit) = admission.arrive(now, &Arrival::of(0)) else {
            panic!("there was room");
        };
        permit.finish(now + TAKES);
        let Decision::Admitted(under_way) = admission.arrive(now, &Arrival::of(0)) else {
            panic!("there was room");
        };
        let Decision::Queued(waiting) = admission.arrive(now, &Arrival::of(0)) else {
            panic!("there is room in the queue");
        };
        Self {
            admission,
            clock,
            _under_way: under_way,
            _waiting: waiting,
        }
    }
}
