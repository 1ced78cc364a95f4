//! The `traceparent` header of W3C Trace Context
//! (<https://www.w3.org/TR/trace-context/#traceparent-header>).
//!
//! Read here, and strictly: the propagator of the SDK takes ids that are too short or begin with a
//! `+`, and so would put into the logs what no other service of the trace has in its own.

use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// `version-trace_id-span_id-flags`, two hexadecimal digits a byte.
const LENGTH: usize = 55;

/// The span that the header names, or nothing if it is not exactly as the standard has it.
pub(super) fn parse(header: &[u8], state: TraceState) -> Option<SpanContext> {
    let (known, extra) = header.split_first_chunk::<LENGTH>()?;
    if [known[2], known[35], known[52]] != [b'-'; 3] || !extra.is_ascii() {
        return None;
    }

    // A later version may append fields, and must be understood as far as this one goes.
    let acceptable = match hex(&known[..2])? {
        0xff => false,
        0 => extra.is_empty(),
        _ => extra.is_empty() || extra[0] == b'-',
    };
    if !acceptable {
        return None;
    }

    let trace_id = u128::from(hex(&known[3..19])?) << 64 | u128::from(hex(&known[19..35])?);
    let span_id = hex(&known[36..52])?;
    let flags = match hex(&known[53..])? & 1 {
        1 => TraceFlags::SAMPLED,
        _ => TraceFlags::default(),
    };
    let (trace_id, span_id) = (TraceId::from(trace_id), SpanId::from(span_id));
    let context = SpanContext::new(trace_id, span_id, flags, true, state);
    context.is_valid().then_some(context)
}

/// Always in version 00, which has one flag that is passed on.
pub(super) fn format(context: &SpanContext) -> String {
    let flags = u8::from(context.is_sampled());
    format!(
        "00-{}-{}-{flags:02x}",
        context.trace_id(),
        context.span_id()
    )
}

/// Lower-case digits only, as the standard demands. A sign is no digit.
fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::{format, parse};
    use opentelemetry::trace::TraceState;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn written_again(header: &str) -> Option<String> {
        parse(header.as_bytes(), TraceState::NONE).map(|context| format(&context))
    }

    #[test]
    fn what_is_read_is_written_again() {
        let unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        assert_eq!(written_again(VALID).as_deref(), Some(VALID));
        assert_eq!(written_again(unsampled).as_deref(), Some(unsampled));
        // Flags that this version does not know are not passed on.
        assert_eq!(
            written_again(&VALID.replace("-01", "-ff")).as_deref(),
            Some(VALID)
        );
        assert_eq!(
            written_again(&VALID.replace("-01", "-fe")).as_deref(),
            Some(unsampled)
        );
    }

    #[test]
    fn a_later_version_may_say_more() {
        for header in [
            VALID.replacen("00", "01", 1),
            format!("cc{}-what-ever", &VALID[2..]),
        ] {
            assert_eq!(written_again(&header).as_deref(), Some(VALID), "{header}");
        }
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        for header in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.extra",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1",
            "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
            "00-4bf92f3577b34da6a3ce929d0e0e47\u{e9}-00f067aa0ba902b7-01",
        ] {
            assert_eq!(written_again(header), None, "{header}");
        }
    }

    /// Every header that differs from a valid one in one or two bytes, and a hundred thousand of
    /// noise: nothing panics, and what is taken has the shape of the standard.
    #[test]
    fn no_header_panics() {
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for _ in 0..100_000 {
            let mut header: Vec<char> = VALID.chars().collect();
            for _ in 0..=random() % 3 {
                let at = usize::try_from(random()).unwrap_or(0) % header.len();
                match random() % 3 {
                    0 => header[at] = char::from(u8::try_from(random() % 256).unwrap_or(0)),
                    1 => header.insert(at, '-'),
                    _ => header.truncate(at.max(1)),
                }
            }
            let header: String = header.into_iter().collect();
            if let Some(again) = written_again(&header) {
                assert_eq!(again.len(), VALID.len());
                assert_eq!(again[3..52], header[3..52]);
            }
        }
    }
}
