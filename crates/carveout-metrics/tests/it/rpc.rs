use crate::scrape::{metrics, samples, value};
use carveout_metrics::{Fault, OTHER, RPC_BUCKETS_SECONDS, RpcMetrics};
use std::time::Instant;

const GET: &str = "acme.orders.v1.OrdersService/GetItem";
const LIST: &str = "acme.orders.v1.OrdersService/ListItems";

fn count(body: &str, side: &str, method: &str, code: &str) -> Option<f64> {
    let labels = format!(
        "rpc_system_name=\"grpc\",rpc_method=\"{method}\",rpc_response_status_code=\"{code}\""
    );
    value(
        body,
        &format!("rpc_{side}_call_duration_seconds_count{{{labels}}}"),
    )
}

fn active(body: &str, method: &str) -> Option<f64> {
    value(
        body,
        &format!("rpc_server_active_calls{{rpc_system_name=\"grpc\",rpc_method=\"{method}\"}}"),
    )
}

fn started(body: &str, method: &str) -> Option<f64> {
    value(
        body,
        &format!("grpc_server_call_started_total{{grpc_method=\"{method}\"}}"),
    )
}

#[test]
fn a_call_is_started_then_active_then_timed() {
    let metrics = metrics();
    let rpc = RpcMetrics::server(&metrics, [GET, LIST]);
    let index = rpc.index_of(&format!("/{GET}"));
    assert_eq!(index.and_then(|index| rpc.method_name(index)), Some(GET));

    let call = rpc.start(index);
    let body = metrics.encode(None).body;
    assert_eq!(
        (started(&body, GET), active(&body, GET)),
        (Some(1.0), Some(1.0))
    );
    assert!(
        samples(&body, "rpc_server_call_duration_seconds").is_empty(),
        "no call has ended:\n{body}"
    );

    call.finish("UNAVAILABLE", None);
    let body = metrics.encode(None).body;
    assert_eq!(
        (started(&body, GET), active(&body, GET)),
        (Some(1.0), Some(0.0))
    );
    assert_eq!(count(&body, "server", GET, "UNAVAILABLE"), Some(1.0));
    assert_eq!(count(&body, "server", GET, "OK"), None);
    assert_eq!(started(&body, LIST), Some(0.0));
    // One histogram: its buckets, the one above all, the sum and the count.
    assert_eq!(
        samples(&body, "rpc_server_call_duration_seconds").len(),
        RPC_BUCKETS_SECONDS.len() + 3,
        "{body}"
    );
}

#[test]
fn a_call_that_is_dropped_was_cancelled() {
    let metrics = metrics();
    let rpc = RpcMetrics::server(&metrics, [GET]);
    drop(rpc.start(Some(0)));
    let body = metrics.encode(None).body;
    assert_eq!(count(&body, "server", GET, "CANCELLED"), Some(1.0));
    assert_eq!(active(&body, GET), Some(0.0));
}

#[test]
fn a_caller_cannot_make_a_series() {
    let metrics = metrics();
    let rpc = RpcMetrics::server(&metrics, [GET]);
    let lines = || metrics.encode(None).body.lines().count();
    rpc.start(rpc.index_of("/first/Unknown"))
        .finish("UNIMPLEMENTED", None);
    let before = lines();
    for number in 0..1_000 {
        let path = format!("/made.up.v{number}/Method\"{number}");
        assert_eq!(rpc.index_of(&path), None);
        rpc.start(rpc.index_of(&path)).finish("UNIMPLEMENTED", None);
    }
    // Neither does an index that names nothing, nor a code that is none.
    rpc.start(Some(usize::MAX)).finish("UNIMPLEMENTED", None);
    assert_eq!(lines(), before);
    let body = metrics.encode(None).body;
    assert_eq!(
        count(&body, "server", OTHER, "UNIMPLEMENTED"),
        Some(1_002.0)
    );
    assert!(!body.contains("made.up"));

    rpc.start(Some(0)).finish("MADE_UP", None);
    assert_eq!(
        count(&metrics.encode(None).body, "server", GET, "UNKNOWN"),
        Some(1.0)
    );
}

#[test]
fn a_path_is_not_a_name() {
    let rpc = RpcMetrics::server(&metrics(), [GET]);
    for path in [
        "",
        "/",
        GET,
        "//acme.orders.v1.OrdersService/GetItem",
        "/acme.orders.v1.OrdersService/GetItem/",
        OTHER,
        "/_OTHER",
    ] {
        assert_eq!(rpc.index_of(path), None, "{path}");
    }
}

#[test]
fn two_channels_to_one_service_share_its_series() {
    let metrics = metrics();
    let (first, second) = (
        RpcMetrics::client(&metrics, [GET]),
        RpcMetrics::client(&metrics, [LIST, GET]),
    );
    first.start(Some(0)).finish("OK", None);
    second.start(Some(1)).finish("OK", None);
    let body = metrics.encode(None).body;
    assert_eq!(count(&body, "client", GET, "OK"), Some(2.0));
    assert_eq!(count(&body, "server", GET, "OK"), None);
    assert_eq!(
        body.matches("# TYPE rpc_client_call_duration_seconds ")
            .count(),
        1
    );
    let attempts = format!("grpc_client_attempt_started_total{{grpc_method=\"{GET}\"}}");
    assert_eq!(value(&body, &attempts), Some(2.0));
}

#[test]
fn nothing_is_measured_where_nothing_is_asked_for() {
    let rpc = RpcMetrics::none();
    assert_eq!(
        (rpc.index_of(&format!("/{GET}")), rpc.method_name(0)),
        (None, None)
    );
    rpc.start(None).finish("OK", None);
}

#[test]
fn no_call_is_lost_between_threads() {
    let metrics = metrics();
    let rpc = RpcMetrics::server(&metrics, [GET]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..1_000).for_each(|_| rpc.start(Some(0)).finish("OK", Some(1))));
        }
        scope.spawn(|| (0..100).for_each(|_| drop(metrics.encode(None))));
    });
    let body = metrics.encode(None).body;
    assert_eq!(count(&body, "server", GET, "OK"), Some(8_000.0));
    assert_eq!(
        (started(&body, GET), active(&body, GET)),
        (Some(8_000.0), Some(0.0))
    );
}

#[test]
fn a_callers_fault_is_a_series_of_its_own_for_the_codes_of_faults_alone() {
    let metrics = metrics();
    let rpc = RpcMetrics::server(&metrics, [GET]);
    for code in ["INTERNAL", "NOT_FOUND", "OK"] {
        for fault in [Fault::Server, Fault::Caller] {
            let call = rpc.start(rpc.index_of(&format!("/{GET}")));
            call.finish_by(Instant::now(), code, fault, None);
        }
    }
    let body = metrics.encode(None).body;
    let callers = |code: &str| {
        let labels = format!(
            "rpc_system_name=\"grpc\",rpc_method=\"{GET}\",rpc_response_status_code=\"{code}\",rpc_fault=\"caller\""
        );
        value(
            &body,
            &format!("rpc_server_call_duration_seconds_count{{{labels}}}"),
        )
    };
    assert_eq!(count(&body, "server", GET, "INTERNAL"), Some(1.0));
    assert_eq!(callers("INTERNAL"), Some(1.0));
    for code in ["NOT_FOUND", "OK"] {
        assert_eq!(count(&body, "server", GET, code), Some(2.0));
        assert_eq!(callers(code), None);
    }
}
