//! What a service knows about its own health, for whichever transport asks.
//!
//! - **Liveness** is whether the process is worth keeping. It never asks a dependency: a database
//!   that is down is no reason to restart.
//! - **Startup** is whether the start steps are done.
//! - **Readiness** is whether calls should be sent here: started, not draining, and every
//!   *critical* dependency up. An *optional* dependency that is down leaves the service ready and
//!   says `degraded`.
//!
//! Each dependency is checked on a timer of its own, never by whoever asks, so a probe costs
//! nothing and cannot be used to load a dependency. Thresholds keep one lost packet from taking a
//! replica out.
//!
//! ```
//! use carveout_health::{Dependency, Health, Phase};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let health = Health::new();
//! health.watch_dependency(Dependency::critical("database"), || async { Ok::<(), std::io::Error>(()) });
//! health.enter(Phase::Serving);
//!
//! // Not ready before the first check has passed.
//! let mut ready = health.subscribe();
//! ready.wait_for(|ready| ready.is_ready()).await.unwrap();
//! assert!(health.report().is_ready());
//! # }
//! ```

mod dependency;
mod health;
mod report;

pub use dependency::{Criticality, Dependency};
pub use health::{Health, Phase, Readiness};
pub use report::{DependencyReport, Report, State};
