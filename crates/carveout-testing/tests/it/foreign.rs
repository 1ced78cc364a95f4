//! What a caller of any language has to find. The callers in `tests/foreign` say what they saw, one
//! JSON array a line: the step, and the observation.

use std::path::PathBuf;

use carveout_testing::TestService;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::talking::Talking;

/// One of the callers in `tests/foreign`.
pub(crate) fn script(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/foreign", name]
        .iter()
        .collect()
}

async fn saw(caller: &mut Talking, step: &str, seen: Value) {
    let line = match caller.line().await {
        Some(line) => line,
        None => panic!("it ended before {step:?}:\n{}", caller.everything()),
    };
    let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
    assert_eq!(line, json!([step, seen]));
}

async fn ended_well(mut caller: Talking) {
    let status = caller.end().await;
    assert!(status.success(), "{status}\n{}", caller.everything());
}

/// Every method, and the errors with what they are about.
pub(crate) async fn calls(mut command: Command) {
    let service = TestService::start(greeter::ABOUT, greeter::start).await;
    command.args([&service.grpc_addr().to_string(), "calls"]);
    let mut caller = Talking::start(command);
    let one = json!({ "id": "1", "title": "one", "dated": true });
    let missing = json!({
        "code": "NOT_FOUND",
        "message": "there is no item \"404\"",
        "reason": "ITEM_NOT_FOUND",
        "domain": "greeter",
        "metadata": { "id": "404" },
    });
    let steps = [
        ("created", one.clone()),
        ("created again", one.clone()),
        ("read", one),
        ("missing", missing),
        (
            "invalid",
            json!({ "code": "INVALID_ARGUMENT", "fields": ["title"] }),
        ),
        ("pages", json!([["one", "two"], ["three"]])),
        ("watched", json!(["one", "two", "three", "four"])),
        ("out of time", json!("DEADLINE_EXCEEDED")),
        ("no such method", json!("UNIMPLEMENTED")),
    ];
    for (step, seen) in steps {
        saw(&mut caller, step, seen).await;
    }
    ended_well(caller).await;
    service.stop().await;
}

/// What the service's contract says, extensions and errors included, on one stream.
pub(crate) async fn reflection(mut command: Command) {
    let service = TestService::start(greeter::ABOUT, greeter::start).await;
    command.arg(service.grpc_addr().to_string());
    let mut caller = Talking::start(command);
    for version in ["v1", "v1alpha"] {
        for (step, seen) in [
            ("unknown symbol", json!("NOT_FOUND")),
            ("extension", json!("carveout/v1/options.proto")),
            ("unknown extension", json!("NOT_FOUND")),
            ("extension numbers", json!([50601])),
            ("deadline of GetItem", json!("500ms")),
        ] {
            saw(&mut caller, &format!("{version}: {step}"), seen).await;
        }
        let services = json!([
            "acme.greeter.v1.GreeterService",
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
        ]);
        saw(&mut caller, &format!("{version}: services"), services).await;
    }
    ended_well(caller).await;
    service.stop().await;
}

/// The health of the service, up to its stop.
pub(crate) async fn health(mut command: Command) {
    let set = ["lifecycle.lame_duck=1s"];
    let service = TestService::start_with(greeter::ABOUT, &set, greeter::start).await;
    command.args([&service.grpc_addr().to_string(), "health"]);
    let mut caller = Talking::start(command);
    saw(&mut caller, "check of the server", json!("SERVING")).await;
    saw(&mut caller, "check of the service", json!("SERVING")).await;
    saw(&mut caller, "check of another", json!("NOT_FOUND")).await;
    let all = json!({ "": "SERVING", "acme.greeter.v1.GreeterService": "SERVING" });
    saw(&mut caller, "list", all).await;
    saw(&mut caller, "watch of another", json!("SERVICE_UNKNOWN")).await;
    saw(&mut caller, "watch", json!("SERVING")).await;
    // A watcher hears of the stop before it begins, and does not hold it up.
    let (stopped, ()) = tokio::join!(service.stop(), async {
        saw(&mut caller, "watch", json!("NOT_SERVING")).await;
        let end = json!({ "code": "UNAVAILABLE", "reason": "DRAINING" });
        saw(&mut caller, "end of the watch", end).await;
        ended_well(caller).await;
    });
    assert_eq!(stopped.cut, 0);
}
