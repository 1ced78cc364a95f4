//! S24 and S27: every error says why, exactly once, and a panic is an error like any other.

use greeter_api::{CreateItemRequest, WatchItemsRequest, WatchItemsResponse};
use tokio_stream::StreamExt;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::{Handlers, Server, read};

#[track_caller]
pub(crate) fn assert_explained(status: &Status, code: Code, reason: &str) {
    assert_eq!(status.code(), code, "{status}");
    let details = status.get_error_details_vec();
    let infos: Vec<_> = details
        .iter()
        .filter_map(|detail| match detail {
            tonic_types::ErrorDetail::ErrorInfo(info) => {
                Some((info.reason.as_str(), info.domain.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(infos, [(reason, "test")], "{status}");
}

#[tokio::test]
async fn a_bare_status_of_a_handler_is_explained() {
    let server = Server::start(
        Handlers::default().read(|_| async { Err(Status::failed_precondition("closed")) }),
    )
    .await;
    let status = server.client().get_item(read()).await.unwrap_err();
    assert_explained(&status, Code::FailedPrecondition, "FAILED_PRECONDITION");
    assert_eq!(status.message(), "closed");
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_explained() {
    let broken = || {
        Ok(tokio_stream::iter([
            Ok(WatchItemsResponse { item: None }),
            Err(Status::data_loss("torn")),
        ]))
    };
    let server = Server::start(Handlers::default().watch(broken)).await;
    let mut stream = server
        .client()
        .watch_items(WatchItemsRequest {})
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();
    assert_explained(
        &stream.message().await.unwrap_err(),
        Code::DataLoss,
        "DATA_LOSS",
    );
}

#[tokio::test]
async fn a_panic_is_internal_before_the_answer_and_within_it() {
    let handlers = Handlers::default()
        .read(|_| async { panic!("a bug with a secret in its message") })
        .watch(|| {
            // It has to wait in between: what is ready at once is encoded together with the message
            // before it.
            let late = futures_util::stream::once(async {
                tokio::task::yield_now().await;
                panic!("late")
            });
            Ok(tokio_stream::once(Ok(WatchItemsResponse { item: None })).chain(late))
        });
    let server = Server::start(handlers).await;
    let mut client = server.client();
    let status = client.get_item(read()).await.unwrap_err();
    assert_explained(&status, Code::Internal, "PANIC");
    assert!(!status.message().contains("secret"), "{status}");

    let mut stream = client
        .watch_items(WatchItemsRequest {})
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();
    assert_explained(
        &stream.message().await.unwrap_err(),
        Code::Internal,
        "PANIC",
    );

    // The connection and the server live on.
    let status = client
        .create_item(CreateItemRequest::default())
        .await
        .unwrap_err();
    assert_explained(&status, Code::Unimplemented, "UNIMPLEMENTED");
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented_and_creates_no_series() {
    let server = Server::start(Handlers::default()).await;
    let endpoint =
        tonic::transport::Endpoint::from_shared(format!("http://{}", server.addr)).unwrap();
    let mut grpc = tonic::client::Grpc::new(endpoint.connect().await.unwrap());
    for path in [
        "/acme.greeter.v1.GreeterService/Nope",
        "/made.up.Service/Call7",
        "/",
    ] {
        grpc.ready().await.unwrap();
        let codec = tonic_prost::ProstCodec::<(), ()>::default();
        let status = grpc
            .unary(tonic::Request::new(()), path.parse().unwrap(), codec)
            .await
            .unwrap_err();
        assert_explained(&status, Code::Unimplemented, "METHOD_NOT_FOUND");
    }
    let metrics = server.metrics.encode(None).body;
    assert!(metrics.contains(r#"rpc_method="_OTHER""#), "{metrics}");
    assert!(
        !metrics.contains("Nope") && !metrics.contains("made.up"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unavailable_and_says_why() {
    let server = Server::start(Handlers::default()).await;
    let mut client = server.client();
    server.stop().await;
    let status = client.get_item(read()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("refused"), "{status}");
}

#[test]
fn a_target_that_is_no_address_is_named() {
    for target in [
        "",
        "orders:20000",
        "https://orders:20000",
        "http://",
        "not a uri",
    ] {
        let error = carveout_grpc::Channel::new(&carveout_grpc::ClientConfig::to(target))
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains(&format!("{target:?}")) && error.contains("http://orders:20000"),
            "{error}"
        );
    }
}
