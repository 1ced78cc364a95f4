//! Messages that are too large, in both directions.

use carveout_grpc::ServerConfig;
use greeter_api::{GetItemRequest, WatchItemsRequest, WatchItemsResponse};
use std::time::Duration;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{Handlers, Server};

async fn start(handlers: Handlers) -> Server {
    let config = ServerConfig {
        max_request_bytes: 1000,
        max_response_bytes: 1000,
        ..ServerConfig::default()
    };
    Server::configured(handlers, Duration::from_secs(5), config).await
}

#[tokio::test]
async fn a_request_too_large_is_resource_exhausted_and_says_how_large() {
    let server = start(Handlers::default()).await;
    let mut client = server.client();
    // Two bytes of the message are the field's tag and length, three for a longer one.
    let sized = |bytes: usize| GetItemRequest {
        id: "x".repeat(bytes - 3),
    };
    client.get_item(sized(1000)).await.unwrap();
    let status = client.get_item(sized(1001)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert!(
        status.message().contains("1001 bytes, at most 1000"),
        "{status}"
    );
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        (&*info.reason, &*info.domain),
        ("MESSAGE_TOO_LARGE", "test")
    );
}

#[tokio::test]
async fn an_answer_too_large_is_not_sent_and_those_before_it_are() {
    let titled = |bytes: usize| WatchItemsResponse {
        item: Some(greeter_api::Item {
            title: "x".repeat(bytes),
            ..Default::default()
        }),
    };
    let handlers = Handlers::default().watch(move || {
        Ok(tokio_stream::iter([
            Ok(titled(10)),
            Ok(titled(500)),
            Ok(titled(2000)),
        ]))
    });
    let server = start(handlers).await;
    let answer = server.client().watch_items(WatchItemsRequest {}).await;
    let mut stream = answer.unwrap().into_inner();
    for bytes in [10, 500] {
        let message = stream.message().await.unwrap().unwrap();
        assert_eq!(message.item.unwrap().title.len(), bytes);
    }
    let status = stream.message().await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(
        status.get_details_error_info().unwrap().reason,
        "MESSAGE_TOO_LARGE"
    );
}

#[tokio::test]
async fn the_limit_may_be_above_that_of_the_generated_code() {
    let config = ServerConfig {
        max_request_bytes: 8 * 1024 * 1024,
        ..ServerConfig::default()
    };
    let server = Server::configured(Handlers::default(), Duration::from_secs(5), config).await;
    let id = "x".repeat(6 * 1024 * 1024);
    server
        .client()
        .get_item(GetItemRequest { id })
        .await
        .unwrap();
}
