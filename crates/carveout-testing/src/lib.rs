//! Starts a service inside a test, on free ports and with its real configuration files, and talks
//! to it as its callers and operators do.
//!
//! ```
//! use carveout::{About, Boot, BoxError, Live, Routes};
//! use carveout_testing::TestService;
//!
//! const ABOUT: About = About { name: "orders", version: "0.1.0", commit: None };
//!
//! async fn start(_: Boot, _: Live<()>) -> Result<Routes, BoxError> {
//!     Ok(Routes::new())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let service = TestService::start(ABOUT, start).await;
//! assert!(service.serves("").await);
//! assert_eq!(service.admin_get("/readyz").await.status, 200);
//! service.stop().await;
//! # }
//! ```

mod admin;
mod config;
mod drain;
mod facts;
mod service;

pub use admin::AdminAnswer;
pub use config::assert_config_is_valid;
pub use drain::assert_stop_loses_nothing;
pub use facts::{Disagreement, assert_facts_agree, facts_that_disagree};
pub use service::TestService;
