//! Requests over HTTP/2 that are not gRPC's: another client must not take the answer for a success.

use http::{Method, Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tonic::body::Body;

use crate::support::{Handlers, Server};

#[tokio::test]
async fn what_is_not_grpc_is_refused_by_http_and_grpc_alike() {
    let server = Server::start(Handlers::default()).await;
    let stream = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    let (mut requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);

    let post = Method::POST;
    let refused = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    for (method, content_type, status, code) in [
        (post.clone(), "application/json", refused, "3"),
        (post.clone(), "application/grpc-web", refused, "3"),
        (post.clone(), "", refused, "3"),
        (
            Method::GET,
            "application/grpc",
            StatusCode::METHOD_NOT_ALLOWED,
            "13",
        ),
        // What they have in common: these get as far as the message that is missing.
        (post.clone(), "application/grpc", StatusCode::OK, "13"),
        (post.clone(), "application/grpc+proto", StatusCode::OK, "13"),
        (post, "application/grpc;v=1", StatusCode::OK, "13"),
    ] {
        let request = Request::builder()
            .method(&method)
            .uri("http://x/acme.greeter.v1.GreeterService/GetItem")
            .header("content-type", content_type)
            .body(Body::empty())
            .unwrap();
        let answer = requests.send_request(request).await.unwrap();
        let case = format!("{method} {content_type:?}: {answer:?}");
        assert_eq!(answer.status(), status, "{case}");
        assert_eq!(answer.headers()["grpc-status"], code, "{case}");
        assert!(
            answer.headers().contains_key("grpc-status-details-bin"),
            "{case}"
        );
    }
    // They are counted as what they are.
    let scrape = server.metrics.encode(None).body;
    assert!(scrape.contains("INVALID_ARGUMENT"), "{scrape}");
}
