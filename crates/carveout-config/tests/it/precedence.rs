//! Which of several sources wins, and how text becomes a value.

use std::time::Duration;

use crate::world::{Backoff, Format, Grpc, Service, World};

#[test]
fn each_source_wins_over_the_ones_before_it() {
    let port = |world: &World| world.read().grpc.get().port;
    let world = World::new();
    assert_eq!(port(&world), Grpc::default().port);
    let world = world.default_toml("[grpc]\nport = 1\n");
    assert_eq!(port(&world), 1);
    let world = world.profile("prod", "[grpc]\nport = 2\n");
    assert_eq!(port(&world), 2);
    let world = world.env("ORDERS__GRPC__PORT", "3");
    assert_eq!(port(&world), 3);
    let world = world.set("grpc.port=4");
    assert_eq!(port(&world), 4);
}

#[test]
fn a_source_that_says_nothing_of_a_key_leaves_it_alone() {
    let read = World::new()
        .default_toml("[grpc]\nhost = \"a\"\nport = 1\n[grpc.tls]\nenabled = true\n")
        .profile("prod", "[grpc]\nport = 2\n")
        .env("ORDERS__GRPC__KEEPALIVE", "250ms")
        .read();
    let grpc = read.grpc.get();
    assert_eq!(
        (grpc.host.as_str(), grpc.port, grpc.keepalive),
        ("a", 2, Duration::from_millis(250))
    );
    // The section's default for the table, not the table type's own.
    assert_eq!(
        (grpc.tls.enabled, grpc.tls.min_version.as_str()),
        (true, "1.3")
    );
}

#[test]
fn files_are_optional() {
    assert_eq!(
        World::new()
            .no_dir()
            .set("grpc.port=1")
            .read()
            .grpc
            .get()
            .port,
        1
    );
}

#[test]
fn text_becomes_what_the_default_is() {
    let read = World::new()
        .env("ORDERS__GRPC__REFLECTION", "false")
        .env("ORDERS__GRPC__TLS", "{ enabled = true }")
        .env("ORDERS__TELEMETRY__FORMAT", "text")
        .env("ORDERS__TELEMETRY__SAMPLE", "1")
        .env("ORDERS__TELEMETRY__LEVELS__TOWER", "off")
        .env("ORDERS__SERVICE__RETRIES", "-1")
        .env("ORDERS__SERVICE__TAGS", "a, b")
        .env("ORDERS__SERVICE__WEIGHTS", "[3, 4]")
        .env("ORDERS__SERVICE__CURRENCY", "123")
        .env("ORDERS__SERVICE__LIMIT", "9")
        .env("ORDERS__SERVICE__CORNERS", "7,8")
        .set("service.routes=[{ host = \"a=b\", weight = 1 }]")
        .set("service.greeting=a=b")
        .read();
    assert!(!read.grpc.get().reflection && read.grpc.get().tls.enabled);
    let telemetry = read.telemetry.get();
    assert_eq!((telemetry.format, telemetry.sample), (Format::Text, 1.0));
    assert_eq!(telemetry.levels["tower"], "off");
    let service = read.service.get();
    assert_eq!(
        (service.retries, service.limit, service.corners),
        (-1, Some(9), [7, 8])
    );
    assert_eq!(
        (service.tags.join("|"), service.weights.as_slice()),
        ("a|b".to_owned(), [3, 4].as_slice())
    );
    assert_eq!(
        (service.currency.as_deref(), service.greeting.as_str()),
        (Some("123"), "a=b")
    );
    assert_eq!(
        (service.routes[0].host.as_str(), service.routes[0].weight),
        ("a=b", 1)
    );
}

#[test]
fn an_empty_array_can_be_set() {
    assert!(
        World::new()
            .env("ORDERS__SERVICE__WEIGHTS", "")
            .read()
            .service
            .get()
            .weights
            .is_empty()
    );
}

#[test]
fn a_variable_takes_the_spelling_of_the_key_that_is_there() {
    let read = World::new()
        .default_toml("[service.upstreams.Billing-EU]\nhost = \"a\"\nweight = 1\n")
        .env("orders__service__upstreams__billing_eu__weight", "2")
        .read();
    let service = read.service.get();
    assert_eq!(service.upstreams["Billing-EU"].weight, 2);
    assert_eq!(service.upstreams.len(), 1);
}

#[test]
fn a_variant_replaces_the_one_below_it() {
    let world = World::new();
    assert_eq!(
        world.read().service.get().backoff,
        Service::default().backoff
    );
    let world = world.default_toml("[service.backoff.exponential]\nfactor = 2.0\n");
    assert_eq!(
        world.read().service.get().backoff,
        Backoff::Exponential { factor: 2.0 }
    );
    let world = world.profile("prod", "[service.backoff.fixed]\nmillis = 7\n");
    assert_eq!(
        world.read().service.get().backoff,
        Backoff::Fixed { millis: 7 }
    );
}

#[test]
fn names_that_only_begin_like_the_service_are_left_alone() {
    // Kubernetes makes the first three for a Service of this name; the others are a neighbour's and
    // the facade's.
    let world = World::new()
        .env("ORDERS_PORT", "tcp://10.0.0.1:80")
        .env("ORDERS_SERVICE_HOST", "10.0.0.1")
        .env("ORDERS_GRPC_PORT", "tcp://10.0.0.1:80")
        .env("ORDERS_HISTORY__GRPC__PORT", "1")
        .env("ORDERS_CONFIG_DIR", "config")
        .env("ORDERSGRPC__PORT", "1");
    assert_eq!(world.read().grpc.get().port, Grpc::default().port);
}
