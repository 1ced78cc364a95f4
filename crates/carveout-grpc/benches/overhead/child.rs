use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{self, ChildStdin, Command, Stdio};

/// A server in a process of its own, killed when this is dropped.
pub(crate) struct Child {
    process: process::Child,
    stdin: Option<ChildStdin>,
    pub(crate) addr: SocketAddr,
}

impl Child {
    /// Starts `command`, and takes the address from the first line of its output that `address` finds
    /// one in.
    pub(crate) fn start(
        command: &mut Command,
        address: impl Fn(&str) -> Option<SocketAddr>,
    ) -> Result<Self, String> {
        let spawned = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = spawned
            .map_err(|error| format!("{} cannot run: {error}", command.get_program().display()))?;
        let stdin = process.stdin.take();
        let stdout = process.stdout.take().expect("it is piped");
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let found = lines.find_map(|line| address(&line));
        // What it says later is read too, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let Some(addr) = found else {
            let _ = process.kill();
            let _ = process.wait();
            return Err(format!(
                "{} did not say where it listens",
                command.get_program().display()
            ));
        };
        Ok(Self {
            process,
            stdin,
            addr,
        })
    }

    /// What it has in memory, in MiB.
    pub(crate) fn resident(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        Ok(kib.ok_or_else(|| format!("{path} has no VmRSS"))? / 1024.0)
    }

    /// For how long its first thread has had a processor, in nanoseconds.
    pub(crate) fn processor_time(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/schedstat", self.process.id());
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let time = text.split(' ').next().and_then(|time| time.parse().ok());
        time.ok_or_else(|| format!("{path} has no time"))
    }

    /// Ends its standard input, and waits for it to end by itself.
    pub(crate) fn end(mut self) -> Result<(), String> {
        drop(self.stdin.take());
        match self.process.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("the server ended with {status}")),
            Err(error) => Err(format!("the server cannot be waited for: {error}")),
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // One that has ended already is not there to be killed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
