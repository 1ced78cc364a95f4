use crate::world::{SOON, lines};
use carveout_telemetry::{LogControl, MAX_OVERRIDE, TelemetryConfig};
use std::time::{Duration, Instant};

fn speak() {
    tracing::debug!(target: "orders::db", "db");
    tracing::debug!(target: "orders::rpc", "rpc");
}

fn wait_for_expiry(control: &LogControl, filter: &str) {
    control
        .set(filter, Duration::from_millis(1))
        .expect("a level");
    let deadline = Instant::now() + SOON;
    while control.current().expires_in.is_some() {
        assert!(Instant::now() < deadline, "the level never came back");
        std::thread::yield_now();
    }
    assert_eq!(control.current().filter, "info");
}

#[test]
fn another_level_is_in_force_for_a_while_and_then_no_more() {
    let lines = lines(&TelemetryConfig::default(), |telemetry| {
        let control = telemetry.log_control();
        speak();
        control
            .set("info,orders::db=debug", MAX_OVERRIDE)
            .expect("a level");
        speak();

        // Nobody asks for it, and the configured level comes back. The thread waits for the later
        // moment already.
        wait_for_expiry(&control, "debug");
        speak();

        // It has gone since, and there is one again for the next time.
        wait_for_expiry(&control, "trace");
        speak();
    });
    let messages: Vec<_> = lines
        .iter()
        .map(|line| line["message"].as_str().expect("text"))
        .collect();
    assert_eq!(messages, ["db"]);
}

#[test]
fn a_configuration_that_cannot_be_used_names_its_key() {
    let good = TelemetryConfig::default;
    let endpoint = |otlp_endpoint: &str| TelemetryConfig {
        otlp_endpoint: otlp_endpoint.to_owned(),
        ..good()
    };
    for (config, expected) in [
        (
            TelemetryConfig {
                log_level: "loud".to_owned(),
                ..good()
            },
            "telemetry.log_level: `loud` names no log level: use off, error, warn, info, debug or trace, or TARGET=LEVEL",
        ),
        (
            TelemetryConfig {
                sample_ratio: 1.5,
                ..good()
            },
            "telemetry.sample_ratio: 1.5 is not from 0 to 1",
        ),
        (
            TelemetryConfig {
                sample_ratio: f64::NAN,
                ..good()
            },
            "telemetry.sample_ratio: NaN is not from 0 to 1",
        ),
        (
            TelemetryConfig {
                otlp_timeout: Duration::ZERO,
                ..good()
            },
            "telemetry.otlp_timeout: must be above zero",
        ),
        (
            endpoint(""),
            "telemetry.otlp_endpoint: ``: expected http://HOST:PORT",
        ),
        (
            endpoint("localhost:4317"),
            "telemetry.otlp_endpoint: `localhost:4317`: expected http://HOST:PORT",
        ),
        (
            endpoint("no url at all"),
            "telemetry.otlp_endpoint: `no url at all`: expected http://HOST:PORT",
        ),
        (
            endpoint("https://collector:4317"),
            "telemetry.otlp_endpoint: `https://collector:4317`: TLS is not supported: send to an agent on this node, as http://HOST:PORT",
        ),
    ] {
        assert_eq!(config.check().expect_err(expected).to_string(), expected);
    }
    good().check().expect("the defaults are good");
}
