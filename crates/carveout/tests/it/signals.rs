//! Every signal that would end a process without a drain, at every time.

use std::fs::OpenOptions;
use std::process::Command;

use crate::admin::request;
use crate::at_the_limit::admin_of;
use crate::driver::Service;

/// Signals whose default ends the process, by name and number; those that report a fault are not among
/// them.
const IGNORED: [&str; 11] = [
    "USR1", "USR2", "PIPE", "ALRM", "VTALRM", "PROF", "IO", "XCPU", "XFSZ", "STKFLT",
    // systemd's, real-time.
    "37",
];

#[test]
fn a_signal_that_means_nothing_ends_nothing() {
    let mut service = Service::spawn("minimal", &[]);
    let admin = admin_of(&service.wait_for("\"message\":\"ready\""));
    for signal in IGNORED {
        service.signal(signal);
        let ready = request(admin, "GET", "/readyz");
        assert!(ready.starts_with("HTTP/1.0 200"), "{signal}: {ready}");
        // Rust's runtime ignores it before `main`.
        if signal != "PIPE" {
            service.wait_for("a signal was ignored");
        }
    }
    service.signal("TERM");
    assert_eq!(service.exit_code(), Some(0));
}

#[test]
fn every_signal_that_says_stop_is_obeyed_with_a_drain() {
    for signal in ["TERM", "INT", "QUIT", "PWR"] {
        let mut service = Service::start(&[]);
        service.signal(signal);
        service.wait_for("\"message\":\"stopping\"");
        assert_eq!(service.exit_code(), Some(0), "{signal}");
    }
}

/// A service that is reading its configuration, from a named pipe without a writer.
struct Reading {
    dir: tempfile::TempDir,
    service: Service,
}

impl Reading {
    fn begin() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("default.toml");
        let made = Command::new("mkfifo").arg(&file).status().unwrap();
        assert!(made.success());
        let config_dir = dir.path().to_str().unwrap().to_owned();
        let service = Service::spawn("minimal", &["--config-dir", &config_dir]);
        Self { dir, service }
    }

    /// Waits until the pipe is opened for reading.
    fn pipe(&self) -> std::fs::File {
        let file = self.dir.path().join("default.toml");
        OpenOptions::new().write(true).open(file).unwrap()
    }
}

#[test]
fn before_the_start_a_reload_is_kept_and_other_signals_end_nothing() {
    let mut reading = Reading::begin();
    let pipe = reading.pipe();
    for signal in ["HUP", "USR1", "USR2", "ALRM", "37"] {
        reading.service.signal(signal);
    }
    // What is read again is a file.
    let file = reading.dir.path().join("default.toml");
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, "[lifecycle]\nflush_timeout = \"1s\"\n").unwrap();
    drop(pipe);
    reading
        .service
        .wait_for_both(["\"message\":\"ready\"", "configuration reloaded"]);
    reading.service.signal("TERM");
    assert_eq!(reading.service.exit_code(), Some(0));
}

#[test]
fn a_stop_does_not_wait_for_a_configuration_that_cannot_be_read() {
    for signal in ["TERM", "INT", "QUIT"] {
        let mut reading = Reading::begin();
        let _pipe = reading.pipe();
        reading.service.signal(signal);
        assert_eq!(reading.service.exit_code(), Some(0), "{signal}");
    }
}
