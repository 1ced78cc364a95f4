//! `--print-config`: every value with where it came from.

use crate::world::World;

fn world() -> World {
    World::new()
        .file("token", "hunter2\n")
        .default_toml(
            "[grpc]\nhost = \"::1\"\nport = 1\n\n[service]\npassword = { file = \"DIR/token\" }\nspare = \"hunter2\"\n\
             \n[[service.routes]]\nhost = \"a\"\nweight = 1\n\n[service.upstreams.billing]\nhost = \"b\"\nweight = 2\n",
        )
        .profile("prod", "# A comment.\n[grpc]\nport = 2\n[grpc.tls]\nenabled = true\n")
        .env("ORDERS__GRPC__KEEPALIVE", "1m 30s")
        .env("ORDERS__SERVICE__PIN", "4242")
        .env("ORDERS__SERVICE__TAGS", "a,b")
        .set("telemetry.sample=0.25")
        .set("service.greeting=say \"hi\"")
}

#[test]
fn every_value_has_its_origin() {
    let world = world();
    let printed = world.portable(&world.read().config.print());
    insta::assert_snapshot!("printed", printed);
}

/// Also what cannot be used is printed, without its value.
#[test]
fn a_configuration_that_is_rejected_prints_all_the_same() {
    let world = world()
        .env("ORDERS__GRPC__PORT", "http")
        .default_toml("[grpc]\nhost = 5\ntokne = \"hunter2\"\n\n[service]\npassword = 424242\n")
        .set("grpc.max_message_bytes=-1");
    let printed = world.portable(world.error().effective());
    assert!(
        !printed.contains("hunter2") && !printed.contains("424242"),
        "{printed}"
    );
    insta::assert_snapshot!("printed_though_rejected", printed);
}

#[test]
fn a_print_out_is_a_configuration() {
    let world = world();
    let printed = world.read().config.print();
    // A redacted secret would come back as text, so they are taken out.
    let open: Vec<&str> = printed
        .lines()
        .filter(|line| !line.contains("[redacted]"))
        .collect();
    let again = World::new().default_toml(&open.join("\n")).read();
    let read = world.read();
    assert_eq!(again.grpc.get(), read.grpc.get());
    assert_eq!(again.telemetry.get(), read.telemetry.get());
    assert_eq!(again.service.get().greeting, read.service.get().greeting);
    assert_eq!(again.service.get().upstreams, read.service.get().upstreams);
}

#[test]
fn text_under_a_secret_name_is_redacted_even_if_its_type_is_not_secret() {
    let world = World::new()
        .set("telemetry.levels.api_token=hunter2")
        .set("telemetry.levels.token_ttl=5m");
    let printed = world.read().config.print();
    assert!(
        printed.contains("api_token = \"[redacted]\"") && printed.contains("token_ttl = \"5m\""),
        "{printed}"
    );
}

#[test]
fn an_address_with_a_password_is_redacted() {
    let printed = World::new()
        .set("service.greeting=postgres://user:hunter2@db/orders")
        .set("grpc.host=postgres://db/orders?at=10:30@noon")
        .read()
        .config
        .print();
    assert!(
        !printed.contains("hunter2") && printed.contains("10:30@noon"),
        "{printed}"
    );
}
