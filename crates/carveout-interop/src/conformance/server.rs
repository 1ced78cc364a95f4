use std::pin::Pin;
use std::time::Duration;

use prost::Message;
use prost_types::Any;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status, Streaming};

use super::{RpcStatus, any};
use crate::contract::conformance_payload::RequestInfo;
use crate::contract::unary_response_definition::Response as Answer;
use crate::contract::*;
use crate::metadata::{headers_of, insert};
use crate::trailers::Trailers;

/// Answers as each request says.
pub struct Server;

type Responses<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

#[tonic::async_trait]
impl Service for Server {
    async fn unary(
        &self,
        request: Request<UnaryRequest>,
    ) -> Result<Response<UnaryResponse>, Status> {
        let info = info(
            request.metadata(),
            vec![any("UnaryRequest", request.get_ref())],
        );
        let definition = request.into_inner().response_definition;
        unary(definition, info, |payload| UnaryResponse { payload }).await
    }

    async fn idempotent_unary(
        &self,
        request: Request<IdempotentUnaryRequest>,
    ) -> Result<Response<IdempotentUnaryResponse>, Status> {
        let info = info(
            request.metadata(),
            vec![any("IdempotentUnaryRequest", request.get_ref())],
        );
        let definition = request.into_inner().response_definition;
        unary(definition, info, |payload| IdempotentUnaryResponse {
            payload,
        })
        .await
    }

    async fn unimplemented(
        &self,
        _: Request<UnimplementedRequest>,
    ) -> Result<Response<UnimplementedResponse>, Status> {
        Err(Status::unimplemented("Unimplemented is not implemented"))
    }

    async fn client_stream(
        &self,
        request: Request<Streaming<ClientStreamRequest>>,
    ) -> Result<Response<ClientStreamResponse>, Status> {
        let mut info = info(request.metadata(), vec![]);
        let mut requests = request.into_inner();
        let mut definition = None;
        while let Some(request) = requests.message().await? {
            info.requests.push(any("ClientStreamRequest", &request));
            if info.requests.len() == 1 {
                definition = request.response_definition;
            }
        }
        unary(definition, info, |payload| ClientStreamResponse { payload }).await
    }

    type ServerStreamStream = Responses<ServerStreamResponse>;

    async fn server_stream(
        &self,
        request: Request<ServerStreamRequest>,
    ) -> Result<Response<Self::ServerStreamStream>, Status> {
        let info = info(
            request.metadata(),
            vec![any("ServerStreamRequest", request.get_ref())],
        );
        let definition = request.into_inner().response_definition.unwrap_or_default();
        let (responses, stream) = Sender::new(&definition);
        tokio::spawn(async move {
            let mut info = Some(info);
            for data in definition.response_data {
                let payload = payload(data, info.take());
                responses.send(ServerStreamResponse { payload }).await?;
            }
            responses.end(definition.error, info).await
        });
        Ok(stream)
    }

    type BidiStreamStream = Responses<BidiStreamResponse>;

    async fn bidi_stream(
        &self,
        request: Request<Streaming<BidiStreamRequest>>,
    ) -> Result<Response<Self::BidiStreamStream>, Status> {
        let mut first_info = info(request.metadata(), vec![]);
        let mut requests = request.into_inner();
        let Some(first) = requests.message().await? else {
            return Ok(Response::new(Box::pin(tokio_stream::empty())));
        };
        first_info.requests.push(any("BidiStreamRequest", &first));
        let definition = first.response_definition.clone().unwrap_or_default();
        let (responses, stream) = Sender::new(&definition);
        tokio::spawn(async move {
            let mut data = definition.response_data.into_iter();
            let mut info = Some(first_info);
            if first.full_duplex {
                // A response for each request, as long as there are any.
                for data in data.by_ref() {
                    let payload = payload(data, info.take());
                    responses.send(BidiStreamResponse { payload }).await?;
                    match requests.message().await {
                        Ok(Some(request)) => {
                            let requests = vec![any("BidiStreamRequest", &request)];
                            info = Some(RequestInfo {
                                requests,
                                ..RequestInfo::default()
                            });
                        }
                        Ok(None) => break,
                        Err(status) => return responses.fail(status).await,
                    }
                }
            } else {
                loop {
                    match requests.message().await {
                        Ok(Some(request)) => {
                            let info = info.get_or_insert_default();
                            info.requests.push(any("BidiStreamRequest", &request));
                        }
                        Ok(None) => break,
                        Err(status) => return responses.fail(status).await,
                    }
                }
            }
            for data in data {
                let payload = payload(data, info.take());
                responses.send(BidiStreamResponse { payload }).await?;
            }
            responses.end(definition.error, info).await
        });
        Ok(stream)
    }
}

async fn unary<M>(
    definition: Option<UnaryResponseDefinition>,
    info: RequestInfo,
    response: impl FnOnce(Option<ConformancePayload>) -> M,
) -> Result<Response<M>, Status> {
    let definition = definition.unwrap_or_default();
    delay(definition.response_delay_ms).await;
    let data = match definition.response {
        Some(Answer::Error(error)) => {
            let mut status = status_of(error, Some(info));
            insert(status.metadata_mut(), &definition.response_headers);
            insert(status.metadata_mut(), &definition.response_trailers);
            return Err(status);
        }
        Some(Answer::ResponseData(data)) => data,
        None => vec![],
    };
    let message = response(payload(data, Some(info)));
    Ok(answer(
        message,
        &definition.response_headers,
        &definition.response_trailers,
    ))
}

/// The sending end of a stream of responses. Sending returns `None` once the call has ended.
struct Sender<M> {
    delay_ms: u32,
    trailers: Vec<Header>,
    responses: mpsc::Sender<Result<M, Status>>,
}

impl<M: Send + 'static> Sender<M> {
    fn new(definition: &StreamResponseDefinition) -> (Self, Response<Responses<M>>) {
        let (responses, stream) = mpsc::channel(1);
        let sender = Self {
            delay_ms: definition.response_delay_ms,
            trailers: definition.response_trailers.clone(),
            responses,
        };
        let stream: Responses<M> = Box::pin(ReceiverStream::new(stream).fuse());
        let (headers, trailers) = (&definition.response_headers, &definition.response_trailers);
        // An error brings its trailers itself.
        let trailers = if definition.error.is_some() {
            &[]
        } else {
            &trailers[..]
        };
        (sender, answer(stream, headers, trailers))
    }

    async fn send(&self, message: M) -> Option<()> {
        delay(self.delay_ms).await;
        self.responses.send(Ok(message)).await.ok()
    }

    async fn fail(&self, status: Status) -> Option<()> {
        self.responses.send(Err(status)).await.ok()
    }

    /// `info` is there if no response was sent, and belongs into the error then.
    async fn end(&self, error: Option<Error>, info: Option<RequestInfo>) -> Option<()> {
        let Some(error) = error else { return Some(()) };
        let mut status = status_of(error, info);
        insert(status.metadata_mut(), &self.trailers);
        self.fail(status).await
    }
}

fn answer<M>(message: M, headers: &[Header], trailers: &[Header]) -> Response<M> {
    let mut response = Response::new(message);
    insert(response.metadata_mut(), headers);
    let mut metadata = MetadataMap::new();
    insert(&mut metadata, trailers);
    response
        .extensions_mut()
        .insert(Trailers(metadata.into_headers()));
    response
}

fn status_of(error: Error, info: Option<RequestInfo>) -> Status {
    let code = Code::from(error.code);
    let message = error.message.unwrap_or_default();
    let mut details = error.details;
    details.extend(info.map(|info| any("ConformancePayload.RequestInfo", &info)));
    let encoded = RpcStatus {
        code: error.code,
        message: message.clone(),
        details,
    }
    .encode_to_vec();
    Status::with_details(code, message, encoded.into())
}

fn payload(data: Vec<u8>, request_info: Option<RequestInfo>) -> Option<ConformancePayload> {
    Some(ConformancePayload { data, request_info })
}

fn info(metadata: &MetadataMap, requests: Vec<Any>) -> RequestInfo {
    RequestInfo {
        request_headers: headers_of(metadata),
        timeout_ms: metadata
            .get("grpc-timeout")
            .and_then(|timeout| timeout_ms(timeout.to_str().ok()?)),
        requests,
    }
}

fn timeout_ms(text: &str) -> Option<i64> {
    let (amount, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: i64 = amount.parse().ok()?;
    Some(match unit {
        "H" => amount * 3_600_000,
        "M" => amount * 60_000,
        "S" => amount * 1_000,
        "m" => amount,
        "u" => amount / 1_000,
        "n" => amount / 1_000_000,
        _ => return None,
    })
}

async fn delay(ms: u32) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms.into())).await;
    }
}
