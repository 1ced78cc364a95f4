use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use toml_edit::{Document, Item};

use super::cargo::cargo;
use super::say;
use crate::cli::Format;
use crate::error::{Error, Result};
use crate::workspace::{SERVICES, Workspace};

/// How long a service may take from its start to its readiness.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Builds the service, runs it, calls it as another service would, and keeps it running until it is
/// told to stop. The service is there already, and stays whatever comes of this.
///
/// In JSON, standard output has one line of it, and what cargo and the service say is on standard
/// error.
pub(super) fn run(workspace: &Workspace, name: &str, format: Format) -> Result<()> {
    // However the end is asked for (Ctrl-C, `kill`, a terminal that is closed), whatever runs then
    // hears of it from here, once each time.
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, asked.clone())
            .map_err(|error| Error::failed(format!("cannot listen to signals: {error}")))?;
    }
    let (grpc, admin) = ports(workspace, name)?;
    for port in [grpc, admin] {
        // Whoever has it would answer in the service's place.
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            Error::failed(format!("{name} cannot have its port 127.0.0.1:{port}: {error}"))
                .help(format!("stop what listens there, or change the port in {SERVICES}/{name}/config/default.toml and service.toml, and `cargo run -p {name} -- --profile dev`"))
        })?;
    }
    let api = format!("{name}-api");
    // In one go: cargo would build what the two share twice, with other features.
    let both = ["-p", name, "-p", &api, "--bin", name, "--example", "call"];
    build(workspace, name, &both, &asked)?;
    let target = target_dir(workspace)?.join("debug");

    let folder = workspace.root.join(SERVICES).join(name);
    let binary = target.join(name);
    let mut command = Command::new(&binary);
    command
        .current_dir(&folder)
        .args(["--profile", "dev"])
        .env_remove("CARGO_MANIFEST_DIR")
        // The terminal sends Ctrl-C and its own end to its whole group, and a service takes SIGHUP
        // for a reload.
        .process_group(0);
    if format == Format::Json {
        command.stdout(std::io::stderr());
    }
    let mut service = Running(
        command
            .spawn()
            .map_err(|error| Error::io("run", &binary, error))?,
    );

    wait_until_ready(&mut service, name, admin, &asked)?;
    let url = format!("http://127.0.0.1:{grpc}");
    let call = target.join("examples/call");
    let answer = Command::new(&call)
        .arg(&url)
        .output()
        .map_err(|error| Error::io("run", &call, error))?;
    if !answer.status.success() {
        if asked.load(Ordering::Relaxed) {
            return Err(stopped(name));
        }
        let why = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
        return Err(Error::failed(format!(
            "{name} is ready but its client's call failed: {why}"
        )));
    }
    let answer = String::from_utf8_lossy(&answer.stdout);
    let (answer, admin_url) = (answer.trim(), format!("http://127.0.0.1:{admin}"));
    match format {
        Format::Json => say(&json!({ "service": name, "ready": true, "grpc": url, "admin": admin_url, "answer": answer }).to_string()),
        Format::Text => say(&format!(
            "\n{answer}\n\n  gRPC   {url}   (grpcurl -plaintext 127.0.0.1:{grpc} list)\n  admin  {admin_url}   /metrics /readyz?verbose /admin/config\n\n\
             Ctrl-C drains it."
        )),
    }
    service.wait(name, &asked)
}

fn stopped(name: &str) -> Error {
    Error::failed(format!("stopped before {name} was ready")).help(format!(
        "{SERVICES}/{name} stays: run it by `cargo run -p {name} -- --profile dev`, or take it out by `cargo xtask remove-service {name}`"
    ))
}

/// A child. It is told to stop when this goes, whatever the reason.
struct Running(Child);

impl Running {
    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.0
            .try_wait()
            .map_err(|error| Error::failed(format!("cannot watch a child process: {error}")))
    }

    fn terminate(&self) {
        let pid = i32::try_from(self.0.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        // It fails for a process that has ended already.
        let _ = pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
    }

    /// Waits for its end, and says whether that was asked for. A second signal goes on too: it
    /// stops a service at once.
    fn end(&mut self, asked: &AtomicBool) -> Result<(ExitStatus, bool)> {
        let mut told = false;
        loop {
            let status = self.ended()?;
            let asked_now = asked.swap(false, Ordering::Relaxed);
            told |= asked_now;
            match status {
                Some(status) => return Ok((status, told)),
                None if asked_now => self.terminate(),
                None => pause(),
            }
        }
    }

    fn wait(&mut self, name: &str, asked: &AtomicBool) -> Result<()> {
        let (status, told) = self.end(asked)?;
        match status.success() && told {
            true => Ok(()),
            false => Err(Error::failed(format!(
                "{name} ended by itself or not cleanly: {status}"
            ))),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            self.terminate();
            let _ = self.0.wait();
        }
    }
}

fn wait_until_ready(
    service: &mut Running,
    name: &str,
    admin: u16,
    asked: &AtomicBool,
) -> Result<()> {
    let begun = Instant::now();
    loop {
        // Its own words about the reason are on standard error already.
        if let Some(status) = service.ended()? {
            return Err(Error::failed(format!("{name} did not start: {status}"))
                .help("its message is above; another process may have its ports"));
        }
        if asked.load(Ordering::Relaxed) {
            return Err(stopped(name));
        }
        if is_ready(admin) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(Error::failed(format!(
                "{name} was not ready within {PATIENCE:?}: see http://127.0.0.1:{admin}/readyz?verbose"
            )));
        }
        pause();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a child's end and a port's opening can only be asked for, again and again"
)]
fn pause() {
    std::thread::sleep(POLL);
}

fn is_ready(admin: u16) -> bool {
    let asked = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(
            &SocketAddr::from((Ipv4Addr::LOCALHOST, admin)),
            Duration::from_secs(1),
        )?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    asked().is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}

fn build(workspace: &Workspace, name: &str, what: &[&str], asked: &AtomicBool) -> Result<()> {
    // Ctrl-C comes to cargo by itself as well; it stays in the terminal's group, because it may have
    // to ask for a password.
    let mut command = cargo(workspace);
    command.arg("build").args(what).stdout(std::io::stderr());
    let mut cargo = Running(
        command
            .spawn()
            .map_err(|error| Error::failed(format!("cannot run cargo: {error}")))?,
    );
    match cargo.end(asked)? {
        (_, true) => Err(stopped(name)),
        (status, false) if status.success() => Ok(()),
        _ => Err(Error::failed(format!(
            "cargo build {} failed; the service stays for you to mend",
            what.join(" ")
        ))),
    }
}

fn target_dir(workspace: &Workspace) -> Result<PathBuf> {
    let output = cargo(workspace)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .output();
    let output = output.map_err(|error| Error::failed(format!("cannot run cargo: {error}")))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| Error::failed(format!("cargo metadata: {error}")))?;
    let target = metadata["target_directory"]
        .as_str()
        .ok_or_else(|| Error::failed("cargo metadata names no target directory"))?;
    Ok(PathBuf::from(target))
}

fn ports(workspace: &Workspace, name: &str) -> Result<(u16, u16)> {
    let path = workspace
        .root
        .join(SERVICES)
        .join(name)
        .join("service.toml");
    let text = fs::read_to_string(&path).map_err(|error| Error::io("read", &path, error))?;
    let document = Document::parse(text).map_err(|error| Error::io("read", &path, error))?;
    let port = |key: &str| {
        let port = document
            .get("ports")
            .and_then(|ports| ports.get(key))
            .and_then(Item::as_integer);
        port.and_then(|port| u16::try_from(port).ok())
            .ok_or_else(|| Error::failed(format!("{}: [ports] {key} is no port", path.display())))
    };
    Ok((port("grpc")?, port("admin")?))
}
