//! Reload: check everything, then swap; the last good values stay.

use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use carveout_config::{Live, Reload};

use crate::world::{Grpc, World};

#[test]
fn a_good_reload_swaps_only_what_changed() {
    let world = World::new().default_toml("[grpc]\nport = 1\n");
    let read = world.read();
    let (grpc, service) = (read.grpc.get(), read.service.get());
    world.write("config/default.toml", "[grpc]\nport = 2\n");
    assert_eq!(
        read.config.reload().expect("it is good"),
        Reload::Applied {
            sections: vec!["grpc"]
        }
    );
    assert_eq!((grpc.port, read.grpc.get().port), (1, 2));
    assert!(
        Arc::ptr_eq(&service, &read.service.get()),
        "an unchanged section keeps its value"
    );
    assert!(
        read.config.print().contains("\nport = 2 "),
        "{}",
        read.config.print()
    );
}

#[test]
fn a_rejected_reload_keeps_the_last_good_values() {
    let world = World::new().default_toml("[grpc]\nport = 1\n");
    let read = world.read();
    let before = read.config.print();
    // The first section is good and the second is not: neither may be swapped.
    world.write(
        "config/default.toml",
        "[grpc]\nport = 2\n[telemetry]\nsample = \"all\"\n",
    );
    let error = read.config.reload().expect_err("it is bad");
    assert_eq!(
        error.mistakes()[0].key().as_deref(),
        Some("telemetry.sample")
    );
    assert_eq!(read.grpc.get().port, 1);
    assert_eq!(read.config.print(), before);
    std::fs::remove_file(world.path("config/default.toml")).expect("it was there");
    read.config.reload().expect_err("the file is gone");
    assert_eq!(read.grpc.get().port, 1);
}

#[test]
fn a_reload_runs_the_sections_own_check() {
    let world = World::new();
    let read = world.read();
    world.write("config/default.toml", "[service]\npool_min = 11\n");
    read.config.reload().expect_err("more than the maximum");
    assert_eq!(read.service.get().pool_min, 1);
}

#[test]
fn outcomes_are_counted() {
    let world = World::new();
    let read = world.read();
    let outcome = |text: &str| {
        world.write("config/default.toml", text);
        read.config.reload().is_ok()
    };
    assert!(outcome("[grpc]\nport = 2\n"));
    assert!(outcome(
        "# Nothing but a comment is new.\n[grpc]\nport = 2\n"
    ));
    assert!(outcome("[grpc]\nport = 2\n"));
    assert!(!outcome("[grpc]\nport = -2\n"));
    let counts = read.config.clone().reload_counts();
    assert_eq!(
        (counts.applied, counts.unchanged, counts.rejected),
        (1, 2, 1)
    );
}

#[test]
fn a_rotated_secret_is_a_change() {
    let world = World::new()
        .file("token", "old")
        .default_toml("[service]\npassword = { file = \"DIR/token\" }\n");
    let read = world.read();
    assert_eq!(read.config.reload().expect("it is good"), Reload::Unchanged);
    world.write("token", "new");
    assert_eq!(
        read.config.reload().expect("it is good"),
        Reload::Applied {
            sections: vec!["service"]
        }
    );
    assert_eq!(read.service.get().password.expose(), "new");
}

#[test]
fn overrides_survive_a_reload() {
    let world = World::new().env("ORDERS__GRPC__PORT", "7");
    let read = world.read();
    world.write("config/default.toml", "[grpc]\nport = 2\nhost = \"b\"\n");
    read.config.reload().expect("it is good");
    assert_eq!(
        (read.grpc.get().port, read.grpc.get().host.as_str()),
        (7, "b")
    );
}

#[tokio::test]
async fn whoever_waits_for_a_change_is_woken() {
    let world = World::new();
    let read = world.read();
    let mut grpc = read.grpc.clone();
    let waiting = tokio::spawn(async move { grpc.changed().await.port });
    world.write("config/default.toml", "[grpc]\nport = 2\n");
    read.config.reload().expect("it is good");
    assert_eq!(waiting.await.expect("no panic"), 2);
}

#[test]
fn nobody_is_woken_for_nothing() {
    let is_woken = |live: &mut Live<Grpc>| {
        let mut context = Context::from_waker(Waker::noop());
        matches!(pin!(live.changed()).poll(&mut context), Poll::Ready(_))
    };
    let world = World::new();
    let mut read = world.read();
    assert!(!is_woken(&mut read.grpc), "the first value is no change");
    read.config.reload().expect("it is good");
    assert!(!is_woken(&mut read.grpc), "nothing has changed");
    world.write("config/default.toml", "[grpc]\nport = 2\n");
    read.config.reload().expect("it is good");
    assert!(is_woken(&mut read.grpc));
    assert!(!is_woken(&mut read.grpc), "one change wakes once");
    assert!(
        !is_woken(&mut Live::fixed(Grpc::default())),
        "a fixed value never changes"
    );
}
