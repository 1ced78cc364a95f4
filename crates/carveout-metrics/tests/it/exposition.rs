use crate::scrape::{OPENMETRICS, metrics, value};
use carveout_metrics::RpcMetrics;
use carveout_metrics::prometheus_client::collector::Collector;
use carveout_metrics::prometheus_client::encoding::DescriptorEncoder;
use carveout_metrics::prometheus_client::metrics::counter::Counter;
use carveout_metrics::prometheus_client::metrics::family::Family;
use std::fmt;

#[test]
fn each_format_is_named_and_ended_as_it_should_be() {
    let metrics = metrics();
    let text = metrics.encode(None);
    assert_eq!(
        text.content_type,
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert!(
        !text.body.contains("# EOF") && !text.body.contains("# UNIT"),
        "{}",
        text.body
    );
    assert!(
        text.body.contains("# TYPE panics_total counter\n"),
        "{}",
        text.body
    );
    let build = r#"build_info{service="orders",version="1.2.0",commit="4be1c7d"}"#;
    assert_eq!(value(&text.body, build), Some(1.0));

    let open = metrics.encode(OPENMETRICS);
    assert_eq!(
        open.content_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(open.body.ends_with("\n# EOF\n"));
    assert!(
        open.body.contains("# TYPE panics counter\n"),
        "{}",
        open.body
    );
    assert_eq!(value(&open.body, build), Some(1.0));
}

#[test]
fn a_service_registers_when_it_likes_and_its_labels_hold_anything() {
    let metrics = metrics();
    metrics.encode(None);
    let family = Family::<[(&'static str, String); 1], Counter>::default();
    metrics.register(|registry| registry.register("odd", "Odd labels", family.clone()));
    let odd = "a \"b\" \\ # {c=\"d\"} 1\n# TYPE panics gauge";
    family.get_or_create(&[("label", odd.to_owned())]).inc_by(7);

    let sample = r##"odd_total{label="a \"b\" \\ # {c=\"d\"} 1\n# TYPE panics gauge"}"##;
    for accept in [None, OPENMETRICS] {
        let body = metrics.encode(accept).body;
        assert_eq!(value(&body, sample), Some(7.0), "{body}");
    }
}

#[test]
fn a_collector_that_fails_makes_a_scrape_that_nobody_takes_for_whole() {
    #[derive(Debug)]
    struct Broken;
    impl Collector for Broken {
        fn encode(&self, _: DescriptorEncoder<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let metrics = metrics();
    metrics.register(|registry| registry.register_collector(Box::new(Broken)));
    for accept in [None, OPENMETRICS] {
        let body = metrics.encode(accept).body;
        assert!(
            body.ends_with("a collector failed and the metrics after it are missing\n"),
            "{body}"
        );
        assert!(!body.contains("# EOF"));
    }
}

#[test]
fn exemplars_are_in_openmetrics_only() {
    let metrics = metrics();
    let rpc = RpcMetrics::server(&metrics, ["a.v1.A/Get"]);
    rpc.start(Some(0))
        .finish("OK", Some(0x4bf92f3577b34da6a3ce929d0e0e4736));
    rpc.start(Some(0)).finish("NOT_FOUND", None);
    rpc.start(Some(0)).finish("ABORTED", Some(7));
    let exemplar = "# {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} ";
    let open = metrics.encode(OPENMETRICS).body;
    assert_eq!(open.matches(exemplar).count(), 1, "{open}");
    let digits = format!("# {{trace_id=\"{}7\"}} ", "0".repeat(31));
    assert_eq!(open.matches(&digits).count(), 1, "{open}");
    assert!(!metrics.encode(None).body.contains("trace_id"));
}
