//! A service with a `main` of its own: it takes over the trace of whoever started it, and logs
//! under its id.
//!
//! ```sh
//! cargo run -p carveout-telemetry --example traced
//! TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 OTLP=http://localhost:4317 \
//!     cargo run -p carveout-telemetry --example traced
//! ```

use carveout_telemetry::{InitError, ServiceInfo, TelemetryConfig, adopt_parent, init, inject};
use http::{HeaderMap, HeaderValue};
use std::time::Duration;

fn main() -> Result<(), InitError> {
    let mut config = TelemetryConfig::default();
    if let Ok(endpoint) = std::env::var("OTLP") {
        config.otlp_enabled = true;
        config.otlp_endpoint = endpoint;
    }
    let service = ServiceInfo {
        name: "example".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let telemetry = init(&config, service)?;
    tracing::info!("started");

    // The headers of a request would be here.
    let mut headers = HeaderMap::new();
    if let Some(parent) = std::env::var("TRACEPARENT")
        .ok()
        .and_then(|value| HeaderValue::try_from(value).ok())
    {
        headers.insert("traceparent", parent);
    }
    let span = tracing::info_span!(
        target: "carveout::rpc",
        "rpc",
        otel.name = "acme.orders.v1.OrdersService/GetItem",
        otel.kind = "server",
        rpc.system.name = "grpc",
        rpc.method = "acme.orders.v1.OrdersService/GetItem",
        rpc.response.status_code = tracing::field::Empty,
    );
    adopt_parent(&span, &headers);
    span.in_scope(|| {
        let mut downstream = HeaderMap::new();
        inject(&span, &mut downstream);
        tracing::info!(traceparent = ?downstream.get("traceparent"), "what the next service would be told");
    });
    span.record("rpc.response.status_code", "OK");
    drop(span);

    telemetry
        .log_control()
        .set("debug", Duration::from_secs(60))
        .expect("a level");
    tracing::debug!("this is logged for a minute");

    let report = telemetry.shutdown(Duration::from_secs(2));
    if !report.is_complete() {
        eprintln!("not everything left in time: {report:?}");
    }
    Ok(())
}
