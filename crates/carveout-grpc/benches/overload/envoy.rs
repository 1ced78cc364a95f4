use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::process::Process;

/// Envoy in front of a server, found on the PATH (`.ci/install-tools` installs it).
pub(crate) struct Envoy {
    pub(crate) process: Process,
    pub(crate) addr: SocketAddr,
    _dir: TempDir,
}

impl Envoy {
    /// `fewest` is how far down its limit may go, where that is not its own default.
    pub(crate) fn start(server: SocketAddr, fewest: Option<u32>) -> Result<Self, String> {
        let said = |error: std::io::Error| format!("Envoy cannot be started: {error}");
        let dir = tempfile::tempdir().map_err(said)?;
        let addr = free().map_err(said)?;
        let file = dir.path().join("envoy.yaml");
        std::fs::write(&file, config(addr, server, fewest)).map_err(said)?;
        let spawned = Command::new("envoy")
            .arg("--config-path")
            .arg(&file)
            // Two of them on one machine would look for each other.
            .args(["--disable-hot-restart", "--log-level", "off"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = Process(spawned.map_err(said)?);
        let begun = Instant::now();
        while TcpStream::connect(addr).is_err() {
            if begun.elapsed() > Duration::from_secs(15) {
                return Err("Envoy does not listen".to_owned());
            }
            #[expect(clippy::disallowed_methods, reason = "no call is under way yet")]
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self {
            process,
            addr,
            _dir: dir,
        })
    }

    /// What it says of itself, or why there is none.
    pub(crate) fn version() -> Result<String, String> {
        let output = Command::new("envoy").arg("--version").output();
        let output = output.map_err(|error| format!("Envoy is not installed: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        // `envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`
        let version = text.rsplit("version: ").next();
        let version = version.and_then(|version| version.split('/').nth(1));
        version
            .map(str::to_owned)
            .ok_or_else(|| "Envoy says no version".to_owned())
    }
}

/// A port that nobody has now; it is the proxy's in a moment.
fn free() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// What is not the default is what the filter's documentation has in its example: neither interval
/// has a default.
fn config(addr: SocketAddr, server: SocketAddr, fewest: Option<u32>) -> String {
    let fewest = fewest.map_or(String::new(), |fewest| {
        format!(", min_concurrency: {fewest}")
    });
    let template = include_str!("envoy.yaml");
    template
        .replace("LISTEN_PORT", &addr.port().to_string())
        .replace("SERVER_PORT", &server.port().to_string())
        .replace(", FEWEST", &fewest)
}
