//! The `traceparent` header of W3C Trace Context
//! (<https://www.w3.org/TR/trace-context/#traceparent-header>).
//!
//! Read here, and strictly: the propagator of the SDK takes ids that are too short or begin with a
//! `+`, and so would put into the logs what no other service of the trace has in its own.

use super::ids::{SpanId, SpanIds, TraceId};

/// `version-trace_id-span_id-flags`, two hexadecimal digits a byte.
const LENGTH: usize = 55;

/// The span that the header names, or nothing if it is not exactly as the standard has it.
pub(super) fn parse(header: &[u8]) -> Option<SpanIds> {
    let (known, extra) = header.split_first_chunk::<LENGTH>()?;
    if [known[2], known[35], known[52]] != [b'-'; 3] || !extra.is_ascii() {
        return None;
    }

    // A later version may append fields, and must be understood as far as this one goes.
    let acceptable = match u8::from_be_bytes(hex(known)?) {
        0xff => false,
        0 => extra.is_empty(),
        _ => extra.is_empty() || extra[0] == b'-',
    };
    if !acceptable {
        return None;
    }

    let trace_id = u128::from_be_bytes(hex(&known[3..])?);
    let span_id = u64::from_be_bytes(hex(&known[36..])?);
    let [flags] = hex(&known[53..])?;
    let sampled = flags & 1 == 1;
    (trace_id != 0 && span_id != 0).then_some(SpanIds {
        trace_id: TraceId(trace_id),
        span_id: SpanId(span_id),
        sampled,
    })
}

/// Always in version 00, which has one flag that is passed on.
pub(super) fn format(ids: SpanIds) -> String {
    let flags = u8::from(ids.sampled);
    format!("00-{}-{}-{flags:02x}", ids.trace_id, ids.span_id)
}

/// The bytes that twice as many hexadecimal digits are: lower-case ones only, as the standard
/// demands. A sign is no digit.
///
/// Nothing here depends on a digit but what is computed from it, so that a compiler can do many at
/// once: every call is asked for its parent.
#[inline]
fn hex<const BYTES: usize>(digits: &[u8]) -> Option<[u8; BYTES]> {
    let (pairs, _) = digits.as_chunks::<2>();
    let pairs = pairs.first_chunk::<BYTES>()?;
    let (mut bytes, mut all) = ([0; BYTES], true);
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, is_high) = digit(*high);
        let (low, is_low) = digit(*low);
        *byte = high << 4 | low;
        all &= is_high & is_low;
    }
    all.then_some(bytes)
}

#[inline]
fn digit(byte: u8) -> (u8, bool) {
    let (decimal, letter) = (byte.wrapping_sub(b'0'), byte.wrapping_sub(b'a'));
    let value = if decimal < 10 {
        decimal
    } else {
        letter.wrapping_add(10)
    };
    (value, (decimal < 10) | (letter < 6))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::ids::{SpanId, SpanIds, TraceId};
    use super::{format, hex, parse};
    use crate::edits::{cases, edits, nearly};

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn written_again(header: &str) -> Option<String> {
        parse(header.as_bytes()).map(format)
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

    #[test]
    fn of_all_bytes_sixteen_are_digits() {
        for byte in 0..=u8::MAX {
            let value = Some(byte)
                .filter(|byte| !byte.is_ascii_uppercase())
                .and_then(|byte| char::from(byte).to_digit(16))
                .map(u64::from);
            for at in 0..16 {
                let mut digits = *b"0123456789abcdef";
                digits[at] = byte;
                let place = 4 * (15 - at);
                let rest = 0x0123_4567_89ab_cdef & !(0xf << place);
                let expected = value.map(|value| rest | value << place);
                assert_eq!(
                    hex(&digits).map(u64::from_be_bytes),
                    expected,
                    "{byte:#x} at {at}"
                );
            }
            assert_eq!(
                hex(&[b'0', byte]).map(u8::from_be_bytes).map(u64::from),
                value
            );
        }
    }

    /// The standard, in another's words than [`parse`]'s: what a header comes to, written in version 00.
    fn standard(header: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(header)
            .ok()
            .filter(|it| it.is_ascii())?;
        // Later versions may say more, after another dash.
        let mut fields = text.splitn(5, '-');
        let mut field = |digits: usize| {
            let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            let field = fields.next()?;
            (field.len() == digits && field.chars().all(is_hex)).then_some(field)
        };
        let (version, trace, span, flags) = (field(2)?, field(32)?, field(16)?, field(2)?);
        let says_more = fields.next().is_some();
        let is_known = version == "00" && !says_more;
        let is_later = version != "00" && version != "ff";
        let is_id = |id: &str| id.contains(|digit| digit != '0');
        // The last bit of the flags is set in every other digit.
        let sampled = if flags.ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']) {
            "01"
        } else {
            "00"
        };
        ((is_known || is_later) && is_id(trace) && is_id(span))
            .then(|| format!("00-{trace}-{span}-{sampled}"))
    }

    /// Headers of this version and others, with ids that are zero now and then.
    fn header() -> impl Strategy<Value = String> {
        let version = prop_oneof![3 => Just(0), 1 => Just(0xff), 2 => any::<u8>()];
        let trace = prop_oneof![8 => any::<u128>(), 1 => Just(0), 1 => Just(1)];
        let span = prop_oneof![8 => any::<u64>(), 1 => Just(0), 1 => Just(1)];
        let more = select(&["", "", "", "-", "-more", "-01-\u{e9}", ".more", "0"][..]);
        let header = (version, trace, span, any::<u8>(), more);
        header.prop_map(|(version, trace, span, flags, more)| {
            format!("{version:02x}-{trace:032x}-{span:016x}-{flags:02x}{more}")
        })
    }

    proptest! {
        // Of two hundred edits each.
        #![proptest_config(cases(1000))]

        #[test]
        fn a_header_is_what_the_standard_says_and_nothing_else_is(
            (header, byte) in nearly(header(), b"0123456789abcdefABCDEFgx-+_ \t"),
        ) {
            for header in edits(&header, byte) {
                let again = parse(&header).map(format);
                prop_assert_eq!(again, standard(&header), "{}", header.escape_ascii());
            }
        }

        #[test]
        fn ids_are_read_as_they_are_written(trace: u128, span: u64, sampled: bool) {
            let ids = SpanIds { trace_id: TraceId(trace.max(1)), span_id: SpanId(span.max(1)), sampled };
            let header = format(ids);
            prop_assert_eq!(standard(header.as_bytes()), Some(header.clone()));
            prop_assert_eq!(parse(header.as_bytes()), Some(ids));
        }
    }
}
