use crate::world::{lines, logged};
use carveout_telemetry::{LogFormat, TelemetryConfig};
use serde_json::{Value, json};
use std::fmt;
use std::io;

fn without_time(mut line: Value) -> Value {
    let time = line
        .as_object_mut()
        .and_then(|line| line.remove("timestamp"))
        .expect("a time stamp");
    let time = time.as_str().expect("text");
    // RFC 3339, UTC, to the microsecond.
    let shape: String = time
        .chars()
        .map(|char| if char.is_ascii_digit() { '0' } else { char })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000000Z", "{time}");
    line
}

fn only_line(work: impl FnOnce()) -> Value {
    let mut lines = lines(&TelemetryConfig::default(), |_| work());
    assert_eq!(lines.len(), 1, "{lines:?}");
    without_time(lines.remove(0))
}

#[test]
fn fields_stand_beside_what_every_line_has() {
    let line = only_line(|| {
        tracing::info!(
            target: "orders::db",
            item = 42_u64,
            minus = -7,
            share = 0.25,
            infinite = f64::INFINITY,
            huge = u128::MAX,
            yes = true,
            name = "caf\u{e9} \"au lait\"\n",
            debug = ?Some(1),
            r#type = %"displayed",
            "read {} rows", 3
        );
    });
    assert_eq!(
        line,
        json!({
            "level": "INFO",
            "target": "orders::db",
            "message": "read 3 rows",
            "item": 42,
            "minus": -7,
            "share": 0.25,
            "infinite": "inf",
            "huge": "340282366920938463463374607431768211455",
            "yes": true,
            "name": "caf\u{e9} \"au lait\"\n",
            "debug": "Some(1)",
            "type": "displayed",
            "service": "orders",
        })
    );
}

#[test]
fn a_field_cannot_pass_for_what_every_line_has() {
    let line = only_line(|| {
        tracing::warn!(target: "t", level = "none", service = "another", trace_id = "0", timestamp = 1, "text");
    });
    assert_eq!(
        line,
        json!({
            "level": "WARN",
            "target": "t",
            "message": "text",
            "fields.level": "none",
            "fields.service": "another",
            "fields.trace_id": "0",
            "fields.timestamp": 1,
            "service": "orders",
        })
    );
}

#[test]
fn an_error_says_what_caused_it() {
    #[derive(Debug)]
    struct Failed(io::Error);
    impl fmt::Display for Failed {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cannot read the orders")
        }
    }
    impl std::error::Error for Failed {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let failed = Failed(io::Error::other("disk on fire"));
    let line = only_line(|| {
        tracing::error!(
            error = &failed as &(dyn std::error::Error + 'static),
            "gave up"
        );
    });
    assert_eq!(line["error"], "cannot read the orders: disk on fire");
}

#[test]
fn a_value_that_logs_while_it_is_logged_makes_two_lines() {
    struct Chatty;
    impl fmt::Debug for Chatty {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            tracing::info!("inner");
            f.write_str("chatty")
        }
    }
    // Within a subscriber, `tracing` has no current one where the default is scoped; what must not
    // happen is a panic or a line within a line.
    let lines = lines(
        &TelemetryConfig::default(),
        |_| tracing::info!(value = ?Chatty, "outer"),
    );
    let outer = lines.last().expect("a line");
    assert_eq!(
        (&outer["message"], &outer["value"]),
        (&json!("outer"), &json!("chatty"))
    );
}

#[test]
fn text_is_for_people_and_cannot_be_forged() {
    let config = TelemetryConfig {
        log_format: LogFormat::Text,
        ..TelemetryConfig::default()
    };
    let text = logged(&config, |_| {
        let name = "x\n2026-01-01T00:00:00Z ERROR forged: \u{1b}[2J";
        tracing::info_span!("request")
            .in_scope(|| tracing::info!(target: "orders", item = 1, name, "read"));
    });
    let (_, line) = text.split_once(' ').expect("a time stamp");
    let (line, trace) = line.split_once(" trace_id=").expect("a trace id");
    assert_eq!(
        line,
        r" INFO orders: read item=1 name=x\n2026-01-01T00:00:00Z ERROR forged: \u{1b}[2J"
    );
    assert_eq!(trace.trim_end().len(), 32);
    assert_eq!(text.lines().count(), 1);
}
