use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::edits::{cases, edits, nearly};

#[test]
fn timeouts_are_read_as_the_protocol_writes_them() {
    let cases = [
        ("1H", Some(Duration::from_secs(3600))),
        ("2M", Some(Duration::from_secs(120))),
        ("3S", Some(Duration::from_secs(3))),
        ("100m", Some(Duration::from_millis(100))),
        ("7u", Some(Duration::from_micros(7))),
        ("0n", Some(Duration::ZERO)),
        ("99999999H", Some(Duration::from_secs(99_999_999 * 3600))),
        ("999999999S", None),
        ("", None),
        ("S", None),
        ("5", None),
        ("5s", None),
        ("-5S", None),
        ("+5S", None),
        ("1.5S", None),
        (" 5S", None),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_timeout(text.as_bytes()), expected, "{text:?}");
    }
}

#[test]
fn a_timeout_is_written_in_the_finest_unit() {
    let written = |nanos| format_timeout(Duration::from_nanos(nanos));
    assert_eq!(written(0), "0n");
    assert_eq!(written(99_999_999), "99999999n");
    assert_eq!(written(100_000_000), "100000u");
    assert_eq!(format_timeout(Duration::from_millis(250)), "250000u");
    assert_eq!(format_timeout(Duration::MAX), "99999999S");
}

/// The grammar of the protocol, in another's words than [`parse_timeout`]'s: what it comes to, in
/// nanoseconds. It wants a positive number, and every gRPC takes a zero: of callers whose time is over.
fn grammar(text: &[u8]) -> Option<u128> {
    const UNITS: [(&str, u128); 6] = [
        ("H", 3_600_000_000_000),
        ("M", 60_000_000_000),
        ("S", 1_000_000_000),
        ("m", 1_000_000),
        ("u", 1_000),
        ("n", 1),
    ];
    let text = std::str::from_utf8(text).ok()?;
    let mut units = UNITS.into_iter();
    let (value, unit) = units.find_map(|(unit, nanos)| Some((text.strip_suffix(unit)?, nanos)))?;
    let is_value =
        (1..=8).contains(&value.len()) && value.chars().all(|c| "0123456789".contains(c));
    is_value.then(|| value.parse::<u128>().expect("digits") * unit)
}

/// Timeouts of one to nine digits: any, and the most of so many.
fn timeout() -> impl Strategy<Value = String> {
    let timeout = (
        any::<u32>(),
        any::<bool>(),
        1..=9usize,
        select(&b"HMSmun"[..]),
    );
    timeout.prop_map(|(amount, most, digits, unit)| {
        let all = 10u32.pow(digits as u32);
        let amount = if most { all - 1 } else { amount % all };
        format!("{amount:0digits$}{}", char::from(unit))
    })
}

proptest! {
    // Of thirty edits each.
    #![proptest_config(cases(5000))]

    #[test]
    fn a_timeout_is_what_the_grammar_says_and_nothing_else_is(
        (text, byte) in nearly(timeout(), b"0123456789HMSmunhs+-. _,\t"),
    ) {
        for text in edits(&text, byte) {
            let read = parse_timeout(&text).map(|timeout| timeout.as_nanos());
            prop_assert_eq!(read, grammar(&text), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn a_written_timeout_is_one_and_gives_away_less_than_its_unit(
        secs: u64, nanos in 0..1_000_000_000u32,
    ) {
        for shift in 0..u64::BITS {
            let timeout = Duration::new(secs >> shift, nanos);
            let text = format_timeout(timeout);
            let read = parse_timeout(text.as_bytes()).map(|timeout| timeout.as_nanos());
            prop_assert_eq!(read, grammar(text.as_bytes()), "{}", text);
            let lost = timeout.as_nanos().checked_sub(read.unwrap());
            let unit = grammar(format!("1{}", &text[text.len() - 1..]).as_bytes()).unwrap();
            prop_assert!(lost.is_some_and(|lost| lost < unit) || text == "99999999S", "{}", text);
            // No finer one would have done.
            prop_assert!(unit == 1 || timeout.as_nanos() / (unit / 1000) > 99_999_999, "{}", text);
        }
    }

    #[test]
    fn a_call_ends_by_the_sooner_of_its_bounds_or_is_refused(
        (text, byte) in nearly(timeout(), b"0123456789HMSmun \t"),
        allowed in proptest::option::of((any::<u64>(), 0..64u32)),
    ) {
        let allowed = allowed.map(|(secs, shift)| Duration::from_secs(secs >> shift));
        let at = Instant::now();
        // The clock can tell what will be in a century, whatever it is.
        let is_after = |deadline: Option<Instant>, nanos: u128| match deadline {
            Some(deadline) => (deadline - at).as_nanos() == nanos,
            None => nanos >> 62 > 0,
        };
        if let Some(allowed) = allowed {
            let deadline = of(&HeaderMap::new(), at, Some(allowed)).unwrap();
            prop_assert!(is_after(deadline, allowed.as_nanos()), "{:?}", allowed);
        }
        for text in edits(&text, byte) {
            // What is no value of a header does not come as far as here.
            let Ok(value) = http::HeaderValue::from_bytes(&text) else { continue };
            let headers = HeaderMap::from_iter([(GRPC_TIMEOUT.clone(), value)]);
            match (of(&headers, at, allowed), grammar(&text)) {
                (Ok(deadline), Some(asked)) => {
                    let sooner = allowed.map_or(asked, |allowed| asked.min(allowed.as_nanos()));
                    prop_assert!(is_after(deadline, sooner), "{}", text.escape_ascii());
                }
                (Err(error), None) => {
                    let error = error.to_string();
                    prop_assert!(error.starts_with("INVALID_ARGUMENT INVALID_TIMEOUT"), "{}", error);
                }
                (read, grammar) => prop_assert!(false, "{:?} and not {:?}", read.is_ok(), grammar),
            }
        }
    }
}
