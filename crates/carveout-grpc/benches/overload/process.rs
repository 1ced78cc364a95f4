use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::contender::Contender;
use crate::envoy::Envoy;
use crate::scenario::Scenario;

/// A contender, started for one cell: no cell learns from the one before.
pub(crate) struct Server {
    process: Process,
    stdin: ChildStdin,
    proxy: Option<Envoy>,
    /// Where it is called.
    pub(crate) addr: SocketAddr,
}

impl Server {
    /// The error says what is missing.
    pub(crate) fn start(contender: Contender, scenario: Scenario) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let spawned = Command::new(own)
            .args(["serve", contender.name(), scenario.name()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = Process(spawned.map_err(|error| format!("no server: {error}"))?);
        let stdin = process.0.stdin.take().expect("it is piped");
        let stdout = process.0.stdout.take().expect("it is piped");
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let addr = line.trim().parse();
        let addr = addr.map_err(|_| "the server did not say where it listens".to_owned())?;
        let proxy = contender.proxied();
        let proxy = proxy.map(|fewest| Envoy::start(addr, fewest)).transpose()?;
        Ok(Self {
            addr: proxy.as_ref().map_or(addr, |proxy| proxy.addr),
            process,
            stdin,
            proxy,
        })
    }

    /// Halves the capacity from now on.
    pub(crate) fn halve(&mut self) {
        // A server that has died shows in every figure.
        let _ = writeln!(self.stdin);
    }

    /// Processor seconds so far: the server's, and those of the proxy in front of it.
    pub(crate) fn cpu(&self) -> [f64; 2] {
        let proxy = self.proxy.as_ref().map(|proxy| proxy.process.cpu());
        [self.process.cpu(), proxy.unwrap_or_default()]
    }
}

/// Killed when this is dropped.
pub(crate) struct Process(pub(crate) Child);

impl Process {
    fn cpu(&self) -> f64 {
        let path = format!("/proc/{}/stat", self.0.id());
        let stat = std::fs::read_to_string(path).unwrap_or_default();
        // The second field is a name in brackets; the 14th and the 15th are times in hundredths.
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields);
        let times = fields.into_iter().flat_map(|fields| fields.split(' '));
        let times = times.skip(11).take(2);
        times.map(|time| time.parse().unwrap_or(0.0) / 100.0).sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
