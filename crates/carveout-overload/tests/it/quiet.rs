//! A service that has few calls, and long ones.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
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
    let mut call = arrive(&admission, &clock);
    // For ten seconds nearly everybody is refused, or leaves the queue again.
    for _ in 0..100 {
        assert!(call.is_some(), "{:?}", admission.snapshot());
        for _ in 0..2 {
            clock.advance(Duration::from_millis(50));
            assert!(arrive(&admission, &clock).is_none());
        }
        drop(call);
        call = arrive(&admission, &clock);
    }
    drop(call);
    assert!(
        arrive(&admission, &clock).is_some(),
        "{:?}",
        admission.snapshot()
    );
}

#[test]
fn whoever_needs_no_worker_does_not_wait_behind_one_who_does() {
    let config = OverloadConfig {
        initial_limit: 3,
        ..OverloadConfig::default()
    };
    let clock = Clock::manual();
    let admission = Admission::with_clock(config, 1, 1, clock.clone());
    let arrive = |holds_worker: bool| {
        let call = Arrival {
            holds_worker: Duration::from_millis(u64::from(holds_worker)),
            ..Arrival::of(0)
        };
        admission.arrive(clock.now(), &call)
    };
    let Decision::Admitted(_holds) = arrive(true) else {
        panic!("there was room");
    };
    let (Decision::Admitted(plain), Decision::Admitted(_other)) = (arrive(false), arrive(false))
    else {
        panic!("there was room");
    };
    let Decision::Queued(mut for_worker) = arrive(true) else {
        panic!("there is room in the queue");
    };
    let Decision::Queued(mut for_place) = arrive(false) else {
        panic!("there is room in the queue");
    };
    drop(plain);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut for_worker).poll(&mut cx).is_pending());
    assert!(Pin::new(&mut for_place).poll(&mut cx).is_ready());
}

#[test]
fn a_stream_that_has_begun_takes_no_place() {
    let (admission, clock) = one_at_a_time();
    let mut streams = Vec::new();
    for begun in 0..1000 {
        let mut stream = arrive(&admission, &clock).expect("there is room");
        // Until it has begun.
        assert!(arrive(&admission, &clock).is_none());
        stream.streams(clock.now());
        streams.push(stream);
        let snapshot = admission.snapshot();
        assert_eq!(
            (snapshot.under_way, snapshot.streams),
            (begun + 1, begun + 1)
        );
    }
    drop(streams);
    let snapshot = admission.snapshot();
    assert_eq!((snapshot.under_way, snapshot.streams), (0, 0));
}
