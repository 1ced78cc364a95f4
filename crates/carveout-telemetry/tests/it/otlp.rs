use crate::world::{Output, PARENT, SOON, TRACE, service};
use carveout_telemetry::{
    ShutdownReport, Telemetry, TelemetryConfig, adopt_parent, below_caller, dispatch,
};
use http::{HeaderMap, HeaderValue};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tracing::dispatcher::with_default;

fn config(receiver: &str) -> TelemetryConfig {
    TelemetryConfig {
        otlp_enabled: true,
        otlp_endpoint: receiver.to_owned(),
        // No test waits for this: it is to be the shutdown that gives up.
        otlp_timeout: Duration::from_secs(60),
        ..TelemetryConfig::default()
    }
}

struct Stopped {
    telemetry: Telemetry,
    report: ShutdownReport,
    took: Duration,
    log: String,
}

/// Records spans, and shuts down within `timeout`.
fn record(spans: usize, receiver: &str, timeout: Duration) -> Stopped {
    let output = Output::default();
    let (dispatch, telemetry) =
        dispatch(&config(receiver), service(), output.clone()).expect("a good endpoint");
    with_default(&dispatch, || {
        for _ in 0..spans {
            drop(tracing::info_span!(target: "carveout::rpc", "rpc"));
        }
        let start = Instant::now();
        let report = telemetry.shutdown(timeout);
        Stopped {
            telemetry,
            report,
            took: start.elapsed(),
            log: output.text(),
        }
    })
}

#[test]
fn without_a_receiver_nothing_fails_and_the_loss_is_counted() {
    // Port 1 refuses.
    let stopped = record(3, "http://127.0.0.1:1", SOON);
    let (report, stats) = (stopped.report, stopped.report.stats);
    assert_eq!(
        (
            report.spans_abandoned,
            report.log_abandoned,
            report.is_complete()
        ),
        (3, false, false)
    );
    assert_eq!(
        (
            stats.spans_dropped,
            stats.spans_exported,
            stats.log_lines_dropped
        ),
        (3, 0, 0)
    );
    let expected = r#""message":"spans were given up at the stop","spans":3"#;
    assert!(stopped.log.contains(expected), "{}", stopped.log);
    // A second time there is nothing left to give up.
    let again = stopped.telemetry.shutdown(SOON);
    assert_eq!((again.stats, again.is_complete()), (stats, true));
}

#[test]
fn a_receiver_that_never_answers_costs_no_more_than_the_timeout() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let receiver = format!("http://{}", silent.local_addr().expect("bound"));
    let stopped = record(5_000, &receiver, Duration::from_millis(200));
    assert!(stopped.took < Duration::from_secs(5), "{:?}", stopped.took);
    assert_eq!(stopped.report.stats.spans_dropped, 5_000);
    // So many waited, at most: what came after was dropped when it came.
    assert_eq!(stopped.report.spans_abandoned, 2_048);
}

/// A real receiver, if there is one here: `pip install rotel`.
struct Receiver {
    process: Child,
    address: SocketAddr,
}

impl Receiver {
    fn start() -> Option<Self> {
        let agent = rotel()?;
        let [grpc, http] = free_ports();
        let process = Command::new(agent)
            .args([
                "start",
                "--exporter",
                "blackhole",
                "--debug-log",
                "traces",
                "--debug-log-verbosity",
                "detailed",
            ])
            .args([
                "--otlp-grpc-endpoint",
                &grpc.to_string(),
                "--otlp-http-endpoint",
                &http.to_string(),
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("rotel-agent is there");
        let receiver = Self {
            process,
            address: grpc,
        };
        let deadline = Instant::now() + SOON;
        while TcpStream::connect(grpc).is_err() {
            assert!(
                Instant::now() < deadline,
                "rotel-agent does not listen on {grpc}"
            );
            std::thread::yield_now();
        }
        Some(receiver)
    }

    /// What it printed up to the line that has `last` in it.
    fn printed_until(&mut self, last: &str) -> String {
        let output = self.process.stdout.take().expect("piped");
        let mut printed = String::new();
        for line in BufReader::new(output).lines() {
            let line = line.expect("text");
            printed += &line;
            printed += "\n";
            if line.contains(last) {
                return printed;
            }
        }
        panic!("rotel-agent ended without `{last}`:\n{printed}");
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn rotel() -> Option<PathBuf> {
    if let Some(agent) = std::env::var_os("ROTEL_AGENT") {
        return Some(agent.into());
    }
    let find =
        "import os, rotel; print(os.path.join(os.path.dirname(rotel.__file__), 'rotel-agent'))";
    let found = Command::new("python3")
        .args(["-c", find])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let agent = PathBuf::from(String::from_utf8(found.stdout).ok()?.trim());
    agent.is_file().then_some(agent)
}

fn free_ports() -> [SocketAddr; 2] {
    // Both at once, so that they differ.
    let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("bound"))
}

#[test]
fn a_span_arrives_under_the_trace_of_the_caller() {
    let Some(mut receiver) = Receiver::start() else {
        eprintln!("skipped: no rotel-agent (pip install rotel, or set ROTEL_AGENT)");
        return;
    };
    let (dispatch, telemetry) = dispatch(
        &config(&format!("http://{}", receiver.address)),
        service(),
        std::io::sink(),
    )
    .expect("a good endpoint");
    with_default(&dispatch, || {
        let span = tracing::info_span!(
            target: "carveout::rpc",
            "rpc",
            otel.name = "acme.orders.v1.OrdersService/GetItem",
            otel.kind = "server",
            otel.status_code = tracing::field::Empty,
            rpc.system.name = "grpc",
            rpc.method = "acme.orders.v1.OrdersService/GetItem",
            rpc.response.status_code = tracing::field::Empty,
        );
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", HeaderValue::from_static(PARENT));
        assert!(adopt_parent(&span, &headers));
        span.in_scope(|| tracing::info!("an event is a log line, and no part of the span"));
        span.in_scope(|| drop(tracing::info_span!("a query of it")));
        span.record("rpc.response.status_code", "UNAVAILABLE");
        span.record("otel.status_code", "ERROR");

        let unsampled = HeaderValue::try_from(PARENT.replace("-01", "-00")).expect("ASCII");
        headers.insert("traceparent", unsampled);
        let (span, _) = below_caller(&headers, || tracing::info_span!("not sent"));
        span.in_scope(|| drop(tracing::info_span!("nor what is within")));
    });
    let report = telemetry.shutdown(SOON);
    assert!(report.is_complete(), "{report:?}");
    assert_eq!(report.stats.spans_exported, 2);

    let printed = receiver.printed_until("rpc.response.status_code");
    for expected in [
        TRACE,
        "00f067aa0ba902b7",
        "acme.orders.v1.OrdersService/GetItem",
        "SPAN_KIND_SERVER",
        "STATUS_CODE_ERROR",
        "a query of it",
        "rpc.system.name: Str(grpc)",
        "rpc.method: Str(acme.orders.v1.OrdersService/GetItem)",
        "rpc.response.status_code: Str(UNAVAILABLE)",
        "service.name: Str(orders)",
        "service.version: Str(1.2.0)",
        "service.instance.id: Str(",
    ] {
        assert!(printed.contains(expected), "no `{expected}` in:\n{printed}");
    }
}
