use super::fields::{Escaped, Fields, Value};
use super::line::Line;
use std::fmt::Write;
use tracing::field::Visit;

/// What stands in every line. A field of this name would make the object ambiguous.
const RESERVED: [&str; 7] = [
    "timestamp",
    "level",
    "target",
    "message",
    "service",
    "trace_id",
    "span_id",
];

pub(super) fn write(line: &Line<'_>, out: &mut String, record: impl Fn(&mut dyn Visit)) {
    let start = out.len();
    // Writing to a string does not fail; a type that fails to write itself has written part of it.
    let time = humantime::format_rfc3339_micros(line.time);
    let _ = write!(
        out,
        r#"{{"timestamp":"{time}","level":"{}","target":""#,
        line.level
    );
    escape(out, line.target);
    out.push('"');

    if let Some(message) = line.message {
        out.push_str(r#","message":"#);
        push(out, Value::Text(message));
    }
    record(&mut Fields {
        message: true,
        each: |_, value: Value<'_>| {
            out.push_str(r#","message":"#);
            push(out, value);
        },
    });
    record(&mut Fields {
        message: false,
        each: |name: &str, value: Value<'_>| {
            out.push_str(",\"");
            if RESERVED.contains(&name) {
                out.push_str("fields.");
            }
            // `r#type` is how Rust spells a field that is called `type`.
            escape(out, name.strip_prefix("r#").unwrap_or(name));
            out.push_str("\":");
            push(out, value);
        },
    });

    out.push_str(r#","service":""#);
    escape(out, line.service);
    out.push('"');
    if let Some(ids) = line.ids {
        let _ = write!(
            out,
            r#","trace_id":"{}","span_id":"{}""#,
            ids.trace_id, ids.span_id
        );
    }
    out.push_str("}\n");
    debug_assert_eq!(out[start..].matches('\n').count(), 1, "one line: {out}");
}

fn push(out: &mut String, value: Value<'_>) {
    match value {
        Value::Literal(literal) => {
            let _ = out.write_fmt(literal);
        }
        Value::Text(text) => {
            out.push('"');
            escape(out, text);
            out.push('"');
        }
        Value::Written(text) => {
            out.push('"');
            let _ = Escaped { out, escape }.write_fmt(text);
            out.push('"');
        }
    }
}

/// RFC 8259, section 7. Only ASCII has to be escaped, so that whole runs of other bytes go through
/// at once.
fn escape(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                let _ = write!(out, "\\u{control:04x}");
            }
        }
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn every_character_comes_back() {
        let mut text: String = (0..=0x2ff).filter_map(char::from_u32).collect();
        text.push_str("\u{2028}\u{fffd}\u{10ffff}\\\"end");
        let mut json = String::from("\"");
        escape(&mut json, &text);
        json.push('"');
        assert!(!json.contains('\n'));
        assert_eq!(serde_json::from_str::<String>(&json).expect(&json), text);
    }
}
