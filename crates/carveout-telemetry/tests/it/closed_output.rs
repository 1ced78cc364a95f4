use crate::world::service;
use carveout_telemetry::{TelemetryConfig, init};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

const CHILD: &str = "CARVEOUT_TEST_CHILD";

/// The child: a service whose standard output is closed under it. It is this very test, started
/// again.
fn serve() -> ! {
    let telemetry =
        init(&TelemetryConfig::default(), service()).expect("the first in this process");
    assert!(
        init(&TelemetryConfig::default(), service()).is_err(),
        "a second time"
    );
    tracing::info!("up");
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .expect("the parent says when");
    for _ in 0..1_000 {
        tracing::info!("nobody reads this");
    }
    let report = telemetry.shutdown(Duration::from_secs(5));
    let lost = report.stats.log_lines_dropped > 0 && !report.log_abandoned;
    // The harness would print to the closed output, and fail.
    #[expect(
        clippy::disallowed_methods,
        reason = "the rest of the test harness must not run in this process"
    )]
    std::process::exit(if lost { 0 } else { 3 });
}

#[test]
fn a_service_survives_its_closed_standard_output() {
    if std::env::var_os(CHILD).is_some() {
        serve();
    }
    let name = "closed_output::a_service_survives_its_closed_standard_output";
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let output = child.stdout.take().expect("piped");
    let up = BufReader::new(output)
        .lines()
        .any(|line| line.expect("text").contains("\"message\":\"up\""));
    assert!(up, "the child never logged");
    // The reader has gone with the iterator. Now the child logs on.
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(b"go\n")
        .expect("it waits");
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(
        ended.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
}
