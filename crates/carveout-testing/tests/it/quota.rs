//! A quota as callers of other languages see it.

use carveout_testing::TestService;
use greeter_api as api;
use serde_json::json;
use tokio::process::Command;
use tonic::Code;

use crate::overload::{answered, called_by, delays, node, python, retries};

/// A service that answers one call, and the next after so many seconds.
async fn used_up(seconds: f64) -> TestService {
    let rate = format!("quota.calls_per_second={}", 1.0 / seconds);
    let set = ["quota.mode=enforce", "quota.burst=1", &rate];
    let service = TestService::start_with(greeter::ABOUT, &set, greeter::start).await;
    // Whoever has no certificate is the same caller.
    let mut client = api::Client::new(service.channel());
    let answer = client.get_item(api::GetItemRequest::default()).await;
    assert_eq!(answer.unwrap_err().code(), Code::NotFound);
    service
}

async fn says_whose_it_is_and_when_there_is_room(caller: Option<Command>) {
    let Some(caller) = caller else { return };
    let service = used_up(900.0).await;
    let seen = called_by(&service, caller, &json!({}), None).await;
    assert_eq!(seen["code"], "RESOURCE_EXHAUSTED", "{seen}");
    assert_eq!(seen["reasons"], json!([["QUOTA_EXCEEDED", "greeter"]]));
    assert_eq!(seen["quotas"], json!(["anonymous"]));
    let (retry_ms, pushback) = delays(&seen);
    assert_eq!(pushback, retry_ms as i64, "{seen}");
    assert!((600_000.0..1_350_000.0).contains(&retry_ms), "{seen}");
    service.stop().await;
}

#[tokio::test]
async fn python_is_told_whose_it_is_and_when_there_is_room() {
    says_whose_it_is_and_when_there_is_room(python()).await;
}

#[tokio::test]
async fn node_is_told_whose_it_is_and_when_there_is_room() {
    says_whose_it_is_and_when_there_is_room(node()).await;
}

async fn comes_back_when_there_is_room(caller: Option<Command>) {
    let Some(caller) = caller else { return };
    // Longer than any of them takes to start.
    let service = used_up(8.0).await;
    let config = retries(&["RESOURCE_EXHAUSTED"]);
    let seen = called_by(&service, caller, &config, None).await;
    // There is no such item, and so says the handler.
    assert_eq!(seen["code"], "NOT_FOUND", "{seen}");
    assert_eq!(answered(&service, "RESOURCE_EXHAUSTED").await, 1, "{seen}");
    service.stop().await;
}

#[tokio::test]
async fn python_comes_back_when_there_is_room() {
    comes_back_when_there_is_room(python()).await;
}

#[tokio::test]
async fn node_comes_back_when_there_is_room() {
    comes_back_when_there_is_room(node()).await;
}
