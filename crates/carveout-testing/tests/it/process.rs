//! The golden service as a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
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
        Self::start_as(Command::new(binary()), &config_dir(), set).await
    }

    /// With configuration files of the test's own.
    pub(crate) async fn start_from(config_dir: &Path, set: &[&str]) -> Self {
        Self::start_as(Command::new(binary()), config_dir, set).await
    }

    /// By a shell that runs `first` before, `ulimit -n 128` say.
    pub(crate) async fn start_after(first: &str, set: &[&str]) -> Self {
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(format!("{first}; exec \"$0\" \"$@\""));
        shell.arg(binary());
        Self::start_as(shell, &config_dir(), set).await
    }

    async fn start_as(mut greeter: Command, config_dir: &Path, set: &[&str]) -> Self {
        let here = [
            "grpc.host=127.0.0.1",
            "grpc.port=0",
            "admin.host=127.0.0.1",
            "admin.port=0",
            "lifecycle.lame_duck=0s",
        ];
        // The same key twice is a mistake, so a test's own replaces the one that is here.
        let key = |set: &str| set.split('=').next().map(str::to_owned);
        let here = here
            .iter()
            .filter(|here| set.iter().all(|own| key(own) != key(here)));
        greeter
            .env_clear()
            .arg("--config-dir")
            .arg(config_dir)
            .args(here.chain(set).flat_map(|set| ["--set", set]));
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

    /// What the admin port has for Prometheus.
    pub(crate) async fn scrape(&self) -> String {
        String::from_utf8(self.page("/metrics").await).unwrap()
    }

    /// A page of the admin port, which has to be there.
    pub(crate) async fn page(&self, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.admin).await.unwrap();
        let request = format!("GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let body = answer.split_off(end.unwrap() + 4);
        let head = String::from_utf8(answer).unwrap();
        let said = String::from_utf8_lossy(&body);
        assert!(head.starts_with("HTTP/1.0 200 "), "{path}: {head}{said}");
        body
    }

    /// Calls of a method that it has answered well, by its own count.
    pub(crate) async fn answered(&self, method: &str) -> u64 {
        let of = format!(r#"rpc_method="{method}",rpc_response_status_code="OK""#);
        self.metric("rpc_server_call_duration_seconds_count", &of)
            .await
    }

    /// Calls of a method that are under way, by its own count.
    pub(crate) async fn underway(&self, method: &str) -> u64 {
        let of = format!(r#"rpc_method="{method}""#);
        self.metric("rpc_server_active_calls", &of).await
    }

    /// The value of a series; 0 as long as there is none.
    async fn metric(&self, name: &str, of: &str) -> u64 {
        let series = format!(r#"{name}{{rpc_system_name="grpc",{of}}} "#);
        let metrics = self.scrape().await;
        let value = metrics.lines().find_map(|line| line.strip_prefix(&series));
        value.map_or(0, |value| value.parse().unwrap())
    }
}

fn config_dir() -> PathBuf {
    repository().join("services/greeter/config")
}

/// Cargo builds a package's examples before it runs its tests, beside them; when it is given the
/// name of a test it does not, and this is the one of before.
fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    profile.join("examples/greeter")
}
