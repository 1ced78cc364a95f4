use std::net::SocketAddr;
use std::time::Duration;

use carveout_grpc::{Routes, ServerConfig, SlowCalls, Stack, StackOptions};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use carveout_telemetry::{ServiceInfo, Telemetry, TelemetryConfig};
use greeter_api as api;

use crate::handler::Handler;

/// As a service sets it up.
pub(crate) fn telemetry() -> Telemetry {
    let info = ServiceInfo {
        name: "overload".into(),
        version: "0".into(),
    };
    carveout_telemetry::init(&TelemetryConfig::default(), info).expect("telemetry")
}

/// The kit's server with everything as it comes: what a service is protected by that nobody has
/// configured.
pub(crate) async fn start(handler: Handler) -> SocketAddr {
    let config = ServerConfig {
        host: "127.0.0.1".into(),
        port: 0,
        ..ServerConfig::default()
    };
    let (health, metrics) = (
        Health::new(),
        Metrics::new(BuildInfo {
            service: "overload".into(),
            version: "0".into(),
            commit: "0".into(),
        }),
    );
    let options = StackOptions {
        service: "overload".into(),
        health: health.clone(),
        metrics,
        slow: SlowCalls::default(),
        overload: carveout_grpc::OverloadConfig::default(),
    };
    let routes = Routes::new().add(api::server(handler), api::FILE_DESCRIPTOR_SET);
    let stack = Stack::new(routes, &config, options).expect("a stack");
    let listener = carveout_grpc::bind(&config).await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    health.enter(Phase::Serving);
    tokio::spawn(async move {
        let never = std::future::pending();
        carveout_grpc::serve(listener, stack, &config, Duration::ZERO, never).await
    });
    addr
}
