use std::time::Instant;

use carveout_metrics::RpcMetrics;
use http::{HeaderMap, HeaderValue};
use tracing::Span;

use crate::server;
use crate::table::{self, Wanted};

/// What is done once a call, by itself.
pub(crate) fn print() {
    let methods = vec!["acme.greeter.v1.GreeterService/GetItem".to_owned()];
    let calls = RpcMetrics::server(&server::metrics(), methods);
    let metric = || nanoseconds(|| calls.start(Some(0)).finish("OK", None));
    let what = "recording a call in the metrics, ns";
    table::own(
        what,
        Ok(table::repeated(metric)),
        Some(Wanted::AtMost(100.0)),
    );

    let mut headers = HeaderMap::new();
    let unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    headers.insert("traceparent", HeaderValue::from_static(unsampled));
    let make = || tracing::info_span!("rpc", otel.kind = "server", rpc.method = "m");
    let below = || carveout_telemetry::below_caller(&headers, make).0;
    spans(
        ["the span of an unsampled call, ns", "a span within it, ns"],
        Some(Wanted::AtMost(200.0)),
        below,
        make,
    );

    // What no layer can be below.
    let registry = tracing::Dispatch::new(tracing_subscriber::registry());
    tracing::dispatcher::with_default(&registry, || {
        let alone = [
            "tracing alone, a call's span, ns",
            "tracing alone, one within it, ns",
        ];
        spans(alone, None, make, make);
    });
}

fn spans(
    what: [&str; 2],
    wanted: Option<Wanted>,
    call: impl Fn() -> Span,
    child: impl Fn() -> Span,
) {
    let span = || nanoseconds(|| drop(call()));
    table::own(what[0], Ok(table::repeated(span)), wanted);
    let within = call().entered();
    let span = || nanoseconds(|| drop(child()));
    table::own(what[1], Ok(table::repeated(span)), wanted);
    drop(within);
}

fn nanoseconds(mut run: impl FnMut()) -> f64 {
    const TIMES: u32 = 500_000;
    let begun = Instant::now();
    (0..TIMES).for_each(|_| run());
    begun.elapsed().as_nanos() as f64 / f64::from(TIMES)
}
