//! `buf curl` is another family of gRPC (connect-go), and asks for reflection v1.

use carveout_testing::TestService;
use serde_json::Value;

use crate::rpc::GET_ITEM;
use crate::tools::{everything, program, run, run_well};

const ARGS: [&str; 5] = [
    "curl",
    "--protocol=grpc",
    "--http2-prior-knowledge",
    "--reflect-protocol=grpc-v1",
    "--connect-timeout=10",
];

#[tokio::test]
async fn it_finds_and_calls_methods_by_the_current_reflection() {
    let service = TestService::start(greeter::ABOUT, greeter::start).await;
    let url = format!("http://{}", service.grpc_addr());
    let Some(mut list) = program("buf") else {
        return;
    };
    let methods = run_well(list.args(ARGS).args(["--list-methods", &url])).await;
    for method in [
        GET_ITEM,
        "acme.greeter.v1.GreeterService/WatchItems",
        "grpc.health.v1.Health/List",
    ] {
        assert!(methods.lines().any(|line| line == method), "{methods}");
    }

    let mut get = program("buf").unwrap();
    get.args(ARGS)
        .args(["--data", r#"{"id": "404"}"#])
        .arg(format!("{url}/{GET_ITEM}"));
    let failed = run(&mut get).await;
    let said = everything(&failed);
    // buf ends with eight times the code of the call's status.
    assert_eq!(failed.status.code(), Some(5 * 8), "{said}");
    let error: Value = serde_json::from_slice(&failed.stderr).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(error["code"], "not_found");
    assert_eq!(error["details"][0]["type"], "google.rpc.ErrorInfo");
    service.stop().await;
}
