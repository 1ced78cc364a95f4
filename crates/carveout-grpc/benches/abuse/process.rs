use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What a scenario wants of its server.
#[derive(Clone, Copy)]
pub(crate) enum Needs {
    Nothing,
    /// A limit of open files.
    OpenFiles(usize),
    /// A wall clock that can be set.
    Clock,
}

/// Debian's libfaketime, package `faketime`.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// The server, in a process of its own.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    child: Child,
    talk: Arc<Mutex<(ChildStdin, BufReader<ChildStdout>)>>,
    clock: Option<tempfile::NamedTempFile>,
}

impl Server {
    /// The error says what is missing.
    pub(crate) fn start(needs: Needs) -> Result<Self, String> {
        let own: PathBuf = std::env::current_exe().expect("this program");
        let mut command = Command::new("/bin/sh");
        let mut clock = None;
        match needs {
            Needs::OpenFiles(most) => {
                command.args(["-c", &format!("ulimit -n {most}; exec \"$0\" --serve")]);
            }
            Needs::Nothing => {
                command.args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" --serve"]);
            }
            Needs::Clock => {
                if !Path::new(FAKETIME).exists() {
                    return Err(format!("{FAKETIME} is not there (package faketime)"));
                }
                let file = tempfile::NamedTempFile::new().expect("a file");
                std::fs::write(file.path(), "+0").expect("the clock");
                command
                    .args(["-c", "exec \"$0\" --serve"])
                    .env("LD_PRELOAD", FAKETIME)
                    .env("FAKETIME_TIMESTAMP_FILE", file.path())
                    .env("FAKETIME_NO_CACHE", "1")
                    .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
                clock = Some(file);
            }
        }
        let mut child = command
            .arg(own)
            // Ten times as fast as usual, so that a scenario need not wait for a minute.
            .env(
                "_RJEM_MALLOC_CONF",
                "dirty_decay_ms:1000,muzzy_decay_ms:1000",
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server");
        let stdin = child.stdin.take().expect("its input");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
        let mut addr = String::new();
        stdout.read_line(&mut addr).expect("its address");
        Ok(Self {
            addr: addr.trim().parse().expect("its address"),
            child,
            talk: Arc::new(Mutex::new((stdin, stdout))),
            clock,
        })
    }

    /// Sets the wall clock off by so many seconds.
    pub(crate) fn set_clock(&self, seconds: i64) {
        if let Some(clock) = &self.clock {
            std::fs::write(clock.path(), format!("{seconds:+}")).expect("the clock");
        }
    }

    /// Resident memory, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        memory(self.child.id())
    }

    /// Seconds of a core so far.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("the server runs");
        // The second field is a name in brackets; times are the 14th and the 15th, in hundredths.
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = [fields[11], fields[12]].map(|text| text.parse::<f64>().unwrap_or_default());
        ticks.iter().sum::<f64>() / 100.0
    }

    /// The sum of the values of all metrics whose lines begin like this.
    pub(crate) fn metric(&self, line: &str) -> u64 {
        metric(&self.talk, line)
    }

    /// Has it drain, and returns what that came to, in its own words.
    pub(crate) fn stop(&self) -> String {
        let mut talk = self.talk.lock().expect("the server");
        let (stdin, stdout) = &mut *talk;
        writeln!(stdin, "stop").expect("the server listens");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the server drains");
        line.trim().to_owned()
    }

    /// Waits until memory has not become less for two seconds, and says what it came to.
    pub(crate) async fn settle(&self) -> u64 {
        let (mut least, mut since) = (self.memory(), Instant::now());
        while since.elapsed() < Duration::from_secs(2) {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let memory = self.memory();
            if memory < least {
                (least, since) = (memory, Instant::now());
            }
        }
        least
    }

    /// Looks at memory and connections from now on.
    pub(crate) fn watch(&self) -> Watch {
        let done = Arc::new(AtomicBool::new(false));
        let (until, id, talk) = (done.clone(), self.child.id(), self.talk.clone());
        let thread = std::thread::spawn(move || {
            let mut most = (0, 0);
            while !until.load(Ordering::Relaxed) {
                most.0 = memory(id).max(most.0);
                most.1 = metric(&talk, "rpc_server_connections ").max(most.1);
                #[expect(clippy::disallowed_methods, reason = "a thread of its own")]
                std::thread::sleep(Duration::from_millis(50));
            }
            most
        });
        Watch { done, thread }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Watch {
    done: Arc<AtomicBool>,
    thread: JoinHandle<(u64, u64)>,
}

impl Watch {
    /// The most memory, in KiB, and the most connections.
    pub(crate) fn end(self) -> (u64, u64) {
        self.done.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watch")
    }
}

fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

fn metric(talk: &Mutex<(ChildStdin, BufReader<ChildStdout>)>, wanted: &str) -> u64 {
    let mut talk = talk.lock().expect("the server");
    let (stdin, stdout) = &mut *talk;
    writeln!(stdin, "metrics").expect("the server listens");
    let mut sum = 0.0;
    loop {
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the server answers");
        if line.starts_with(wanted) {
            let value = line
                .split_whitespace()
                .last()
                .and_then(|text| text.parse::<f64>().ok());
            sum += value.unwrap_or_default();
        }
        if line.is_empty() || line.starts_with("# END") {
            return sum as u64;
        }
    }
}
