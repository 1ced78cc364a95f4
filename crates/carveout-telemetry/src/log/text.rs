use super::fields::{Escaped, Fields, Value};
use super::line::Line;
use std::fmt::Write;
use tracing::field::Visit;

/// `2026-01-02T03:04:05.678901Z  INFO orders::rpc: read item=42 trace_id=4bf9`
///
/// The service is not in it: who reads this has started it.
pub(super) fn write(line: &Line<'_>, out: &mut String, record: impl Fn(&mut dyn Visit)) {
    let time = humantime::format_rfc3339_micros(line.time);
    let _ = write!(out, "{time} {:>5} ", line.level);
    visible(out, line.target);
    out.push(':');
    if let Some(message) = line.message {
        out.push(' ');
        visible(out, message);
    }
    record(&mut Fields {
        message: true,
        each: |_, value: Value<'_>| {
            out.push(' ');
            push(out, value);
        },
    });
    record(&mut Fields {
        message: false,
        each: |name: &str, value: Value<'_>| {
            let _ = write!(out, " {}=", name.strip_prefix("r#").unwrap_or(name));
            push(out, value);
        },
    });
    if let Some(ids) = line.ids {
        let _ = write!(out, " trace_id={}", ids.trace_id);
    }
    out.push('\n');
}

fn push(out: &mut String, value: Value<'_>) {
    match value {
        Value::Literal(literal) => {
            let _ = out.write_fmt(literal);
        }
        Value::Text(text) => visible(out, text),
        Value::Written(text) => {
            let _ = Escaped {
                out,
                escape: visible,
            }
            .write_fmt(text);
        }
    }
}

/// A caller's text must neither begin a line of its own nor steer the terminal.
fn visible(out: &mut String, text: &str) {
    for char in text.chars() {
        if char.is_control() {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
}
