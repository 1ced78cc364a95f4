use std::time::Instant;

use carveout_metrics::RpcMetrics;
use http::{HeaderMap, HeaderValue};

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
    let most = Some(Wanted::AtMost(200.0));
    let span = || nanoseconds(|| drop(below()));
    let what = "the span of an unsampled call, ns";
    table::own(what, Ok(table::repeated(span)), most);
    let within = below().entered();
    let span = || nanoseconds(|| drop(make()));
    let what = "a span within it, ns";
    table::own(what, Ok(table::repeated(span)), most);
    drop(within);
}

fn nanoseconds(mut run: impl FnMut()) -> f64 {
    const TIMES: u32 = 500_000;
    let begun = Instant::now();
    (0..TIMES).for_each(|_| run());
    begun.elapsed().as_nanos() as f64 / f64::from(TIMES)
}
