//! S2 to S8 from the outside: arguments, exit codes, the steps of the start, signals.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// Cargo builds a package's examples before it runs its tests, beside them.
fn minimal() -> Command {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test
        .parent()
        .unwrap()
        .parent()
        .unwrap()
        .join("examples/minimal");
    let mut command = Command::new(path);
    // Nothing of whoever runs the test.
    command.env_clear().current_dir(std::env::temp_dir());
    command
}

const FREE_PORTS: [&str; 10] = [
    "--set",
    "grpc.host=127.0.0.1",
    "--set",
    "grpc.port=0",
    "--set",
    "admin.host=127.0.0.1",
    "--set",
    "admin.port=0",
    "--set",
    "lifecycle.lame_duck=0s",
];

/// Those of [`FREE_PORTS`] that `args` does not set itself: a setting that is given twice is
/// refused.
fn free_ports<'a>(args: &'a [&str]) -> impl Iterator<Item = &'static str> + 'a {
    let set = |wanted: &str| {
        args.iter()
            .any(|arg| arg.split('=').next() == wanted.split('=').next())
    };
    FREE_PORTS
        .chunks(2)
        .filter(move |pair| !set(pair[1]))
        .flatten()
        .copied()
}

fn run(args: &[&str]) -> Output {
    minimal().args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A process that says on standard output when it is ready.
struct Service {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Service {
    fn start(args: &[&str]) -> Self {
        let mut child = minimal()
            .args(free_ports(args))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut service = Self { child, out };
        service.wait_for("\"message\":\"ready\"");
        service
    }

    /// Reads the log up to the line that contains `text`; a log that ends before panics.
    fn wait_for(&mut self, text: &str) -> String {
        let mut log = String::new();
        loop {
            let start = log.len();
            assert_ne!(
                self.out.read_line(&mut log).unwrap(),
                0,
                "the log ended without {text:?}:\n{log}{}",
                self.errors()
            );
            if log[start..].contains(text) {
                return log[start..].to_owned();
            }
        }
    }

    fn errors(&mut self) -> String {
        let mut errors = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        errors
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    fn exit_code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Only a failing test leaves it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_stop_signal_ends_the_process_cleanly() {
    for signal in ["TERM", "INT"] {
        let service = Service::start(&[]);
        service.signal(signal);
        assert_eq!(service.exit_code(), Some(0), "{signal}");
    }
}

#[test]
fn a_second_signal_does_not_wait_for_the_lame_duck() {
    let mut service = Service::start(&["--set", "lifecycle.lame_duck=1h"]);
    service.signal("TERM");
    service.wait_for("\"message\":\"stopping\"");
    service.signal("TERM");
    assert_eq!(service.exit_code(), Some(1));
}

#[test]
fn a_hangup_reloads_the_configuration_and_keeps_the_last_good_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("default.toml");
    std::fs::write(&file, "[telemetry]\nlog_level = \"info\"\n").unwrap();
    let mut service = Service::start(&["--config-dir", dir.path().to_str().unwrap()]);
    std::fs::write(&file, "[telemetry]\nlog_level = 7\n").unwrap();
    service.signal("HUP");
    let refused = service.wait_for("configuration not reloaded");
    assert!(refused.contains("telemetry.log_level"), "{refused}");
    std::fs::write(
        &file,
        "[telemetry]\nlog_level = \"info,carveout=debug\"\n[lifecycle]\nflush_timeout = \"1s\"\n\
         [grpc]\nmax_concurrent_streams = 7\n",
    )
    .unwrap();
    service.signal("HUP");
    let reloaded = service.wait_for("configuration reloaded");
    let (now, later) = reloaded.split_once("after_restart").unwrap();
    assert!(
        now.contains("telemetry") && now.contains("lifecycle"),
        "{reloaded}"
    );
    assert!(later.contains("grpc"), "{reloaded}");
    service.signal("TERM");
    assert_eq!(service.exit_code(), Some(0));
}

#[test]
fn a_failing_step_is_one_line_that_names_it_and_a_code_that_is_not_zero() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let cases: [(&str, &[&str], String); 3] = [
        (
            "bind",
            &["--set", &format!("grpc.port={port}")],
            format!("127.0.0.1:{port}"),
        ),
        (
            "admin",
            &["--set", &format!("admin.port={port}")],
            format!("127.0.0.1:{port}"),
        ),
        (
            "dependencies",
            &["--set", "service.needs_file=/no/such/file"],
            "/no/such/file".to_owned(),
        ),
    ];
    for (step, args, named) in cases {
        let output = minimal()
            .args(free_ports(args))
            .args(args)
            .output()
            .unwrap();
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{step}: {error}");
        assert_eq!(error.lines().count(), 1, "{step}: {error}");
        assert!(
            error.contains(&format!("start failed at {step}: ")) && error.contains(&named),
            "{step}: {error}"
        );
    }
}

#[test]
fn wrong_arguments_and_wrong_configuration_are_code_2_and_start_nothing() {
    for (args, named) in [
        (&["--prot", "1"][..], "--prot"),
        (&["--set", "grpc.prot=1"], "grpc.port"),
        (&["--check-config", "--set", "grpc.port=http"], "grpc.port"),
        (&["--config-dir", "/no/such/dir"], "/no/such/dir"),
        // Of the right type, and nothing that a service can run with.
        (&["--set", "telemetry.log_level=orders=loud"], "orders=loud"),
        (
            &["--check-config", "--set", "telemetry.sample_ratio=2"],
            "telemetry.sample_ratio",
        ),
        (
            &["--set", "telemetry.otlp_endpoint=ftp://x"],
            "telemetry.otlp_endpoint",
        ),
        (
            &["--set", "telemetry.otlp_timeout=0s"],
            "telemetry.otlp_timeout",
        ),
        (
            &["--set", "grpc.keepalive_interval=0s"],
            "grpc.keepalive_interval",
        ),
        (
            &["--set", "grpc.max_concurrent_streams=0"],
            "grpc.max_concurrent_streams",
        ),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(
            text(&output.stderr).contains(named),
            "{args:?}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn the_configuration_is_checked_and_printed_without_a_start() {
    let output = run(&["--check-config"]);
    assert_eq!(
        (output.status.code(), text(&output.stdout).as_str()),
        (Some(0), "minimal: the configuration is valid\n")
    );

    let output = minimal()
        .env("MINIMAL__GRPC__PORT", "7777")
        .args(["--print-config"])
        .output()
        .unwrap();
    let printed = text(&output.stdout);
    let port = printed
        .lines()
        .find(|line| line.contains("7777"))
        .unwrap_or_else(|| panic!("{printed}"));
    assert!(port.contains("MINIMAL__GRPC__PORT"), "{port}");

    // Also when the boot would fail: that is when it is needed.
    let output = run(&["--print-config", "--set", "grpc.prot=1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stdout).contains("[grpc]"),
        "{}",
        text(&output.stdout)
    );
}

#[test]
fn version_and_help_need_no_configuration() {
    assert!(text(&run(&["--version"]).stdout).starts_with("minimal "));
    assert!(text(&run(&["--help"]).stdout).contains("--check-config"));
}
