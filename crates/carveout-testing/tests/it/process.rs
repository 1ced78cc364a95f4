//! Programs that talk while they run, the real service among them.

use std::io::{Read, Seek};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::tools::{PATIENCE, repository, run_well};

/// A program whose lines are read while it runs. It is killed when this is dropped.
pub(crate) struct Talking {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    said: String,
    errors: std::fs::File,
}

impl Talking {
    pub(crate) fn start(mut command: Command) -> Self {
        let errors = tempfile::tempfile().unwrap();
        command
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().unwrap());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            said: String::new(),
            errors,
        }
    }

    /// Its next line; `None` at its end.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let Ok(line) = timeout(PATIENCE, self.lines.next_line()).await else {
            panic!("it says nothing more:\n{}", self.everything());
        };
        let line = line.unwrap();
        self.said.extend(line.iter().flat_map(|line| [line, "\n"]));
        line
    }

    /// Reads up to the line that contains `text`.
    pub(crate) async fn line_with(&mut self, text: &str) -> String {
        while let Some(line) = self.line().await {
            if line.contains(text) {
                return line;
            }
        }
        panic!("it ended without {text:?}:\n{}", self.everything());
    }

    /// Reads to its end.
    pub(crate) async fn end(&mut self) -> ExitStatus {
        while self.line().await.is_some() {}
        timeout(PATIENCE, self.child.wait())
            .await
            .unwrap_or_else(|_| panic!("it does not end:\n{}", self.everything()))
            .unwrap()
    }

    /// What was read so far, and what it complained of.
    pub(crate) fn everything(&mut self) -> String {
        let mut all = self.said.clone();
        self.errors.rewind().unwrap();
        self.errors.read_to_string(&mut all).unwrap();
        all
    }
}

/// The golden service as a process of its own, on free ports.
pub(crate) struct Greeter {
    pub(crate) process: Talking,
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Greeter {
    /// With settings of the test's own, `telemetry.otlp_enabled=true` say.
    pub(crate) async fn start(set: &[&str]) -> Self {
        let mut greeter = Command::new(binary().await);
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

    /// Stops it as Kubernetes does.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        let id = self.process.child.id().unwrap().to_string();
        run_well(Command::new("kill").args(["-s", "TERM", &id])).await;
        self.process.end().await
    }
}

/// Cargo builds it before it tests the whole workspace, and not before it tests this crate alone.
async fn binary() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().unwrap().parent().unwrap();
    let greeter = profile.join("greeter");
    if !greeter.is_file() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
        let mut build = std::process::Command::new(cargo);
        build
            .args(["build", "--locked", "--package", "greeter", "--target-dir"])
            .arg(profile.parent().unwrap())
            .args(profile.ends_with("release").then_some("--release"))
            .current_dir(repository());
        // Longer than any test has patience for.
        let built = build.status().unwrap();
        assert!(built.success(), "{build:?}");
    }
    greeter
}
