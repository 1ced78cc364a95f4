//! Standard output and error are one full pipe, as when a container's log collector hangs.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::admin::request;
use crate::at_the_limit::admin_of;
use crate::driver::{example, free_ports};

/// Far more than any of these stops takes, less than for ever.
const PATIENCE: Duration = Duration::from_secs(30);

struct Silenced {
    child: Option<Child>,
    reader: PipeReader,
    /// Keeps the pipe open, and fills it.
    writer: PipeWriter,
}

impl Silenced {
    fn spawn(name: &str, args: &[&str], full: bool) -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        if full {
            fill(&writer);
        }
        let end = || Stdio::from(writer.try_clone().unwrap());
        let child = example(name)
            .args(free_ports(args))
            .args(args)
            .stdout(end())
            .stderr(end())
            .spawn()
            .unwrap();
        Self {
            child: Some(child),
            reader,
            writer,
        }
    }

    /// Reads up to the line that contains `text`.
    fn wait_for(&mut self, text: &str) -> String {
        let mut lines = BufReader::with_capacity(1, &mut self.reader).lines();
        lines
            .find_map(|line| Some(line.unwrap()).filter(|line| line.contains(text)))
            .unwrap()
    }

    /// Fills what is left of the pipe, and keeps it full.
    fn silence(&self) {
        let mut writer = self.writer.try_clone().unwrap();
        std::thread::spawn(move || while writer.write_all(&[b'x'; 4096]).is_ok() {});
        let size = rustix::pipe::fcntl_getpipe_size(&self.writer).unwrap() as u64;
        let begun = Instant::now();
        // Lines of the service may leave the pages of the pipe half empty.
        while rustix::io::ioctl_fionread(&self.reader).unwrap() < size / 2 {
            assert!(begun.elapsed() < PATIENCE);
            std::thread::yield_now();
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status();
        assert!(sent.unwrap().success());
    }

    fn exit(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let pid = child.id().to_string();
        let (ended, end) = mpsc::channel();
        std::thread::spawn(move || ended.send(child.wait().unwrap()));
        end.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            let _ = std::process::Command::new("kill")
                .args(["-s", "KILL", &pid])
                .status();
            panic!("it has not ended after {PATIENCE:?}")
        })
    }
}

impl Drop for Silenced {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn fill(mut writer: &PipeWriter) {
    let size = rustix::pipe::fcntl_getpipe_size(writer).unwrap();
    writer.write_all(&vec![b'x'; size]).unwrap();
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Asks until the service is there.
fn until_ready(admin: SocketAddr) {
    let begun = Instant::now();
    loop {
        if let Ok(mut stream) = std::net::TcpStream::connect(admin) {
            let mut answer = String::new();
            let asked = stream
                .write_all(b"GET /readyz HTTP/1.0\r\n\r\n")
                .and_then(|()| stream.read_to_string(&mut answer));
            if asked.is_ok() && answer.starts_with("HTTP/1.0 200") {
                return;
            }
        }
        assert!(begun.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
}

#[test]
fn a_stop_comes_to_its_end_in_its_budget() {
    for signal in ["TERM", "INT"] {
        let mut service = Silenced::spawn("minimal", &[], false);
        service.wait_for("\"message\":\"ready\"");
        service.silence();
        let told = Instant::now();
        service.signal(signal);
        assert_eq!(service.exit().code(), Some(0), "{signal}");
        // The flush has three seconds.
        assert!(
            told.elapsed() < Duration::from_secs(10),
            "{:?}",
            told.elapsed()
        );
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let args = ["--set", "lifecycle.lame_duck=1h"];
    let mut service = Silenced::spawn("minimal", &args, false);
    let admin = admin_of(&service.wait_for("\"message\":\"ready\""));
    service.silence();
    service.signal("TERM");
    let begun = Instant::now();
    // It is in its lame duck.
    while !request(admin, "GET", "/readyz").starts_with("HTTP/1.0 503") {
        assert!(begun.elapsed() < PATIENCE);
    }
    let told = Instant::now();
    service.signal("TERM");
    assert_eq!(service.exit().code(), Some(1));
    assert!(
        told.elapsed() < Duration::from_secs(10),
        "{:?}",
        told.elapsed()
    );
}

#[test]
fn it_starts_and_stops_with_a_pipe_that_was_full_before() {
    let port = free_port();
    let admin = format!("admin.port={port}");
    let mut service = Silenced::spawn("minimal", &["--set", &admin], true);
    until_ready(([127, 0, 0, 1], port).into());
    service.signal("TERM");
    assert_eq!(service.exit().code(), Some(0));
}

#[test]
fn a_start_that_fails_ends_whoever_reads_why() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = format!("grpc.port={}", taken.local_addr().unwrap().port());
    for (args, code) in [
        (&["--set", port.as_str()][..], 1),
        (&["--set", "grpc.prot=1"], 2),
        (&["--prot"], 2),
        (&["--check-config", "--set", "grpc.prot=1"], 2),
    ] {
        let mut service = Silenced::spawn("minimal", args, true);
        assert_eq!(service.exit().code(), Some(code), "{args:?}");
    }
    let mut service = Silenced::spawn("stubborn", &["--set", "service.misdeed=panic"], true);
    assert_eq!(service.exit().code(), Some(1));
}

#[test]
fn panics_are_counted_and_hold_nothing() {
    let misdeed = ["--set", "service.misdeed=panics"];
    let mut service = Silenced::spawn("stubborn", &misdeed, false);
    let admin = admin_of(&service.wait_for("\"message\":\"ready\""));
    service.silence();
    let begun = Instant::now();
    let panics = |metrics: &str| {
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix("panics_total "));
        line.unwrap().parse::<u64>().unwrap()
    };
    // More than the pipe and the writer's buffer hold, were each of them to wait.
    while panics(&request(admin, "GET", "/metrics")) < 1000 {
        assert!(begun.elapsed() < PATIENCE);
    }
    service.signal("TERM");
    assert_eq!(service.exit().code(), Some(0));
}

#[test]
fn what_blocks_for_ever_in_a_stop_ends_with_the_budget() {
    // A destructor of the service never returns, and the lifecycle's thread runs it.
    let args = [
        "--set",
        "service.misdeed=drop",
        "--set",
        "lifecycle.drain_timeout=100ms",
    ];
    for twice in [false, true] {
        let mut service = Silenced::spawn("stubborn", &args, false);
        service.wait_for("\"message\":\"ready\"");
        service.signal("TERM");
        service.wait_for("it never returns");
        if twice {
            service.signal("TERM");
        }
        assert_eq!(service.exit().code(), Some(1), "{twice}");
    }
}
