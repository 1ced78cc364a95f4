//! Health over time, on a paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use carveout_health::{Dependency, Health, Phase, Readiness, State};

/// A dependency that a test switches on and off.
#[derive(Clone, Default)]
struct Switch(Arc<AtomicBool>);

impl Switch {
    fn turn(&self, up: bool) {
        self.0.store(up, Ordering::SeqCst);
    }

    fn register(&self, health: &Health, dependency: Dependency) {
        let up = self.0.clone();
        health.watch_dependency(dependency, move || {
            let up = up.load(Ordering::SeqCst);
            async move {
                if up {
                    Ok(())
                } else {
                    Err("connection refused")
                }
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn readiness_waits_for_the_first_check_of_a_critical_dependency() {
    let (health, database) = (Health::new(), Switch::default());
    database.register(&health, Dependency::critical("database"));
    health.enter(Phase::Serving);
    assert!(!health.report().is_ready());

    database.turn(true);
    health
        .subscribe()
        .wait_for(|ready| ready.is_ready())
        .await
        .unwrap();
    assert!(health.report().is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_lost_critical_dependency_takes_readiness_after_its_threshold_and_gives_it_back() {
    let (health, database) = (Health::new(), Switch::default());
    database.turn(true);
    database.register(
        &health,
        Dependency::critical("database")
            .interval(Duration::from_secs(5))
            .thresholds(3, 1),
    );
    health.enter(Phase::Serving);
    let mut ready = health.subscribe();
    ready.wait_for(|ready| ready.is_ready()).await.unwrap();

    database.turn(false);
    let lost = tokio::time::Instant::now();
    ready.wait_for(|ready| !ready.is_ready()).await.unwrap();
    // The third failing check is the one 15 s after the last that passed.
    assert_eq!(lost.elapsed(), Duration::from_secs(15));
    assert_eq!(
        health.report().dependencies[0].last_error,
        "connection refused"
    );
    assert!(
        health.report().is_started(),
        "a lost dependency does not undo the start"
    );

    database.turn(true);
    ready.wait_for(|ready| ready.is_ready()).await.unwrap();
    assert_eq!(health.report().dependencies[0].last_error, "");
}

#[tokio::test(start_paused = true)]
async fn a_lost_optional_dependency_degrades_and_leaves_the_service_ready() {
    let (health, cache, database) = (Health::new(), Switch::default(), Switch::default());
    database.turn(true);
    cache.register(&health, Dependency::optional("cache"));
    database.register(&health, Dependency::critical("database"));
    health.enter(Phase::Serving);
    health
        .subscribe()
        .wait_for(|ready| ready.is_ready())
        .await
        .unwrap();
    let report = health.report();
    assert!(report.is_ready() && report.is_degraded());
    assert_eq!(
        (report.dependencies[0].state, report.dependencies[1].state),
        (State::Down, State::Up)
    );
}

#[tokio::test(start_paused = true)]
async fn a_check_that_never_ends_is_a_failed_check() {
    let health = Health::new();
    health.watch_dependency(
        Dependency::critical("stuck").timeout(Duration::from_secs(1)),
        || async { std::future::pending::<Result<(), &str>>().await },
    );
    while health.report().dependencies[0].state == State::Unknown {
        tokio::task::yield_now().await;
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    let report = health.report();
    assert_eq!(report.dependencies[0].state, State::Down);
    assert_eq!(report.dependencies[0].last_error, "no answer within 1s");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_is_a_failed_check_and_the_next_one_still_runs() {
    let (health, calm) = (Health::new(), Switch::default());
    let now = calm.0.clone();
    health.watch_dependency(Dependency::critical("buggy"), move || {
        assert!(now.load(Ordering::SeqCst), "a bug in the check");
        async { Ok::<(), &str>(()) }
    });
    health.enter(Phase::Serving);
    while health.report().dependencies[0].state != State::Down {
        tokio::task::yield_now().await;
    }
    calm.turn(true);
    health
        .subscribe()
        .wait_for(|ready| ready.is_ready())
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn draining_takes_readiness_and_tells_the_subscribers_of_changes_alone() {
    let health = Health::new();
    health.enter(Phase::Serving);
    let mut ready = health.subscribe();
    assert_eq!(*ready.borrow_and_update(), Readiness::Ready);
    health.enter(Phase::Draining);
    assert!(ready.has_changed().unwrap());
    assert_eq!(*ready.borrow_and_update(), Readiness::NotReady);
    health.enter(Phase::Draining);
    assert!(
        !ready.has_changed().unwrap(),
        "nothing changed: nobody needs to be woken"
    );
    health.enter(Phase::Stopped);
    assert_eq!(*ready.borrow_and_update(), Readiness::Stopped);
}

#[tokio::test(start_paused = true)]
async fn checks_end_with_the_last_handle() {
    let health = Health::new();
    let checks = Arc::new(AtomicU32::new(0));
    let counted = checks.clone();
    health.watch_dependency(Dependency::critical("d"), move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Ok::<(), &str>(()) }
    });
    health.enter(Phase::Serving);
    health
        .subscribe()
        .wait_for(|ready| ready.is_ready())
        .await
        .unwrap();
    drop(health);
    // The closure, and with it its counter, is dropped when the task ends.
    while Arc::strong_count(&checks) > 1 {
        tokio::time::advance(Duration::from_secs(5)).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(
        checks.load(Ordering::SeqCst),
        2,
        "the check that was due still ran, and found nobody to tell"
    );
}
