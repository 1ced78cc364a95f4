//! The smallest service: no contract of its own, only what every service has (health, reflection,
//! metrics, the admin port).
//!
//! `cargo run -p carveout --example minimal -- --set grpc.port=20000 --set admin.port=20001`

use carveout::{About, Boot, BoxError, Live, Routes, ServiceConfig};
use serde::{Deserialize, Serialize};

const ABOUT: About = About {
    name: "minimal",
    version: env!("CARGO_PKG_VERSION"),
    commit: option_env!("GIT_COMMIT"),
};

/// The `[service]` section.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// A file that has to be there before the service starts; empty for none.
    needs_file: String,
}

impl ServiceConfig for Config {}

async fn start(_: Boot, config: Live<Config>) -> Result<Routes, BoxError> {
    let needed = config.get().needs_file.clone();
    if !needed.is_empty() {
        std::fs::metadata(&needed).map_err(|error| format!("{needed}: {error}"))?;
    }
    Ok(Routes::new())
}

fn main() -> std::process::ExitCode {
    carveout::run(ABOUT, start)
}
