//! An upload that its caller takes back in the middle: its handler must not take what has come for
//! all of it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use greeter_api::{FILE_DESCRIPTOR_SET, GetItemRequest, GetItemResponse};
use prost::Message;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::server::{ClientStreamingService, Grpc, NamedService};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::frames::{Attacker, DATA, END_HEADERS, HEADERS, RST_STREAM, frame, head};
use crate::support::serve;

const CANCEL: [u8; 4] = 8u32.to_be_bytes();

/// More than there is to see.
const SEEN: usize = 8;

/// What a handler sees of its requests: one by one, and how they end.
#[derive(Debug, PartialEq)]
enum Seen {
    Message(String),
    End,
    Error(Code),
}

/// A service that takes a stream of requests and tells what it sees of it. The generated ones of the
/// golden contract take one each, and the wire is the same.
#[derive(Clone)]
struct Upload(mpsc::Sender<Seen>);

impl NamedService for Upload {
    const NAME: &'static str = "acme.greeter.v1.GreeterService";
}

impl tower::Service<http::Request<Body>> for Upload {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let upload = self.clone();
        let codec = tonic_prost::ProstCodec::<GetItemResponse, GetItemRequest>::default();
        Box::pin(async move { Ok(Grpc::new(codec).client_streaming(upload, request).await) })
    }
}

impl ClientStreamingService<GetItemRequest> for Upload {
    type Response = GetItemResponse;
    type Future = BoxFuture<'static, Result<Response<GetItemResponse>, Status>>;

    fn call(&mut self, request: Request<Streaming<GetItemRequest>>) -> Self::Future {
        let seen = self.0.clone();
        Box::pin(async move {
            let mut requests = request.into_inner();
            loop {
                let next = match requests.message().await {
                    Ok(Some(request)) => Seen::Message(request.id),
                    Ok(None) => Seen::End,
                    Err(status) => Seen::Error(status.code()),
                };
                let last = !matches!(next, Seen::Message(_));
                let _ = seen.send(next).await;
                if last {
                    return Ok(Response::new(GetItemResponse { item: None }));
                }
            }
        })
    }
}

/// Sends one of who knows how many requests, takes the call back, and returns how they end for the
/// handler.
async fn end_of_half_an_upload(addr: SocketAddr, mut seen: mpsc::Receiver<Seen>) -> Seen {
    let mut message = vec![0; 5];
    GetItemRequest { id: "half".into() }
        .encode(&mut message)
        .unwrap();
    message[4] = (message.len() - 5) as u8;
    let Attacker(mut stream) = Attacker::connect(addr).await;
    let begin = [
        frame(HEADERS, END_HEADERS, 1, &head()),
        frame(DATA, 0, 1, &message),
    ];
    stream.write_all(&begin.concat()).await.unwrap();
    assert_eq!(seen.recv().await.unwrap(), Seen::Message("half".into()));
    let take_back = frame(RST_STREAM, 0, 1, &CANCEL);
    stream.write_all(&take_back).await.unwrap();
    let end = tokio::time::timeout(Duration::from_secs(10), seen.recv()).await;
    end.expect("the handler waits still").unwrap()
}

#[tokio::test]
async fn half_an_upload_is_an_error_and_not_the_end() {
    let (tell, seen) = mpsc::channel(SEEN);
    let server = serve(Upload(tell), FILE_DESCRIPTOR_SET).await;
    let end = end_of_half_an_upload(server.addr, seen).await;
    assert_eq!(end, Seen::Error(Code::Aborted));

    // The control.
    let (tell, seen) = mpsc::channel(SEEN);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let plain = tonic::transport::Server::builder().add_service(Upload(tell));
    tokio::spawn(plain.serve_with_incoming(TcpListenerStream::new(listener)));
    let end = end_of_half_an_upload(addr, seen).await;
    assert_eq!(end, Seen::End, "tonic's own tells of it by now");
}
