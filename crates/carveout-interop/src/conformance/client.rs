use std::time::Duration;

use carveout_grpc::{Channel, ClientConfig};
use prost::Message;
use prost_types::Any;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status, Streaming};

use super::error_of;
use crate::contract::client_compat_request::cancel::CancelTiming;
use crate::contract::client_compat_response::Result as Outcome;
use crate::contract::*;
use crate::metadata::{headers_of, insert};
use crate::{metrics::metrics, tls::tls};

const FULL_DUPLEX: i32 = 5;
const GZIP: i32 = 2;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Makes the call that `request` describes.
pub async fn call(request: ClientCompatRequest) -> ClientCompatResponse {
    let test_name = request.test_name.clone();
    let result = match made(request).await {
        Ok(result) => Outcome::Response(result),
        Err(error) => Outcome::Error(ClientErrorResult {
            message: error.to_string(),
        }),
    };
    ClientCompatResponse {
        test_name,
        result: Some(result),
    }
}

async fn made(asked: ClientCompatRequest) -> Result<ClientResponseResult, Error> {
    let (client, _files) = client(&asked)?;
    match asked.method.as_deref() {
        Some("Unary") => {
            let call = |mut client: Client<Channel>, request| async move {
                client
                    .unary(request)
                    .await
                    .map(|it| it.map(|it: UnaryResponse| it.payload))
            };
            unary(client, asked, call).await
        }
        Some("IdempotentUnary") => {
            let call = |mut client: Client<Channel>, request| async move {
                let answer = client.idempotent_unary(request).await;
                answer.map(|it| it.map(|it: IdempotentUnaryResponse| it.payload))
            };
            unary(client, asked, call).await
        }
        Some("Unimplemented") => {
            let call = |mut client: Client<Channel>, request| async move {
                client
                    .unimplemented(request)
                    .await
                    .map(|it| it.map(|_| None))
            };
            unary(client, asked, call).await
        }
        Some("ClientStream") => client_stream(client, asked).await,
        Some("ServerStream") => server_stream(client, asked).await,
        Some("BidiStream") => bidi_stream(client, asked).await,
        other => Err(format!("there is no method {other:?}").into()),
    }
}

fn client(asked: &ClientCompatRequest) -> Result<(Client<Channel>, Option<TempDir>), Error> {
    let is_plain = asked.server_tls_cert.is_empty();
    let scheme = if is_plain { "http" } else { "https" };
    let mut config = ClientConfig::to(format!("{scheme}://{}:{}", asked.host, asked.port));
    // The suite wants to see no deadline where it asks for none.
    config.timeout = Duration::MAX;
    if asked.message_receive_limit > 0 {
        config.max_message_size = asked.message_receive_limit as usize;
    }
    let metrics = metrics();
    let (channel, files) = if is_plain {
        (Channel::new(&config)?, None)
    } else {
        let identity = asked.client_tls_creds.as_ref();
        let (secure, files) = tls(identity, &asked.server_tls_cert, &metrics)?;
        (Channel::secured(&config, secure)?, Some(files))
    };
    let client = Client::new(channel.observed_by(&metrics, FILE_DESCRIPTOR_SET))
        .max_decoding_message_size(config.max_message_size);
    let client = match asked.compression {
        GZIP => client
            .send_compressed(CompressionEncoding::Gzip)
            .accept_compressed(CompressionEncoding::Gzip),
        _ => client,
    };
    Ok((client, files))
}

/// A call of which one message, or none, is the answer.
async fn unary<M, F>(
    client: Client<Channel>,
    asked: ClientCompatRequest,
    call: impl FnOnce(Client<Channel>, Request<M>) -> F,
) -> Result<ClientResponseResult, Error>
where
    M: Message + Default,
    F: Future<Output = Result<Response<Option<ConformancePayload>>, Status>>,
{
    let [message] = messages::<M>(&asked)?
        .try_into()
        .map_err(|_| "not one request")?;
    delay(asked.request_delay_ms).await;
    let request = request(&asked, message);
    Ok(single(cancelled(&asked, call(client, request)).await))
}

async fn client_stream(
    mut client: Client<Channel>,
    asked: ClientCompatRequest,
) -> Result<ClientResponseResult, Error> {
    let (requests, stream) = mpsc::channel(1);
    let request = request(&asked, ReceiverStream::new(stream));
    let messages = messages::<ClientStreamRequest>(&asked)?;
    let call = tokio::spawn(async move { client.client_stream(request).await });
    let stop = call.abort_handle();
    let unsent = send(&asked, &requests, messages).await;
    let cancels_first = before_close(&asked);
    if cancels_first {
        stop.abort();
    }
    drop(requests);
    let call = async {
        match call.await {
            Ok(answer) => answer.map(|it| it.map(|it| it.payload)),
            Err(_) => Err(Status::cancelled("cancelled before the requests ended")),
        }
    };
    let mut result = single(if cancels_first {
        call.await
    } else {
        cancelled(&asked, call).await
    });
    stop.abort();
    result.num_unsent_requests = unsent;
    Ok(result)
}

async fn server_stream(
    mut client: Client<Channel>,
    asked: ClientCompatRequest,
) -> Result<ClientResponseResult, Error> {
    let [message] = messages::<ServerStreamRequest>(&asked)?
        .try_into()
        .map_err(|_| "not one request")?;
    delay(asked.request_delay_ms).await;
    let request = request(&asked, message);
    let mut result = ClientResponseResult::default();
    let all = async {
        let mut answer = begin(client.server_stream(request).await, &mut result)?;
        while let Some(response) = answer.message().await? {
            if received(&asked, &mut result, response.payload) {
                return Err(Status::cancelled("cancelled after responses"));
            }
        }
        end(answer, &mut result).await
    };
    let ended = cancelled(&asked, all).await;
    Ok(ended_with(result, ended))
}

async fn bidi_stream(
    mut client: Client<Channel>,
    asked: ClientCompatRequest,
) -> Result<ClientResponseResult, Error> {
    let (requests, stream) = mpsc::channel(1);
    let request = request(&asked, ReceiverStream::new(stream));
    let messages = messages::<BidiStreamRequest>(&asked)?;
    let mut result = ClientResponseResult::default();
    let mut unsent = messages.len() as i32;
    // The server may answer with a head once it has requests, so the call has to begin beside them.
    let mut begun = Box::pin(tokio::spawn(
        async move { client.bidi_stream(request).await },
    ));
    let mut answer: Option<Streaming<BidiStreamResponse>> = None;
    let ended = async {
        if asked.stream_type == FULL_DUPLEX {
            for message in messages {
                delay(asked.request_delay_ms).await;
                if requests.send(message).await.is_err() {
                    break;
                }
                unsent -= 1;
                if answer.is_none() {
                    let head = begun
                        .as_mut()
                        .await
                        .map_err(|error| Status::unknown(error.to_string()))?;
                    answer = Some(begin(head, &mut result)?);
                }
                let Some(open) = &mut answer else { break };
                match open.message().await? {
                    Some(response) => {
                        if received(&asked, &mut result, response.payload) {
                            return Err(Status::cancelled("cancelled after responses"));
                        }
                    }
                    None => break,
                }
            }
        } else {
            unsent = send(&asked, &requests, messages).await;
        }
        if before_close(&asked) {
            return Err(Status::cancelled("cancelled before the requests ended"));
        }
        drop(requests);
        let rest = async {
            let mut open = match answer.take() {
                Some(open) => open,
                None => {
                    let head = begun
                        .as_mut()
                        .await
                        .map_err(|error| Status::unknown(error.to_string()))?;
                    begin(head, &mut result)?
                }
            };
            while let Some(response) = open.message().await? {
                if received(&asked, &mut result, response.payload) {
                    return Err(Status::cancelled("cancelled after responses"));
                }
            }
            end(open, &mut result).await
        };
        cancelled(&asked, rest).await
    }
    .await;
    begun.abort();
    result.num_unsent_requests = unsent;
    Ok(ended_with(result, ended))
}

fn begin<M>(
    answer: Result<Response<Streaming<M>>, Status>,
    result: &mut ClientResponseResult,
) -> Result<Streaming<M>, Status> {
    let answer = answer?;
    result.response_headers = headers_of(answer.metadata());
    Ok(answer.into_inner())
}

async fn end<M>(mut answer: Streaming<M>, result: &mut ClientResponseResult) -> Result<(), Status> {
    if let Some(trailers) = answer.trailers().await? {
        result.response_trailers = headers_of(&trailers);
    }
    Ok(())
}

fn ended_with(mut result: ClientResponseResult, ended: Result<(), Status>) -> ClientResponseResult {
    if let Err(status) = ended {
        result.response_trailers = headers_of(status.metadata());
        result.error = Some(error_of(&status));
    }
    result
}

/// Notes a response; true when the call is to be cancelled after it.
fn received(
    asked: &ClientCompatRequest,
    result: &mut ClientResponseResult,
    payload: Option<ConformancePayload>,
) -> bool {
    result.payloads.push(payload.unwrap_or_default());
    matches!(timing(asked), Some(CancelTiming::AfterNumResponses(number)) if result.payloads.len() == number as usize)
}

/// tonic gives headers and trailers of such an answer as one.
fn single(answer: Result<Response<Option<ConformancePayload>>, Status>) -> ClientResponseResult {
    match answer {
        Ok(answer) => ClientResponseResult {
            response_headers: headers_of(answer.metadata()),
            response_trailers: headers_of(answer.metadata()),
            payloads: vec![answer.into_inner().unwrap_or_default()],
            ..ClientResponseResult::default()
        },
        Err(status) => ClientResponseResult {
            response_headers: headers_of(status.metadata()),
            ..ended_with(ClientResponseResult::default(), Err(status))
        },
    }
}

/// `call`, dropped when it is to be cancelled after its requests are sent.
async fn cancelled<T>(
    asked: &ClientCompatRequest,
    call: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let after = match (&asked.cancel, timing(asked)) {
        (Some(_), None) => 0,
        (_, Some(CancelTiming::AfterCloseSendMs(ms))) => ms,
        _ => return call.await,
    };
    tokio::select! {
        answer = call => answer,
        () = tokio::time::sleep(Duration::from_millis(after.into())) => {
            Err(Status::cancelled("cancelled after the requests"))
        }
    }
}

fn timing(asked: &ClientCompatRequest) -> Option<CancelTiming> {
    asked.cancel.as_ref()?.cancel_timing
}

fn before_close(asked: &ClientCompatRequest) -> bool {
    matches!(timing(asked), Some(CancelTiming::BeforeCloseSend(())))
}

/// Sends `messages` and answers how many could not be sent.
async fn send<M>(asked: &ClientCompatRequest, requests: &mpsc::Sender<M>, messages: Vec<M>) -> i32 {
    let mut left = messages.len() as i32;
    for message in messages {
        delay(asked.request_delay_ms).await;
        if requests.send(message).await.is_err() {
            break;
        }
        left -= 1;
    }
    left
}

fn request<M>(asked: &ClientCompatRequest, message: M) -> Request<M> {
    let mut request = Request::new(message);
    insert(request.metadata_mut(), &asked.request_headers);
    if let Some(ms) = asked.timeout_ms {
        request.set_timeout(Duration::from_millis(ms.into()));
    }
    request
}

fn messages<M: Message + Default>(asked: &ClientCompatRequest) -> Result<Vec<M>, Error> {
    let decode = |any: &Any| M::decode(&any.value[..]).map_err(Error::from);
    asked.request_messages.iter().map(decode).collect()
}

async fn delay(ms: u32) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms.into())).await;
    }
}
