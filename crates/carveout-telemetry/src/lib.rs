//! Traces and logs of a service: set up once, tied together by the trace id.
//!
//! ```
//! use carveout_telemetry::{ServiceInfo, TelemetryConfig, adopt_parent, dispatch, inject, trace_id};
//! use http::HeaderMap;
//!
//! // `init` does this for the whole process, with standard output.
//! let service = ServiceInfo { name: "orders".into(), version: "1.2.0".into() };
//! let (dispatch, telemetry) = dispatch(&TelemetryConfig::default(), service, std::io::sink())?;
//!
//! tracing::dispatcher::with_default(&dispatch, || {
//!     // A request comes in, with the trace of its caller.
//!     let mut headers = HeaderMap::new();
//!     let caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
//!     headers.insert("traceparent", caller);
//!     let span = tracing::info_span!("GetItem");
//!     adopt_parent(&span, &headers);
//!     assert_eq!(trace_id(&span).unwrap().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
//!
//!     // The log line carries the trace id, and so does the call to the next service.
//!     span.in_scope(|| tracing::info!(item = 42, "read"));
//!     let mut downstream = HeaderMap::new();
//!     inject(&span, &mut downstream);
//!     assert!(downstream["traceparent"].to_str().unwrap().starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
//! });
//!
//! let report = telemetry.shutdown(std::time::Duration::from_secs(5));
//! assert!(report.is_complete());
//! # Ok::<(), carveout_telemetry::InitError>(())
//! ```
//!
//! # Spans are traces, events are logs
//!
//! A span of level INFO or above is part of the trace, whatever the log level is; below that it
//! does not exist. An event is a log line, and is not sent over OTLP: the trace id that both carry
//! leads from one to the other. A span has a valid trace id in every case: sampled or not, OTLP on
//! or off.
//!
//! # What is written
//!
//! One JSON object a line, on standard output:
//!
//! ```text
//! {"timestamp":"2026-01-02T03:04:05.678901Z","level":"INFO","target":"orders::rpc","message":"read","item":42,"service":"orders","trace_id":"4bf9","span_id":"00f0"}
//! ```
//!
//! The fields of the event stand beside these. One that has the name of one of these is written as
//! `fields.NAME`. With `log_format = "text"` a line is for people instead.
//!
//! A thread of its own writes, so that a reader who has stopped reading cannot stop the workers.
//! What does not fit in 8 MiB of waiting lines is dropped, counted ([`Telemetry::stats`]) and
//! reported in the log itself.
//!
//! # Where spans go
//!
//! To `otlp_endpoint`, over gRPC without TLS (an agent on the node or beside the service), in
//! batches, from a thread of its own. If nobody listens there, the service does not notice: at most
//! 2,048 spans wait, the rest is dropped and counted, and the log says so at most once a minute.
//! With `otlp_enabled = false` there is no such thread.
//!
//! Of the standard environment variables, `OTEL_EXPORTER_OTLP_HEADERS` (credentials) and
//! `OTEL_RESOURCE_ATTRIBUTES` are honoured. Endpoint, timeout, sampling and service name are the
//! configuration's: there is one place to look.
//!
//! # What there is
//!
//! - [`init`], [`dispatch`], [`TelemetryConfig`], [`ServiceInfo`]: set-up; [`Telemetry`]: the guard
//!   that flushes.
//! - [`LogControl`]: another log level for a while.
//! - [`below_caller`], [`adopt_parent`], [`remote_parent`], [`inject`]: W3C trace context in and out.
//! - [`trace_id`], [`ids`]: what to put in an exemplar, an error, an answer.

mod config;
mod control;
#[cfg(test)]
#[path = "../../carveout-overload/tests/it/edits.rs"]
mod edits;
mod filter;
mod init;
mod log;
mod telemetry;
mod trace;

pub use config::{LogFormat, TelemetryConfig};
pub use control::{DEFAULT_OVERRIDE, LogControl, LogControlError, LogLevel, MAX_OVERRIDE};
pub use filter::FilterError;
pub use init::{InitError, ServiceInfo, dispatch, init};
pub use telemetry::{ShutdownReport, Stats, StatsReader, Telemetry};
pub use trace::{
    RemoteParent, SpanId, SpanIds, TraceId, adopt_parent, below_caller, ids, inject, remote_parent,
    trace_id,
};
