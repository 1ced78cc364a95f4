use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The `[telemetry]` section of a service's configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Which events are logged: a level (`off`, `error`, `warn`, `info`, `debug`, `trace`), and
    /// levels of single targets after it, as in `info,orders::db=debug`. Default `info`.
    pub log_level: String,
    /// How a log line looks. Default `json`.
    pub log_format: LogFormat,
    /// Whether spans are sent anywhere. Default `false`.
    pub otlp_enabled: bool,
    /// Where spans go, over gRPC without TLS. Default `http://localhost:4317`.
    pub otlp_endpoint: String,
    /// How long one batch of spans may take to be sent, retries included. Default 5 s.
    #[serde(with = "humantime_serde")]
    pub otlp_timeout: Duration,
    /// How many of the traces that begin here are recorded, from 0 to 1. A caller who sends a trace
    /// context has decided for its trace. Default 1.
    pub sample_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log_level: "info".to_owned(),
            log_format: LogFormat::Json,
            otlp_enabled: false,
            otlp_endpoint: "http://localhost:4317".to_owned(),
            otlp_timeout: Duration::from_secs(5),
            sample_ratio: 1.0,
        }
    }
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people, at a terminal.
    Text,
}
