//! A service that has few calls, and long ones.

use std::time::Duration;

use carveout_overload::{
    Admission, Arrival, Clock, Criticality, Decision, Level, OverloadConfig, Permit,
};

fn one_at_a_time() -> (Admission, Clock) {
    let config = OverloadConfig {
        initial_limit: 1,
        min_limit: 1,
        ..OverloadConfig::default()
    };
    let clock = Clock::manual();
    (Admission::with_clock(config, 1, 1, clock.clone()), clock)
}

/// A call of the least critical level that is tried again; none if it would wait.
fn arrive(admission: &Admission, clock: &Clock) -> Option<Permit> {
    let call = Arrival {
        level: Level::new(Criticality::Sheddable, 0, true),
        ..Arrival::of(0)
    };
    match admission.arrive(clock.now(), &call) {
        Decision::Admitted(permit) => Some(permit),
        Decision::Queued(_) | Decision::Refused(_) => None,
    }
}

#[test]
fn whoever_is_refused_is_welcome_as_soon_as_there_is_room() {
    let (admission, clock) = one_at_a_time();
    let stream = arrive(&admission, &clock);
    assert!(stream.is_some());
    // For ten seconds everybody is refused, or leaves the queue again.
    for _ in 0..200 {
        clock.advance(Duration::from_millis(50));
        assert!(arrive(&admission, &clock).is_none());
    }
    drop(stream);
    assert!(
        arrive(&admission, &clock).is_some(),
        "{:?}",
        admission.snapshot()
    );
}
