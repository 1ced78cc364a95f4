//! A call of each kind, and how it ends for its caller.

use std::net::SocketAddr;
use std::time::Duration;

use carveout_grpc::{Channel, ClientConfig};
use carveout_metrics::{BuildInfo, Metrics};
use greeter_api::{FILE_DESCRIPTOR_SET, GetItemRequest, GetItemResponse};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::metadata::{KeyAndValueRef, MetadataMap};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

type Codec = tonic_prost::ProstCodec<GetItemRequest, GetItemResponse>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Unary,
    ClientStreaming,
    ServerStreaming,
}

pub(crate) const KINDS: [Kind; 3] = [Kind::Unary, Kind::ClientStreaming, Kind::ServerStreaming];

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The messages that its caller has seen.
    pub(crate) messages: usize,
    pub(crate) status: Status,
    /// The code that it has in the client's metrics.
    pub(crate) counted: String,
}

/// Calls the service at `addr`.
pub(crate) async fn call(addr: SocketAddr, kind: Kind) -> Outcome {
    let metrics = Metrics::new(BuildInfo {
        service: "test".into(),
        version: "0".into(),
        commit: "0".into(),
    });
    let channel = Channel::new(&ClientConfig::to(format!("http://{addr}"))).unwrap();
    let channel = channel.observed_by(&metrics, FILE_DESCRIPTOR_SET);
    // A peer can neither panic the client nor keep it for longer than its deadline.
    let called = tokio::time::timeout(Duration::from_secs(20), call_on(channel, kind));
    let (messages, result) = called.await.expect("the call has no end");
    let status = result.err().unwrap_or_else(|| Status::ok(""));
    read(&status);
    Outcome {
        messages,
        status,
        counted: counted(&metrics),
    }
}

async fn call_on(channel: Channel, kind: Kind) -> (usize, Result<(), Status>) {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.unwrap();
    let path = |method: &str| {
        PathAndQuery::try_from(format!("/acme.greeter.v1.GreeterService/{method}")).unwrap()
    };
    let request = GetItemRequest { id: "1".into() };
    let answer = match kind {
        Kind::Unary => {
            let request = Request::new(request);
            grpc.unary(request, path("GetItem"), Codec::default()).await
        }
        Kind::ClientStreaming => {
            let request = Request::new(tokio_stream::iter([request.clone(), request]));
            grpc.client_streaming(request, path("GetItem"), Codec::default())
                .await
        }
        Kind::ServerStreaming => {
            let request = Request::new(request);
            let path = path("WatchItems");
            let answer = grpc.server_streaming(request, path, Codec::default()).await;
            let mut messages = match answer {
                Ok(answer) => {
                    read_metadata(answer.metadata());
                    answer.into_inner()
                }
                Err(status) => return (0, Err(status)),
            };
            let mut seen = 0;
            let end = loop {
                match messages.message().await {
                    Ok(Some(_)) => seen += 1,
                    Ok(None) => break Ok(()),
                    Err(status) => break Err(status),
                }
            };
            if let (Ok(()), Ok(Some(trailers))) = (&end, messages.trailers().await) {
                read_metadata(&trailers);
            }
            return (seen, end);
        }
    };
    match answer {
        Ok(answer) => {
            read_metadata(answer.metadata());
            (1, Ok(()))
        }
        Err(status) => (0, Err(status)),
    }
}

/// Reads every part of a status: none may panic.
fn read(status: &Status) {
    let _ = format!("{status} {status:?}");
    let _ = status.get_error_details();
    let _ = status.get_error_details_vec();
    read_metadata(status.metadata());
}

fn read_metadata(metadata: &MetadataMap) {
    let _ = format!("{metadata:?}");
    for pair in metadata.iter() {
        match pair {
            KeyAndValueRef::Ascii(_, value) => drop(value.to_str().map(str::to_owned)),
            KeyAndValueRef::Binary(_, value) => {
                drop(value.to_bytes());
                let _ = value == "other";
            }
        }
    }
}

/// The code of the only call.
fn counted(metrics: &Metrics) -> String {
    let scrape = metrics.encode(None).body;
    let mut lines = scrape.lines().filter_map(|line| {
        let labels = line.strip_prefix("rpc_client_call_duration_seconds_count{")?;
        let (_, code) = labels.split_once("rpc_response_status_code=\"")?;
        Some(code.split_once('"')?.0.to_owned())
    });
    lines.next().unwrap_or_default()
}

/// The code as metrics have it.
pub(crate) fn name(code: Code) -> &'static str {
    carveout_grpc::code_name(code)
}
