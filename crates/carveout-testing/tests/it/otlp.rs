//! Spans go to a real OTLP receiver, rotel, and nothing depends on it.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::process::Greeter;
use crate::rpc::{GET_ITEM, TRACE, get_missing_item};
use crate::talking::Talking;
use crate::tools::{eventually, python, run_well};

/// Its program lies inside the Python package.
async fn rotel() -> Option<Command> {
    let mut find = python("rotel")?;
    let dir = "import os, rotel; print(os.path.dirname(rotel.__file__))";
    let dir = run_well(find.args(["-c", dir])).await;
    Some(Command::new(PathBuf::from(dir.trim()).join("rotel-agent")))
}

async fn free_ports() -> [SocketAddr; 2] {
    // Both at once, so that they differ.
    let one = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    [one, other].map(|listener| listener.local_addr().unwrap())
}

async fn greeter_that_sends_to(endpoint: &str) -> Greeter {
    let endpoint = format!("telemetry.otlp_endpoint={endpoint}");
    Greeter::start(&[
        "telemetry.otlp_enabled=true",
        &endpoint,
        "telemetry.sample_ratio=1.0",
        "lifecycle.flush_timeout=2s",
    ])
    .await
}

#[tokio::test]
async fn a_call_is_a_span_of_its_callers_trace() {
    let Some(mut rotel) = rotel().await else {
        return;
    };
    let [grpc, http] = free_ports().await;
    rotel
        .args(["start", "--exporter", "blackhole"])
        .args(["--debug-log", "traces", "--debug-log-verbosity", "detailed"])
        .args(["--otlp-grpc-endpoint", &grpc.to_string()])
        .args(["--otlp-http-endpoint", &http.to_string()]);
    let mut receiver = Talking::start(rotel);
    let listens = async || TcpStream::connect(grpc).await.ok();
    eventually("rotel listens", listens).await;

    let mut greeter = greeter_that_sends_to(&format!("http://{grpc}")).await;
    get_missing_item(greeter.grpc).await;
    // The stop sends what has not been sent.
    assert_eq!(greeter.process.stop().await.code(), Some(0));
    receiver.line_with("rpc.response.status_code").await;
    let seen = receiver.everything();
    for expected in [
        TRACE,
        GET_ITEM,
        "SPAN_KIND_SERVER",
        "rpc.response.status_code: Str(NOT_FOUND)",
        "error.reason: Str(ITEM_NOT_FOUND)",
        "service.name: Str(greeter)",
    ] {
        assert!(seen.contains(expected), "no {expected:?} in\n{seen}");
    }
}

#[tokio::test]
async fn without_a_receiver_the_service_answers_and_stops_cleanly() {
    // Port 1 refuses.
    let mut greeter = greeter_that_sends_to("http://127.0.0.1:1").await;
    get_missing_item(greeter.grpc).await;
    let stopped = greeter.process.stop().await;
    let said = greeter.process.everything();
    assert_eq!(stopped.code(), Some(0), "{said}");
    assert!(said.contains("spans were given up at the stop"), "{said}");
}
