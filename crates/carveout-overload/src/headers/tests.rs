use http::HeaderValue;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::edits::{cases, edits, nearly};

#[test]
fn a_trace_has_one_level_by_one_key_and_another_by_another() {
    let headers = |trace: u64| {
        let mut headers = HeaderMap::new();
        let value = format!("00-{trace:032x}-00f067aa0ba902b7-01");
        headers.insert(&TRACEPARENT, HeaderValue::from_str(&value).unwrap());
        headers
    };
    let level = |secret: &str, trace| {
        let key = TraceKey::from_secret(secret.as_bytes());
        Level::of_headers_by(&headers(trace), &key, || false)
    };
    let levels = |secret: &str| -> Vec<_> { (0..64).map(|trace| level(secret, trace)).collect() };
    assert_eq!(levels("of all services"), levels("of all services"));
    assert_ne!(levels("of all services"), levels("of others"));
    // Without a secret, too.
    assert_eq!(
        Level::of_headers(&headers(7)),
        Level::of_headers(&headers(7))
    );
}

#[test]
fn critical_plus_of_an_untrusted_caller_counts_as_critical() {
    let mut headers = HeaderMap::new();
    for criticality in Criticality::ALL {
        let value = HeaderValue::from_static(criticality.as_str());
        headers.insert(&CRITICALITY, value);
        let lowered = criticality.min(Criticality::Critical);
        assert_eq!(Level::of_headers(&headers).class(), lowered);
        let key = TraceKey::random();
        let raised = Level::of_headers_by(&headers, &key, || true);
        assert_eq!(raised.class(), criticality);
    }
    // Other requests never evaluate the policy.
    headers.clear();
    let key = TraceKey::random();
    Level::of_headers_by(&headers, &key, || panic!("it was asked"));
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Header {
    Trace,
    Criticality,
    Attempts,
    Other,
}

impl Header {
    fn name(self) -> HeaderName {
        HeaderName::from_static(match self {
            Header::Trace => "traceparent",
            Header::Criticality => "x-criticality",
            Header::Attempts => "grpc-previous-rpc-attempts",
            Header::Other => "x-other",
        })
    }
}

const HEADERS: [Header; 4] = [
    Header::Trace,
    Header::Criticality,
    Header::Attempts,
    Header::Other,
];

const NAMES: [&str; 7] = [
    "CRITICAL_PLUS",
    "CRITICAL",
    "SHEDDABLE_PLUS",
    "SHEDDABLE",
    "critical",
    "",
    "1",
];

/// What belongs into one of the headers or another.
fn value() -> impl Strategy<Value = String> {
    let trace = any::<(u128, u64)>();
    let trace = trace.prop_map(|(trace, span)| format!("00-{trace:032x}-{span:016x}-01"));
    prop_oneof![select(&NAMES[..]).prop_map(str::to_owned), trace]
}

proptest! {
    // Of eighty edits each.
    #![proptest_config(cases(2000))]

    #[test]
    fn whatever_a_call_says_it_has_the_level_of_its_trace_its_criticality_and_its_attempts(
        first in vec((select(&HEADERS[..]), value()), 0..3),
        last in select(&HEADERS[..]),
        (value, byte) in nearly(value(), b"0123456789abcdefCRITICALSHEDDABLE_PLUS- \t"),
    ) {
        for value in edits(&value, byte) {
            // HTTP lets nothing else through.
            let Ok(_) = HeaderValue::from_bytes(&value) else { continue };
            let first = first.iter().map(|(header, value)| (*header, value.as_bytes()));
            let sent: Vec<_> = first.chain([(last, value.as_slice())]).collect();
            let said = sent.iter().map(|(header, value)| format!("{header:?} {}", value.escape_ascii()));
            prop_assert!(is_level_of(&sent), "{:?}", said.collect::<Vec<_>>());
        }
    }
}

/// Whether the level of a call with these headers is what it has to be.
fn is_level_of(sent: &[(Header, &[u8])]) -> bool {
    let mut headers = HeaderMap::new();
    for (header, value) in sent {
        headers.append(header.name(), HeaderValue::from_bytes(value).unwrap());
    }
    // Of two that are the same, the last one counts.
    let last = |wanted: Header| {
        let mut found = sent.iter().rev().filter(|(header, _)| *header == wanted);
        found.next().map(|(_, value)| *value)
    };
    let criticality = match last(Header::Criticality) {
        Some(b"CRITICAL_PLUS") => Criticality::CriticalPlus,
        Some(b"SHEDDABLE_PLUS") => Criticality::SheddablePlus,
        Some(b"SHEDDABLE") => Criticality::Sheddable,
        // This is what a call is that says nothing, or nothing that is known.
        _ => Criticality::Critical,
    };
    let is_retry = last(Header::Attempts).is_some();
    let key = TraceKey::from_secret(b"of a test");
    [true, false].into_iter().all(|may_raise| {
        let criticality = match may_raise {
            true => criticality,
            false => criticality.min(Criticality::Critical),
        };
        let expected = |user| Level::new(criticality, user, is_retry);
        let level = Level::of_headers_by(&headers, &key, || may_raise);
        // What is too short is no trace, and such a call is of any.
        match last(Header::Trace).filter(|trace| trace.len() >= 35) {
            Some(trace) => level == expected(key.hash(&trace[3..35])),
            None => (expected(0)..=expected(127)).contains(&level),
        }
    })
}
