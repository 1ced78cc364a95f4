use carveout_metrics::{BuildInfo, Metrics};

/// A registry that is not exported.
pub fn metrics() -> Metrics {
    Metrics::new(BuildInfo {
        service: "interop".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        commit: "unknown".into(),
    })
}
