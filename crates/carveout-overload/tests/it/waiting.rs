//! Calls that wait for something that no other needs.

use std::time::Duration;

use carveout_overload::{Admission, Arrival, Clock, Decision, OverloadConfig, Permit};

use crate::model::{Callers, Model, Others, Outcome, Wait};

const SECOND: Duration = Duration::from_secs(1);
const SEEDS: std::ops::RangeInclusive<u64> = 1..=5;

/// Calls of a method that has nothing to do with those that wait, at a few, some and many a second.
const RATES: [fn(Duration) -> f64; 3] = [|_| 10.0, |_| 200.0, |_| 2000.0];

/// Fails if fewer than this share of the calls beside those that wait are answered.
#[track_caller]
fn answered(least: f64, name: &str, rate: fn(Duration) -> f64, others: Others) {
    let model = Model {
        places: 1000,
        holds_worker: false,
        takes: |_, random| random.around(Duration::from_millis(5)),
        callers: Callers::Open(rate),
        others: Some(others),
        lasts: 20 * SECOND,
        warm_up: Duration::ZERO,
        ..Model::default()
    };
    let all = run(&model);
    let name = format!("{name}, {} calls a second", rate(SECOND));
    assert!(all.good_share() >= least, "{name}: {others:?}: {all:?}");
}

fn run(model: &Model) -> Outcome {
    let mut all = Outcome::default();
    for seed in SEEDS {
        all.add(model.run(seed));
    }
    all
}

#[test]
fn one_that_hangs_keeps_nobody_from_another() {
    for rate in RATES {
        for (at, crowd) in [(0, 70), (0, 1000), (2, 70), (2, 200), (2, 1000)] {
            for (methods, then) in [(1, 0.0), (1, 1000.0), (2, 100.0)] {
                let others = Others {
                    at: at * SECOND,
                    crowd,
                    methods,
                    rate: then,
                    ..Others::default()
                };
                answered(0.99, "hangs", rate, others);
            }
        }
    }
}

#[test]
fn those_of_a_method_that_do_not_hang_are_answered() {
    // A part of all calls for as long as it lasts, and at first a crowd that takes all places there are for
    // as long as it takes to see that these wait.
    for rate in RATES {
        for (crowd, then) in [(0, 100.0), (70, 100.0), (1000, 100.0)] {
            let others = Others {
                at: 2 * SECOND,
                crowd,
                methods: 0,
                rate: then,
                ..Others::default()
            };
            let least = if crowd == 0 { 0.995 } else { 0.98 };
            answered(least, "a part hangs", rate, others);
        }
    }
}

#[test]
fn one_that_becomes_slower_and_slower_keeps_few_from_another() {
    // From 10 ms to half a minute.
    let wait = Wait::Dependency(|since| {
        Duration::from_millis(10).mul_f64(1.5_f64.powf(since.as_secs_f64()))
    });
    for rate in RATES {
        for (methods, each) in [(1, 10.0), (1, 100.0), (1, 1000.0), (2, 100.0)] {
            let others = Others {
                methods,
                rate: each,
                wait,
                deadline: 5 * SECOND,
                ..Others::default()
            };
            answered(0.92, "slows", rate, others);
        }
    }
}

#[test]
fn requests_that_do_not_come_or_come_slowly_are_in_nobodys_way() {
    for rate in RATES {
        for methods in [0, 1] {
            for (crowd, then) in [(1000, 0.0), (1000, 1000.0)] {
                for parts in [10, 1000] {
                    let others = Others {
                        at: SECOND,
                        crowd,
                        methods,
                        rate: then,
                        wait: Wait::Request(parts),
                        ..Others::default()
                    };
                    answered(0.99, "requests", rate, others);
                }
            }
        }
    }
}

#[test]
fn a_pool_that_several_methods_share_does_all_it_can() {
    for (methods, load) in [(2, 1200.0), (5, 1200.0), (5, 4000.0)] {
        for deadline in [200, 2000] {
            let model = Model {
                callers: Callers::Open(if load > 2000.0 {
                    |_| 4000.0
                } else {
                    |_| 1200.0
                }),
                holds_worker: false,
                methods,
                deadline: Duration::from_millis(deadline),
                lasts: 5 * SECOND,
                warm_up: 2 * SECOND,
                ..Model::default()
            };
            let all = run(&model);
            let of_capacity = all.good() / 1200.0 / SEEDS.count() as f64;
            assert!(
                of_capacity >= 0.98 && all.good_p99() <= 35.0,
                "{methods}: {all:?}"
            );
        }
    }
}

#[test]
fn a_pool_that_all_but_stops_still_answers() {
    // From 400 calls a second to 4, and callers have time enough to fill it for good.
    for methods in [1, 5] {
        let model = Model {
            callers: Callers::Open(|_| 320.0),
            holds_worker: false,
            methods,
            takes: |since, _| Duration::from_millis(if since.as_secs() < 2 { 5 } else { 500 }),
            deadline: 2 * SECOND,
            lasts: 20 * SECOND,
            warm_up: 3 * SECOND,
            ..Model::default()
        };
        let all = run(&model);
        let of_capacity = all.good() / (17.0 * 4.0) / SEEDS.count() as f64;
        assert!(of_capacity >= 0.6, "{methods}: {all:?}");
    }
}

/// Four places and two methods, and whether a call of one of them is let in at once.
fn four_places() -> (Admission, Clock, impl Fn(usize) -> Option<Permit>) {
    let config = OverloadConfig {
        initial_limit: 4,
        ..OverloadConfig::default()
    };
    let clock = Clock::manual();
    let admission = Admission::with_clock(config, 2, 1, clock.clone());
    let (of, at) = (admission.clone(), clock.clone());
    let arrive = move |method| match of.arrive(at.now(), &Arrival::of(method)) {
        Decision::Admitted(permit) => Some(permit),
        Decision::Queued(_) | Decision::Refused(_) => None,
    };
    (admission, clock, arrive)
}

#[test]
fn what_hangs_takes_no_place_after_a_while() {
    let (admission, clock, arrive) = four_places();
    let hanging: Vec<_> = (0..4).map(|_| arrive(0).expect("a place")).collect();
    assert!(arrive(0).is_none());
    // Another method has its share at once.
    drop(arrive(1).expect("a share"));
    for _ in 0..4 {
        clock.advance(Duration::from_millis(50));
        drop(arrive(1).expect("a share"));
    }
    let snapshot = admission.snapshot();
    assert_eq!((snapshot.waiting, snapshot.under_way), (4, 4));
    let others: Vec<_> = (0..4).map(|_| arrive(0).expect("a place")).collect();
    drop(hanging);
    assert_eq!(admission.snapshot().waiting, 0);
    assert!(arrive(0).is_none());
    drop(others);
    assert_eq!(admission.snapshot().under_way, 0);
}

#[test]
fn what_waits_for_its_caller_takes_no_place_until_it_goes_on() {
    let (admission, clock, arrive) = four_places();
    let mut first = arrive(0).expect("a place");
    first.pause(clock.now());
    let others: Vec<_> = (0..4).map(|_| arrive(0).expect("a place")).collect();
    assert!(first.is_paused());
    // Nothing was done for it yet.
    assert!(first.resume(clock.now(), false).is_err());
    // Or something was.
    assert!(first.resume(clock.now(), true).is_ok());
    assert_eq!(admission.snapshot().waiting, 0);
    clock.advance(SECOND);
    first.pause(clock.now());
    drop(others);
    clock.advance(SECOND);
    assert!(first.resume(clock.now(), false).is_ok());
    clock.advance(SECOND);
    first.finish(clock.now());
    // The second in which it waited is not the method's.
    assert!(admission.snapshot().methods[0][0] <= 2 * SECOND);
    assert_eq!(admission.snapshot().under_way, 0);
}
