//! S7 to S9 from the outside: signals, and services that do all they can not to be stopped.
//! `src/lifecycle/tests.rs` has every interleaving; this is the real thing.

use std::time::{Duration, Instant};

use crate::driver::Service;

/// Far more than any of these stops takes, far less than for ever.
const PROMPTLY: Duration = Duration::from_secs(5);

#[test]
fn a_stop_signal_ends_the_process_cleanly() {
    for signal in ["TERM", "INT"] {
        let mut service = Service::start(&[]);
        service.signal(signal);
        assert_eq!(service.exit_code(), Some(0), "{signal}");
    }
}

#[test]
fn a_second_signal_does_not_wait_for_the_lame_duck() {
    let mut service = Service::start(&["--set", "lifecycle.lame_duck=1h"]);
    service.signal("TERM");
    service.wait_for("\"message\":\"stopping\"");
    service.signal("TERM");
    assert_eq!(service.exit_code(), Some(1));
}

fn stubborn(misdeed: &str, log: &str) -> Service {
    let misdeed = format!("service.misdeed={misdeed}");
    let budget = "lifecycle.drain_timeout=100ms";
    let mut service = Service::spawn("stubborn", &["--set", &misdeed, "--set", budget]);
    service.wait_for(log);
    service
}

#[test]
fn a_start_that_hangs_or_blocks_is_stopped_by_one_signal() {
    for misdeed in ["hang", "block"] {
        let mut service = stubborn(misdeed, "\"message\":\"starting\"");
        let told = Instant::now();
        service.signal("TERM");
        assert_eq!(service.exit_code(), Some(0), "{misdeed}");
        assert!(told.elapsed() < PROMPTLY, "{misdeed}: {:?}", told.elapsed());
    }
}

#[test]
fn a_start_that_panics_is_a_failed_step() {
    let mut service = stubborn("panic", "panicked: on purpose");
    assert_eq!(service.exit_code(), Some(1));
    let errors = service.errors();
    assert!(errors.contains("start failed at dependencies"), "{errors}");
}

#[test]
fn workers_that_are_stuck_do_not_hold_a_stop_up() {
    let mut service = stubborn("jam", "\"message\":\"ready\"");
    let told = Instant::now();
    service.signal("TERM");
    service.wait_for("the workers are stuck");
    assert_eq!(service.exit_code(), Some(0), "nobody was connected");
    assert!(told.elapsed() < PROMPTLY, "{:?}", told.elapsed());
}
