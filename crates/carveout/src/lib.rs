//! Runs a service of the standard shape, so that a team writes business logic and nothing else.
//!
//! A service is three things: who it is ([`About`]), its own settings ([`ServiceConfig`]), and a
//! function that builds its gRPC services from them. [`run`] does the rest: configuration,
//! telemetry, the admin port, health, the gRPC server, and an orderly stop.
//!
//! ```no_run
//! use carveout::{About, Boot, BoxError, Live, Routes};
//!
//! const ABOUT: About = About { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION"), commit: None };
//!
//! async fn start(boot: Boot, config: Live<()>) -> Result<Routes, BoxError> {
//!     Ok(Routes::new())
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     carveout::run(ABOUT, start)
//! }
//! ```
//!
//! Each part is a crate of its own and works without this one; what a service needs of them is
//! re-exported here, so that services survive when a part is split or replaced.

mod about;
mod access;
mod admin;
mod args;
mod boot;
mod lifecycle;
mod overload;
mod panics;
mod priority;
mod process;
mod quota;
mod reload;
mod run;
mod secure;
mod service;
mod settings;
mod signals;
mod state;
mod stderr;
mod threads;

pub use about::About;
pub use boot::Boot;
pub use run::run;
pub use service::{BoxError, Running, StartError, Stopped};
pub use settings::{
    AccessConfig, AdminConfig, LifecycleConfig, PriorityConfig, ServiceConfig, Settings,
};

pub use carveout_config::{FromFile, Invalid, Live, Secret, Sources};
pub use carveout_grpc::{
    AccessPolicy, Blocking, Channel, ClientConfig, Compression, Draining, EndOnDrain, Error,
    GuardMode, Identity, Reason, Routes, ServerConfig, TargetError, TlsConfig, check_health,
    current_deadline, draining, end_on_drain,
};
pub use carveout_health::{Criticality, Dependency, Health, Phase};
pub use carveout_metrics::Metrics;
pub use carveout_telemetry::TelemetryConfig;
