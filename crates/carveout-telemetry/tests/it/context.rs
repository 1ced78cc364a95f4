use crate::world::{PARENT, TRACE, lines};
use carveout_telemetry::{
    TelemetryConfig, adopt_parent, below_caller, ids, inject, remote_parent, trace_id,
};
use http::{HeaderMap, HeaderValue};
use tracing::{Level, Span, info_span};

fn config(log_level: &str, sample_ratio: f64) -> TelemetryConfig {
    TelemetryConfig {
        log_level: log_level.to_owned(),
        sample_ratio,
        ..TelemetryConfig::default()
    }
}

/// With a receiver that is never there: everything but the sending must be the same with and
/// without OTLP.
fn with_and_without_otlp(config: TelemetryConfig) -> [TelemetryConfig; 2] {
    [
        config.clone(),
        TelemetryConfig {
            otlp_enabled: true,
            otlp_endpoint: "http://127.0.0.1:1".to_owned(),
            ..config
        },
    ]
}

fn headers(parent: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("traceparent", HeaderValue::try_from(parent).expect(parent));
    headers
}

fn injected(span: &Span) -> String {
    let mut headers = HeaderMap::new();
    inject(span, &mut headers);
    headers["traceparent"].to_str().expect("ASCII").to_owned()
}

/// An unsampled trace, so that no span waits for the receiver that is not there.
fn unsampled() -> String {
    PARENT.replace("-01", "-00")
}

#[test]
fn a_span_below_its_caller_comes_with_its_ids() {
    for config in with_and_without_otlp(config("info", 0.0)) {
        lines(&config, |_| {
            let (span, told) = below_caller(&headers(&unsampled()), || info_span!("rpc"));
            assert_eq!(told.expect("a span").trace_id.to_string(), TRACE);
            assert_eq!(told, ids(&span));
            let (root, told) = below_caller(&HeaderMap::new(), || info_span!("rpc"));
            assert_eq!(told, ids(&root));
            assert_ne!(told.expect("a span").trace_id.to_string(), TRACE);

            let disabled = || tracing::debug_span!("rpc");
            let (_, told) = below_caller(&headers(&unsampled()), disabled);
            assert_eq!(told, None);
            // And nothing is left for the next span.
            let next = info_span!("next");
            assert_ne!(trace_id(&next).expect("a span").to_string(), TRACE);
        });
    }
}

#[test]
fn a_log_line_carries_the_trace_of_the_caller() {
    for config in with_and_without_otlp(config("info", 1.0)) {
        let mut expected = String::new();
        let lines = lines(&config, |_| {
            let span = info_span!(target: "carveout::rpc", "rpc");
            assert!(adopt_parent(&span, &headers(&unsampled())));
            let child = info_span!(parent: &span, "query");
            child.in_scope(|| tracing::info!("read"));
            expected = ids(&child).expect("a span").span_id.to_string();
            assert_ne!(ids(&span).expect("a span").span_id.to_string(), expected);
        });
        assert_eq!(lines[0]["trace_id"], TRACE);
        assert_eq!(lines[0]["span_id"], expected.as_str());
    }
}

#[test]
fn every_span_has_an_id_whatever_is_sampled_or_logged() {
    for ratio in [0.0, 1.0] {
        for level in ["off", "error", "trace"] {
            lines(&config(level, ratio), |_| {
                let [first, second] = [info_span!("first"), info_span!("second")]
                    .map(|span| ids(&span).expect("ids"));
                assert_ne!(first.trace_id, second.trace_id);
                assert_eq!(first.trace_id.to_string().len(), 32);
                assert_eq!(first.sampled, ratio > 0.0);
            });
        }
    }
}

#[test]
fn a_span_without_otlp_tells_the_next_service_what_the_caller_decided() {
    // The ratio is for traces that begin here, and for no other.
    for ratio in [0.0, 1.0] {
        for parent in [PARENT.to_owned(), unsampled()] {
            lines(&config("info", ratio), |_| {
                let span = info_span!("rpc");
                adopt_parent(&span, &headers(&parent));
                let child = span.in_scope(|| info_span!("call"));
                let sent = injected(&child);
                assert_eq!(sent[..36], parent[..36]);
                assert_eq!(sent[52..], parent[52..], "the sampled flag");
                assert_ne!(sent[36..52], parent[36..52], "the span is the caller now");
                assert_eq!(sent[36..52], ids(&child).expect("ids").span_id.to_string());
            });
        }
    }
}

#[test]
fn with_otlp_an_unsampled_trace_stays_so() {
    let [_, config] = with_and_without_otlp(config("info", 1.0));
    lines(&config, |_| {
        let span = info_span!("rpc");
        adopt_parent(&span, &headers(&unsampled()));
        assert!(injected(&span).ends_with("-00"));
    });
}

#[test]
fn tracestate_is_passed_on_and_stale_state_is_not() {
    lines(&config("info", 1.0), |_| {
        let span = info_span!("rpc");
        let mut incoming = headers(PARENT);
        incoming.insert("tracestate", HeaderValue::from_static("acme=1,other=2"));
        adopt_parent(&span, &incoming);
        let mut outgoing = headers(&unsampled());
        inject(&span, &mut outgoing);
        assert_eq!(outgoing["tracestate"], "acme=1,other=2");
        assert_eq!(outgoing.get_all("traceparent").iter().count(), 1);

        inject(&info_span!("root"), &mut outgoing);
        assert!(!outgoing.contains_key("tracestate"));
    });
}

#[test]
fn without_a_usable_parent_a_trace_begins_here() {
    lines(&config("info", 1.0), |_| {
        for broken in [
            "",
            "00-0-0-0",
            &PARENT.to_uppercase(),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            assert!(remote_parent(&headers(broken)).is_none(), "{broken}");
            let span = info_span!("rpc");
            assert!(!adopt_parent(&span, &headers(broken)));
            assert_ne!(trace_id(&span).expect("an id").to_string(), TRACE);
        }
    });
}

#[test]
fn a_span_that_has_its_place_keeps_it() {
    lines(&config("info", 1.0), |_| {
        let span = info_span!("rpc");
        let before = trace_id(&span);
        assert!(!adopt_parent(&span, &headers(PARENT)));
        assert_eq!(trace_id(&span), before);
    });
}

#[test]
fn a_disabled_span_changes_no_headers() {
    lines(&config("trace", 1.0), |_| {
        for span in [
            Span::none(),
            tracing::span!(Level::DEBUG, "below the level of spans"),
        ] {
            let mut outgoing = headers(PARENT);
            inject(&span, &mut outgoing);
            assert_eq!(outgoing["traceparent"], PARENT);
            assert_eq!(trace_id(&span), None);
            assert!(!adopt_parent(&span, &headers(PARENT)));
        }
    });
}

#[test]
fn a_span_within_another_is_in_its_trace_whoever_asks_first() {
    for config in with_and_without_otlp(config("info", 0.0)) {
        lines(&config, |_| {
            let (call, told) = below_caller(&headers(&unsampled()), || info_span!("rpc"));
            let query = call.in_scope(|| info_span!("query"));
            let row = info_span!(parent: &query, "row");

            let asked = [&row, &query, &row].map(|span| ids(span).expect("ids"));
            assert_eq!(asked[0], asked[2]);
            let mut spans = vec![told.expect("ids"), asked[0], asked[1]];
            assert!(spans.iter().all(|ids| ids.trace_id.to_string() == TRACE));
            assert!(spans.iter().all(|ids| !ids.sampled));
            spans.dedup_by_key(|ids| ids.span_id);
            assert_eq!(spans.len(), 3);
            assert!(!adopt_parent(&query, &headers(PARENT)));

            let other = call.in_scope(|| info_span!(parent: None, "of its own"));
            assert_ne!(trace_id(&other).expect("an id").to_string(), TRACE);
        });
    }
}

#[test]
fn threads_that_ask_at_once_are_told_the_same() {
    lines(&config("info", 0.0), |_| {
        let call = info_span!("rpc");
        for _ in 0..100 {
            let query = info_span!(parent: &call, "query");
            let start = std::sync::Barrier::new(2);
            let ask = || {
                start.wait();
                ids(&query).expect("ids")
            };
            let (here, there) = std::thread::scope(|threads| {
                let there = threads.spawn(ask);
                (ask(), there.join().expect("no panic"))
            });
            assert_eq!(here, there);
        }
    });
}
