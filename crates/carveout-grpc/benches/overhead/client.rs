use std::future::Future;
use std::net::SocketAddr;

use greeter_api as api;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tonic::Status;

/// A connection of hyper's with nothing around it, so that the client costs as little as it can.
#[derive(Clone)]
pub(crate) struct Raw(hyper::client::conn::http2::SendRequest<tonic::body::Body>);

impl tower::Service<http::Request<tonic::body::Body>> for Raw {
    type Response = http::Response<hyper::body::Incoming>;
    type Error = hyper::Error;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, hyper::Error>> + Send>>;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

pub(crate) type Client = api::greeter_service_client::GreeterServiceClient<Raw>;

pub(crate) async fn connect(addr: SocketAddr) -> Client {
    let stream = tokio::net::TcpStream::connect(addr)
        .await
        .expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (requests, connection) = handshake.await.expect("HTTP/2");
    tokio::spawn(connection);
    let origin = format!("http://{addr}").parse().expect("an origin");
    Client::with_origin(Raw(requests), origin)
}

pub(crate) async fn ask(mut client: Client) -> Result<(), Status> {
    let request = api::GetItemRequest { id: "1".into() };
    client.get_item(request).await.map(drop)
}

/// This and [`streamed`] count the messages that they were answered with.
pub(crate) async fn unary(client: Client) -> u64 {
    ask(client).await.expect("an answer");
    1
}

pub(crate) async fn streamed(mut client: Client) -> u64 {
    let answer = client.watch_items(api::WatchItemsRequest {}).await;
    let mut stream = answer.expect("an answer").into_inner();
    let mut messages = 0;
    while stream.message().await.expect("a message").is_some() {
        messages += 1;
    }
    messages
}
