//! Finding a tool, and running it with an end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use tokio::process::Command;

/// Nothing here takes this long; a tool that does hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

/// A program of the PATH.
pub(crate) fn program(name: &str) -> Option<Command> {
    found(name, on_path(name)).map(command)
}

/// A Python that can import all of `modules`.
pub(crate) fn python(modules: &str) -> Option<Command> {
    let python = std::env::var_os("CARVEOUT_PYTHON").unwrap_or_else(|| "python3".into());
    let probe = std::process::Command::new(&python)
        .args(["-c", &format!("import {modules}")])
        .stderr(Stdio::null())
        .status();
    let works = probe.is_ok_and(|status| status.success());
    found(&format!("Python with {modules}"), works.then_some(python)).map(command)
}

/// A Node that can require `package`.
pub(crate) fn node(package: &str) -> Option<Command> {
    let dirs = ["CARVEOUT_NODE_MODULES", "NODE_PATH"].map(std::env::var_os);
    let dirs: Vec<PathBuf> = dirs
        .iter()
        .flatten()
        .flat_map(std::env::split_paths)
        .collect();
    let modules = dirs.into_iter().find(|dir| dir.join(package).is_dir());
    let node = modules.zip(on_path("node"));
    let (modules, node) = found(&format!("Node with {package}"), node)?;
    let mut node = command(node);
    node.env("NODE_PATH", modules);
    Some(node)
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|program| program.is_file())
}

fn found<T>(tool: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let required = std::env::var_os("CARVEOUT_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "{tool} is not installed (.ci/install-tools)");
        eprintln!("skipped: {tool} is not installed (.ci/install-tools)");
    }
    found
}

fn command(program: impl Into<OsString>) -> Command {
    let mut command = Command::new(program.into());
    command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        // Some of these tools would ask a proxy for the way to this machine.
        .env("no_proxy", "127.0.0.1");
    command
}

/// Runs a tool to its end, whatever that is.
pub(crate) async fn run(command: &mut Command) -> Output {
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap_or_else(|_| panic!("{command:?} does not end"))
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Runs a tool that has to succeed, and answers what it printed.
pub(crate) async fn run_well(command: &mut Command) -> String {
    let output = run(command).await;
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        everything(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What it printed, and what it complained of.
pub(crate) fn everything(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

/// Asks again and again until there is an answer.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(asked.elapsed() < PATIENCE, "still not there: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The folder of this repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
