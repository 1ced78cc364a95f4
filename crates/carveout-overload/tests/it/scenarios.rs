use std::time::Duration;

use crate::model::{Model, Outcome};

const SEEDS: u64 = 100;

/// Runs the model with many seeds, and shows the seed of a run that is not as `expected`.
fn always(model: &Model, expected: impl Fn(&Outcome) -> bool) {
    for seed in 1..=SEEDS {
        let outcome = model.run(seed);
        assert!(expected(&outcome), "seed {seed}: {outcome:?}");
        let end = outcome.end.as_ref().expect("a run");
        assert_eq!((end.under_way, end.queued), (0, 0), "seed {seed}: {end:?}");
    }
}

/// Of what two workers can do in three seconds at 5 ms a call.
fn of_capacity(outcome: &Outcome) -> f64 {
    f64::from(outcome.good) / 1200.0
}

#[test]
fn computing_handlers_do_all_they_can_at_any_load() {
    for load in [|_| 560.0, |_| 1200.0, |_| 4000.0] as [fn(Duration) -> f64; 3] {
        let model = Model {
            load,
            ..Model::default()
        };
        // What little is too much comes in bursts, with idle times between.
        let least = if load(Duration::ZERO) < 800.0 {
            0.93
        } else {
            0.95
        };
        always(&model, |it| of_capacity(it) >= least);
    }
}

#[test]
fn a_pool_does_all_it_can_at_any_load() {
    for load in [|_| 560.0, |_| 1200.0, |_| 4000.0] as [fn(Duration) -> f64; 3] {
        let model = Model {
            load,
            holds_worker: false,
            lasts: Duration::from_secs(5),
            warm_up: Duration::from_secs(2),
            ..Model::default()
        };
        always(&model, |it| of_capacity(it) >= 0.95);
    }
}

#[test]
fn nothing_is_refused_at_four_fifths() {
    for holds_worker in [true, false] {
        let model = Model {
            holds_worker,
            load: |_| 320.0,
            ..Model::default()
        };
        always(&model, |it| it.good_share() >= 0.99);
    }
}

#[test]
fn one_long_call_in_ten_makes_no_crowd() {
    let model = Model {
        takes: |_, random| Duration::from_millis(if random.share() < 0.1 { 50 } else { 1 }),
        load: |_| 1000.0,
        ..Model::default()
    };
    // Two workers at 5.9 ms a call on the average, with much chance in it.
    always(&model, |it| {
        f64::from(it.good) / (3.0 * 2.0 / 0.0059) >= 0.65
    });
}

#[test]
fn what_is_critical_is_answered_while_it_fits() {
    let model = Model {
        load: |_| 1200.0,
        critical: 0.3,
        ..Model::default()
    };
    let (mut offered, mut good) = (0, 0);
    always(&model, |it| {
        f64::from(it.critical_good) >= 0.9 * f64::from(it.critical_offered)
    });
    for seed in 1..=SEEDS {
        let it = model.run(seed);
        offered += it.critical_offered;
        good += it.critical_good;
    }
    let share = f64::from(good) / f64::from(offered);
    assert!(share >= 0.99, "{share}");
}

#[test]
fn a_dependency_that_is_ten_times_slower_costs_no_call() {
    // Room for all: nobody stands in anybody's way, before or after.
    let model = Model {
        places: 1000,
        holds_worker: false,
        takes: |since, _| Duration::from_millis(if since.as_secs() < 2 { 10 } else { 100 }),
        load: |_| 500.0,
        lasts: Duration::from_secs(8),
        ..Model::default()
    };
    always(&model, |it| it.good_share() >= 0.99);
}

#[test]
fn half_the_capacity_is_used_as_well_as_all_of_it() {
    let model = Model {
        takes: |since, _| Duration::from_millis(if since.as_secs() < 1 { 5 } else { 10 }),
        load: |_| 640.0,
        ..Model::default()
    };
    always(&model, |it| of_capacity(it) >= 0.45);
}

#[test]
fn it_is_well_soon_after_the_overload() {
    // Ten times too much for a second, then four fifths; what comes from 300 ms after that on counts.
    let model = Model {
        load: |since| if since.as_secs() < 1 { 4000.0 } else { 320.0 },
        warm_up: Duration::from_millis(1300),
        ..Model::default()
    };
    always(&model, |it| it.good_share() >= 0.95);
}

#[test]
fn the_limit_does_not_drift() {
    let model = Model {
        holds_worker: false,
        load: |_| 1200.0,
        lasts: Duration::from_secs(900),
        ..Model::default()
    };
    let outcome = model.run(1);
    let late = &outcome.limits[600..];
    assert!(
        late.iter().all(|limit| (3..=20).contains(limit)),
        "{late:?}"
    );
    assert!(
        f64::from(outcome.good) / 400.0 / 899.0 >= 0.95,
        "{}",
        outcome.good
    );
}
