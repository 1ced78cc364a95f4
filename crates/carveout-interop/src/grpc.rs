//! The server of gRPC's [interoperability tests].
//!
//! [interoperability tests]: https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md

use std::pin::Pin;
use std::time::Duration;

use http::{HeaderMap, HeaderName};
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::contract::packages::grpc::testing::test_service_server::TestService;
use crate::contract::packages::grpc::testing::{
    EchoStatus, Empty, Payload, SimpleRequest, SimpleResponse, StreamingInputCallRequest,
    StreamingInputCallResponse, StreamingOutputCallRequest, StreamingOutputCallResponse,
};
use crate::trailers::Trailers;

/// Metadata that comes back in the head.
pub const ECHO_INITIAL: &str = "x-grpc-test-echo-initial";
/// Metadata that comes back in the trailers.
pub const ECHO_TRAILING: &str = "x-grpc-test-echo-trailing-bin";

const SERVER_ID: &str = "carveout-interop";

/// Answers as each request says.
pub struct Server;

type Responses = Pin<Box<dyn Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send>>;
type Sender = mpsc::Sender<Result<StreamingOutputCallResponse, Status>>;

#[tonic::async_trait]
impl TestService for Server {
    async fn empty_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(
        &self,
        request: Request<SimpleRequest>,
    ) -> Result<Response<SimpleResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        asked_for(request.response_status)?;
        let payload = Some(payload(request.response_size)?);
        let server_id = if request.fill_server_id {
            SERVER_ID
        } else {
            ""
        };
        let response = SimpleResponse {
            payload,
            server_id: server_id.to_owned(),
        };
        Ok(echoing(&metadata, response))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut requests = request.into_inner();
        let mut size = 0;
        while let Some(request) = requests.message().await? {
            size += request.payload.map_or(0, |payload| payload.body.len());
        }
        let aggregated_payload_size = i32::try_from(size)
            .map_err(|_| Status::out_of_range("more than a number of 32 bits can tell"))?;
        Ok(Response::new(StreamingInputCallResponse {
            aggregated_payload_size,
        }))
    }

    type StreamingOutputCallStream = Responses;

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Responses>, Status> {
        let (responses, stream) = mpsc::channel(1);
        tokio::spawn(async move { answer(request.into_inner(), &responses).await });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    type FullDuplexCallStream = Responses;

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Responses>, Status> {
        let (metadata, _, mut requests) = request.into_parts();
        let (responses, stream) = mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                match requests.message().await {
                    Ok(Some(request)) => answer(request, &responses).await?,
                    Ok(None) => return Some(()),
                    Err(status) => return responses.send(Err(status)).await.ok(),
                }
            }
        });
        let stream: Responses = Box::pin(ReceiverStream::new(stream));
        Ok(echoing(&metadata, stream))
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented(
            "UnimplementedCall is not implemented",
        ))
    }
}

/// Sends what `request` asks for; `None` once the call has ended.
async fn answer(request: StreamingOutputCallRequest, responses: &Sender) -> Option<()> {
    if let Err(status) = asked_for(request.response_status) {
        return responses.send(Err(status)).await.ok();
    }
    for parameters in request.response_parameters {
        let pause = u64::try_from(parameters.interval_us).unwrap_or(0);
        if pause > 0 {
            tokio::time::sleep(Duration::from_micros(pause)).await;
        }
        let response = payload(parameters.size).map(|payload| StreamingOutputCallResponse {
            payload: Some(payload),
        });
        responses.send(response).await.ok()?;
    }
    Some(())
}

fn asked_for(status: Option<EchoStatus>) -> Result<(), Status> {
    match status {
        Some(status) if status.code != 0 => {
            Err(Status::new(Code::from(status.code), status.message))
        }
        _ => Ok(()),
    }
}

fn payload(size: i32) -> Result<Payload, Status> {
    let size =
        usize::try_from(size).map_err(|_| Status::invalid_argument("a size is not negative"))?;
    Ok(Payload {
        r#type: 0,
        body: vec![0; size],
    })
}

fn echoing<M>(metadata: &MetadataMap, message: M) -> Response<M> {
    let asked = metadata.clone().into_headers();
    let only = |name: &'static str| -> HeaderMap {
        let value = asked.get(name).cloned();
        let pair = value.map(|value| (HeaderName::from_static(name), value));
        pair.into_iter().collect()
    };
    let mut response = Response::new(message);
    *response.metadata_mut() = MetadataMap::from_headers(only(ECHO_INITIAL));
    let trailers = Trailers(only(ECHO_TRAILING));
    response.extensions_mut().insert(trailers);
    response
}
