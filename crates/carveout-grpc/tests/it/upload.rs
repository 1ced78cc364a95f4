//! A service whose one method takes a stream of requests, which none of the golden contract's does.

use std::convert::Infallible;
use std::task::{Context, Poll};

use greeter_api::{GetItemRequest, GetItemResponse};
use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use tokio::sync::mpsc;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{ClientStreamingService, Grpc, NamedService};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::frames::head_of_path;

pub(crate) const METHOD: &str = "acme.upload.v1.UploadService/Upload";

/// More than there is to see.
const SEEN: usize = 8;

/// What a handler sees of its requests: one by one, and how they end.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Message(String),
    End,
    Error(Code),
}

#[derive(Clone, Copy)]
enum Reader {
    Handler,
    /// A spawned task, for which the handler waits.
    Task,
    /// The same, and the handler answers after the first message.
    Detached,
}

#[derive(Clone)]
pub(crate) struct Upload {
    seen: mpsc::Sender<Seen>,
    reader: Reader,
}

impl Upload {
    fn with(reader: Reader) -> (Self, mpsc::Receiver<Seen>) {
        let (seen, told) = mpsc::channel(SEEN);
        (Self { seen, reader }, told)
    }

    /// Reads to the end and fails as its request does.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Seen>) {
        Self::with(Reader::Handler)
    }

    /// The same in a spawned task, which outlives the call.
    pub(crate) fn detached() -> (Self, mpsc::Receiver<Seen>) {
        Self::with(Reader::Task)
    }

    /// Answers while the task still reads.
    pub(crate) fn answering_at_once() -> (Self, mpsc::Receiver<Seen>) {
        Self::with(Reader::Detached)
    }

    async fn read(seen: mpsc::Sender<Seen>, mut requests: Streaming<GetItemRequest>) -> Answered {
        loop {
            let (next, end) = match requests.message().await {
                Ok(Some(request)) => (Seen::Message(request.id), None),
                Ok(None) => (Seen::End, Some(Ok(answer()))),
                // What a handler makes of an error that it does not expect.
                Err(status) => (
                    Seen::Error(status.code()),
                    Some(Err(Status::internal("the upload has failed"))),
                ),
            };
            let _ = seen.send(next).await;
            if let Some(end) = end {
                return end;
            }
        }
    }
}

type Answered = Result<Response<GetItemResponse>, Status>;

fn answer() -> Response<GetItemResponse> {
    Response::new(GetItemResponse { item: None })
}

impl NamedService for Upload {
    const NAME: &'static str = "acme.upload.v1.UploadService";
}

impl Service<http::Request<Body>> for Upload {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

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
    type Future = BoxFuture<Response<GetItemResponse>, Status>;

    fn call(&mut self, request: Request<Streaming<GetItemRequest>>) -> Self::Future {
        let (seen, requests) = (self.seen.clone(), request.into_inner());
        match self.reader {
            Reader::Handler => Box::pin(Self::read(seen, requests)),
            Reader::Task => {
                Box::pin(async { tokio::spawn(Self::read(seen, requests)).await.unwrap() })
            }
            Reader::Detached => {
                tokio::spawn(Self::read(seen, requests));
                Box::pin(async { Ok(answer()) })
            }
        }
    }
}

/// Its contract, encoded.
pub(crate) fn descriptors() -> &'static [u8] {
    let method = MethodDescriptorProto {
        name: Some("Upload".into()),
        client_streaming: Some(true),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("UploadService".into()),
        method: vec![method],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("upload.proto".into()),
        package: Some("acme.upload.v1".into()),
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    let set = FileDescriptorSet { file: vec![file] };
    // Contracts are constants everywhere else.
    Box::leak(set.encode_to_vec().into_boxed_slice())
}

pub(crate) fn head() -> Vec<u8> {
    head_with(&[])
}

pub(crate) fn head_with(more: &[(&str, &str)]) -> Vec<u8> {
    head_of_path(&format!("/{METHOD}"), more)
}

/// A message as it is on the wire.
pub(crate) fn message(id: &str) -> Vec<u8> {
    let mut message = vec![0; 5];
    GetItemRequest { id: id.into() }
        .encode(&mut message)
        .unwrap();
    message[4] = (message.len() - 5) as u8;
    message
}
