//! greeter: who it is, what can be configured, and how it is put together. The business logic is in
//! [`domain`].

pub mod domain;
mod rpc;
mod store;

use std::sync::Arc;

use carveout::{About, Boot, BoxError, Invalid, Live, Routes, ServiceConfig};
use serde::{Deserialize, Serialize};

use greeter_api as api;

/// Who this service is.
pub const ABOUT: About = About {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    commit: option_env!("GIT_COMMIT"),
};

/// The `[service]` section. Every setting has a default, a unit in its name or its type, and may
/// change while the service runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Items kept at most; creating more is refused.
    pub max_items: usize,
    /// Items on one page of a list at most.
    pub max_page_size: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_items: 100_000,
            max_page_size: 100,
        }
    }
}

impl ServiceConfig for Config {
    fn check(&self) -> Result<(), Invalid> {
        match self.max_page_size {
            0 => Err(Invalid::new("max_page_size", "must be at least 1")),
            _ => Ok(()),
        }
    }
}

/// Makes the dependencies: `boot.channel(..)` to another service and `boot.watch_service(..)` for its
/// health, `boot.blocking()` for what blocks a thread.
pub async fn start(_boot: Boot, config: Live<Config>) -> Result<Routes, BoxError> {
    let store = Arc::new(store::MemoryStore::default());
    Ok(routes(domain::Items::new(store, config)))
}

/// What is served. A test gives it a domain with dependencies of its own.
pub fn routes(items: domain::Items) -> Routes {
    Routes::new().add(api::server(rpc::Rpc::new(items)), api::FILE_DESCRIPTOR_SET)
}
