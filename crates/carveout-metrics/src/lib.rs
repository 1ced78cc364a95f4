//! Metrics of a service: one registry, the process, its tokio runtimes, its RPCs, and the text that
//! Prometheus scrapes.
//!
//! This crate serves nothing. [`Metrics::encode`] makes the body and the content type of a scrape;
//! whoever owns the admin port sends them.
//!
//! ```
//! use carveout_metrics::prometheus_client::metrics::counter::Counter;
//! use carveout_metrics::{BuildInfo, Metrics, RpcMetrics};
//!
//! let build = BuildInfo { service: "orders".into(), version: "1.2.0".into(), commit: "4be1c7d".into() };
//! let metrics = Metrics::new(build);
//!
//! // The service's own metrics: register once, keep the handle, count.
//! let placed = Counter::<u64>::default();
//! metrics.register(|registry| registry.register("orders_placed", "Orders placed", placed.clone()));
//! placed.inc();
//!
//! // RED metrics of the RPCs that it serves: label sets are resolved here, once.
//! let rpc = RpcMetrics::server(&metrics, ["acme.orders.v1.OrdersService/GetItem"]);
//! let call = rpc.start(rpc.index_of("/acme.orders.v1.OrdersService/GetItem"));
//! call.finish("OK", Some(0x4bf92f3577b34da6a3ce929d0e0e4736));
//!
//! let scrape = metrics.encode(None);
//! assert_eq!(scrape.content_type, "text/plain; version=0.0.4; charset=utf-8");
//! assert!(scrape.body.contains("orders_placed_total 1\n"));
//! assert!(scrape.body.contains("rpc_server_call_duration_seconds_count"));
//! ```
//!
//! # What is there without asking
//!
//! | metric | labels | what |
//! |---|---|---|
//! | `build_info` | service, version, commit | always 1 |
//! | `process_start_time_seconds` | | Unix time |
//! | `process_cpu_seconds_total` | | user and system time (Linux) |
//! | `process_resident_memory_bytes` | | (Linux) |
//! | `process_open_fds`, `process_max_fds` | | (Linux) |
//! | `process_threads` | | (Linux) |
//! | `panics_total` | | panics since [`install_panic_hook`], caught or not |
//!
//! # What is there once it is registered
//!
//! | by | metrics | labels |
//! |---|---|---|
//! | [`Metrics::register_runtime`] | `tokio_workers`, `tokio_alive_tasks`,
//! `tokio_global_queue_depth` | runtime |
//! | | `tokio_worker_busy_seconds_total`, `tokio_worker_parks_total` | runtime, worker |
//! | [`RpcMetrics::server`] | `rpc_server_call_duration_seconds` | rpc_system_name, rpc_method,
//! rpc_response_status_code, rpc_fault (`caller`, or none) |
//! | | `rpc_server_active_calls` | rpc_system_name, rpc_method |
//! | | `grpc_server_call_started_total` | grpc_method |
//! | [`RpcMetrics::client`] | `rpc_client_call_duration_seconds` | rpc_system_name, rpc_method,
//! rpc_response_status_code |
//! | | `rpc_client_active_calls` | rpc_system_name, rpc_method |
//! | | `grpc_client_attempt_started_total` | grpc_method |
//! | [`GuardMetrics::register`] | `guard_decisions_total` | guard, mode, outcome, reason |
//!
//! Admission, quotas and blocking work add `admission_*`, `quota_denied_total` and `blocking_*`, for which
//! see `docs/overload.md`.
//!
//! Names are those of OpenTelemetry's semantic conventions in Prometheus spelling, and those of
//! gRFC A66 for the started counters. A method that was not named at construction counts as
//! [`OTHER`] everywhere (A66 says `other`), so that no caller can create a time series. The buckets
//! of the durations are [`RPC_BUCKETS_SECONDS`].

mod build_info;
mod exposition;
mod format;
mod guard;
mod metrics;
mod panics;
mod process;
mod prometheus_text;
mod rpc;
mod runtimes;

pub use build_info::BuildInfo;
pub use exposition::Exposition;
pub use guard::GuardMetrics;
pub use metrics::Metrics;
pub use panics::install_panic_hook;
pub use prometheus_client;
pub use rpc::{Call, Fault, OTHER, RPC_BUCKETS_SECONDS, RpcMetrics};
