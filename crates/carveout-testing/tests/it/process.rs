//! The golden service as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;
use tokio::process::Command;

use crate::talking::Talking;
use crate::tools::repository;

/// On free ports, with the settings of its `default.toml`.
pub(crate) struct Greeter {
    pub(crate) process: Talking,
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Greeter {
    /// With settings of the test's own, `telemetry.otlp_enabled=true` say.
    pub(crate) async fn start(set: &[&str]) -> Self {
        Self::start_as(Command::new(binary()), set).await
    }

    /// With so many files, sockets among them, that it may have open.
    pub(crate) async fn start_limited(open_files: usize, set: &[&str]) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell
            .arg("-c")
            .arg(format!("ulimit -n {open_files}; exec \"$0\" \"$@\""));
        shell.arg(binary());
        Self::start_as(shell, set).await
    }

    async fn start_as(mut greeter: Command, set: &[&str]) -> Self {
        let here = [
            "grpc.host=127.0.0.1",
            "grpc.port=0",
            "admin.host=127.0.0.1",
            "admin.port=0",
            "lifecycle.lame_duck=0s",
        ];
        greeter
            .env_clear()
            .arg("--config-dir")
            .arg(repository().join("services/greeter/config"))
            .args(here.iter().chain(set).flat_map(|set| ["--set", set]));
        let mut process = Talking::start(greeter);
        let ready = process.line_with("\"message\":\"ready\"").await;
        let ready: Value = serde_json::from_str(&ready).unwrap();
        let address = |field: &str| ready[field].as_str().unwrap().parse().unwrap();
        let (grpc, admin) = (address("grpc"), address("admin"));
        Self {
            process,
            grpc,
            admin,
        }
    }
}

/// Cargo builds a package's examples before it runs its tests, beside them.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    profile.join("examples/greeter")
}
