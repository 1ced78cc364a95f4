//! grpcurl knows the service by reflection (v1alpha) alone.

use carveout_testing::TestService;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::tools::{everything, program, run, run_well};

const SERVICE: &str = "acme.greeter.v1.GreeterService";
const CODE_NOT_FOUND: i32 = 5;
const CODE_DEADLINE_EXCEEDED: i32 = 4;
/// grpcurl ends with the code of the call's status and this.
const CODE_OFFSET: i32 = 64;

async fn greeter() -> TestService {
    TestService::start(greeter::ABOUT, greeter::start).await
}

fn grpcurl(flags: &[&str], service: &TestService, args: &[&str]) -> Option<Command> {
    let mut grpcurl = program("grpcurl")?;
    grpcurl
        .arg("-plaintext")
        .args(flags)
        .arg(service.grpc_addr().to_string())
        .args(args);
    Some(grpcurl)
}

fn call(service: &TestService, flags: &[&str], method: &str, request: Value) -> Option<Command> {
    let request = request.to_string();
    let flags = [flags, &["-d", request.as_str()]].concat();
    grpcurl(&flags, service, &[&format!("{SERVICE}/{method}")])
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

#[tokio::test]
async fn it_lists_and_describes_what_there_is() {
    let service = greeter().await;
    let Some(mut list) = grpcurl(&[], &service, &["list"]) else {
        return;
    };
    let services = run_well(&mut list).await;
    for name in [
        SERVICE,
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ] {
        assert!(services.lines().any(|line| line == name), "{services}");
    }

    let described = run_well(&mut grpcurl(&[], &service, &["describe", SERVICE]).unwrap()).await;
    for text in [
        "rpc GetItem ( .acme.greeter.v1.GetItemRequest )",
        "returns ( stream .acme.greeter.v1.WatchItemsResponse )",
        // The contract travels with the service: the comments and the kit's own options too.
        "NOT_FOUND with reason ITEM_NOT_FOUND when there is none.",
        "option (.carveout.v1.method) = { deadline:\"500ms\" }",
    ] {
        assert!(described.contains(text), "no {text:?} in\n{described}");
    }
    service.stop().await;
}

#[tokio::test]
async fn it_resolves_extensions_and_is_told_what_there_is_not() {
    let service = greeter().await;
    let describe = |what: &str| grpcurl(&[], &service, &["describe", what]);
    let Some(mut option) = describe("carveout.v1.method") else {
        return;
    };
    let described = run_well(&mut option).await;
    assert!(
        described.contains("extend .google.protobuf.MethodOptions"),
        "{described}"
    );
    let options = run_well(&mut describe("google.protobuf.MethodOptions").unwrap()).await;
    assert!(
        options.contains("google.protobuf.MethodOptions is a message"),
        "{options}"
    );

    let unknown = run(&mut describe("acme.greeter.v1.NoSuchService").unwrap()).await;
    let said = everything(&unknown);
    assert!(
        !unknown.status.success() && said.contains("Symbol not found"),
        "{said}"
    );
    service.stop().await;
}

#[tokio::test]
async fn it_calls_every_method() {
    let service = greeter().await;
    for (request_id, title) in [("r1", "one"), ("r2", "two")] {
        let request = json!({ "requestId": request_id, "title": title });
        let Some(mut create) = call(&service, &[], "CreateItem", request) else {
            return;
        };
        let created = json_of(&run_well(&mut create).await);
        assert_eq!(created["item"]["title"], title);
        assert!(created["item"]["createTime"].is_string(), "{created}");
    }

    let mut get = call(&service, &[], "GetItem", json!({ "id": "2" })).unwrap();
    assert_eq!(json_of(&run_well(&mut get).await)["item"]["title"], "two");

    let mut list = call(&service, &[], "ListItems", json!({ "pageSize": 1 })).unwrap();
    let page = json_of(&run_well(&mut list).await);
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["nextPageToken"], "1");

    let mut watch = call(&service, &["-max-time", "1"], "WatchItems", json!({})).unwrap();
    let watched = run(&mut watch).await;
    let expected = Some(CODE_OFFSET + CODE_DEADLINE_EXCEEDED);
    assert_eq!(watched.status.code(), expected, "{}", everything(&watched));
    let items = serde_json::Deserializer::from_slice(&watched.stdout).into_iter::<Value>();
    let titles: Vec<Value> = items
        .map(|item| item.unwrap()["item"]["title"].clone())
        .collect();
    assert_eq!(titles, ["one", "two"]);
    service.stop().await;
}

#[tokio::test]
async fn it_shows_what_an_error_is_about() {
    let service = greeter().await;
    let Some(mut get) = call(
        &service,
        &["-format-error"],
        "GetItem",
        json!({ "id": "404" }),
    ) else {
        return;
    };
    let failed = run(&mut get).await;
    let said = everything(&failed);
    assert_eq!(
        failed.status.code(),
        Some(CODE_OFFSET + CODE_NOT_FOUND),
        "{said}"
    );
    let error = json_of(&said);
    assert_eq!(error["message"], "there is no item \"404\"");
    let detail = &error["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
    assert_eq!(
        (&detail["reason"], &detail["domain"], &detail["metadata"]),
        (
            &json!("ITEM_NOT_FOUND"),
            &json!("greeter"),
            &json!({ "id": "404" })
        ),
        "{said}"
    );
    service.stop().await;
}
