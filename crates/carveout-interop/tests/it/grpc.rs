//! gRPC's own interoperability tests, with grpc-go at the other end.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use carveout_grpc::{Channel, ClientConfig};
use carveout_interop::contract::FILE_DESCRIPTOR_SET;
use carveout_interop::contract::packages::grpc::testing::test_service_client::TestServiceClient;
use carveout_interop::contract::packages::grpc::testing::unimplemented_service_client::UnimplementedServiceClient;
use carveout_interop::contract::packages::grpc::testing::*;
use carveout_interop::grpc::{ECHO_INITIAL, ECHO_TRAILING};
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::tools::{self, eventually, everything, run};

/// Those that need neither a cloud nor a load balancer.
const CASES: [&str; 17] = [
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
    "pick_first_unary",
    "rpc_soak",
    "channel_soak",
];

const REQUEST_SIZE: usize = 271_828;
const RESPONSE_SIZE: i32 = 314_159;
const REQUESTS: [usize; 4] = [27_182, 8, 1_828, 45_904];
const RESPONSES: [i32; 4] = [31_415, 9, 2_653, 58_979];
const SPECIAL: &str =
    "\t\ntest with whitespace\r\nand Unicode BMP \u{263a} and non-BMP \u{1f608}\t\n";

#[tokio::test]
async fn grpc_go_calls_the_server() {
    if tools::program("grpc-interop-client").is_none() {
        return;
    }
    let (_running, addr) = crate::serve().await;
    for case in CASES {
        let mut client = tools::program("grpc-interop-client").unwrap();
        let port = addr.port().to_string();
        client.args([
            "--server_host",
            "127.0.0.1",
            "--server_port",
            &port,
            "--test_case",
            case,
        ]);
        let output = run(&mut client).await;
        assert!(output.status.success(), "{case}: {}", everything(&output));
    }
    let (passed, total) = (CASES.len(), CASES.len());
    crate::assert_documented(
        "grpc-go's interop client 1.85.0",
        &format!("{passed} of {total}"),
    );
}

/// grpc-go's server, killed when this is dropped.
struct GoServer {
    _process: Child,
    channel: Channel,
}

impl GoServer {
    async fn start() -> Option<Self> {
        let mut server = tools::program("grpc-interop-server")?;
        // Free a moment ago; its option takes no port that is to be found.
        let free = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let process = server
            .args(["--port", &free.port().to_string()])
            .spawn()
            .unwrap();
        let addr: SocketAddr = ([127, 0, 0, 1], free.port()).into();
        eventually("grpc-go's server", async || {
            tokio::net::TcpStream::connect(addr).await.ok()
        })
        .await;
        let metrics = carveout_interop::metrics();
        let channel = Channel::new(&ClientConfig::to(format!("http://{addr}"))).unwrap();
        let channel = channel.observed_by(&metrics, FILE_DESCRIPTOR_SET);
        Some(Self {
            _process: process,
            channel,
        })
    }

    fn client(&self) -> TestServiceClient<Channel> {
        TestServiceClient::new(self.channel.clone())
    }
}

fn payload(size: usize) -> Option<Payload> {
    Some(Payload {
        r#type: 0,
        body: vec![0; size],
    })
}

fn asking(sizes: &[i32], request: usize) -> StreamingOutputCallRequest {
    let parameters = |size: &i32| ResponseParameters {
        size: *size,
        interval_us: 0,
    };
    StreamingOutputCallRequest {
        response_parameters: sizes.iter().map(parameters).collect(),
        payload: payload(request),
        ..StreamingOutputCallRequest::default()
    }
}

fn size_of(response: Option<StreamingOutputCallResponse>) -> usize {
    response.unwrap().payload.unwrap().body.len()
}

#[tokio::test]
async fn the_client_calls_grpc_go() {
    let Some(server) = GoServer::start().await else {
        return;
    };
    unary_calls(&server).await;
    streams(&server).await;
    cancellations(&server).await;
    errors(&server).await;
    metadata(&server).await;
    crate::assert_documented("grpc-go's interop server 1.85.0", "14 of 14");
}

/// empty_unary, large_unary.
async fn unary_calls(server: &GoServer) {
    let mut client = server.client();
    client.empty_call(Empty {}).await.unwrap();
    let request = SimpleRequest {
        response_size: RESPONSE_SIZE,
        payload: payload(REQUEST_SIZE),
        ..SimpleRequest::default()
    };
    let answer = client.unary_call(request).await.unwrap().into_inner();
    assert_eq!(answer.payload.unwrap().body.len(), RESPONSE_SIZE as usize);
}

/// client_streaming, server_streaming, ping_pong, empty_stream.
async fn streams(server: &GoServer) {
    let mut client = server.client();
    let upload = |size| StreamingInputCallRequest {
        payload: payload(size),
    };
    let uploads = tokio_stream::iter(REQUESTS.map(upload));
    let answer = client
        .streaming_input_call(uploads)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.aggregated_payload_size, 74_922);

    let answer = client.streaming_output_call(asking(&RESPONSES, 0)).await;
    let mut responses = answer.unwrap().into_inner();
    for size in RESPONSES {
        assert_eq!(size_of(responses.message().await.unwrap()), size as usize);
    }
    assert_eq!(responses.message().await.unwrap(), None);

    let (requests, stream) = mpsc::channel(1);
    // grpc-go sends its head with its first response, and tonic waits for it.
    let mut pairs = RESPONSES.into_iter().zip(REQUESTS);
    let ask = |(size, request): (i32, usize)| asking(&[size], request);
    requests.send(pairs.next().map(ask).unwrap()).await.unwrap();
    let answer = client.full_duplex_call(ReceiverStream::new(stream)).await;
    let mut responses = answer.unwrap().into_inner();
    for size in RESPONSES {
        assert_eq!(size_of(responses.message().await.unwrap()), size as usize);
        if let Some(next) = pairs.next() {
            requests.send(ask(next)).await.unwrap();
        }
    }
    drop(requests);
    assert_eq!(responses.message().await.unwrap(), None);

    let answer = client.full_duplex_call(tokio_stream::empty()).await;
    assert_eq!(answer.unwrap().into_inner().message().await.unwrap(), None);
}

/// The stream of requests ends with its call.
async fn ended<M>(requests: &mpsc::Sender<M>) {
    let closed = tokio::time::timeout(tools::PATIENCE, requests.closed()).await;
    closed.expect("the stream of requests outlives its call");
}

/// cancel_after_begin, cancel_after_first_response, timeout_on_sleeping_server.
async fn cancellations(server: &GoServer) {
    let mut client = server.client();
    let (requests, stream) = mpsc::channel(1);
    let mut call = server.client();
    let call =
        tokio::spawn(async move { call.streaming_input_call(ReceiverStream::new(stream)).await });
    requests
        .send(StreamingInputCallRequest {
            payload: payload(1),
        })
        .await
        .unwrap();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    ended(&requests).await;

    let (requests, stream) = mpsc::channel(1);
    requests
        .send(asking(&RESPONSES[..1], REQUESTS[0]))
        .await
        .unwrap();
    let answer = client.full_duplex_call(ReceiverStream::new(stream)).await;
    let mut responses = answer.unwrap().into_inner();
    assert_eq!(
        size_of(responses.message().await.unwrap()),
        RESPONSES[0] as usize
    );
    drop(responses);
    ended(&requests).await;

    let (requests, stream) = mpsc::channel(1);
    let mut request = Request::new(ReceiverStream::new(stream));
    request.set_timeout(Duration::from_millis(1));
    requests.send(asking(&[], REQUESTS[0])).await.unwrap();
    let code = match client.full_duplex_call(request).await {
        Ok(answer) => answer.into_inner().message().await.unwrap_err().code(),
        Err(status) => status.code(),
    };
    assert_eq!(code, Code::DeadlineExceeded);
}

/// status_code_and_message, special_status_message, unimplemented_method, unimplemented_service.
async fn errors(server: &GoServer) {
    let mut client = server.client();
    for message in ["test status message", SPECIAL] {
        let status = EchoStatus {
            code: 2,
            message: message.to_owned(),
        };
        let request = SimpleRequest {
            response_status: Some(status.clone()),
            ..SimpleRequest::default()
        };
        let found = client.unary_call(request).await.unwrap_err();
        assert_eq!((found.code(), found.message()), (Code::Unknown, message));
        let request = StreamingOutputCallRequest {
            response_status: Some(status),
            ..StreamingOutputCallRequest::default()
        };
        // grpc-go answers with a head alone.
        let answer = client.full_duplex_call(tokio_stream::once(request)).await;
        let found = answer.unwrap_err();
        assert_eq!((found.code(), found.message()), (Code::Unknown, message));
    }
    let found = client.unimplemented_call(Empty {}).await.unwrap_err();
    assert_eq!(found.code(), Code::Unimplemented);
    let mut other = UnimplementedServiceClient::new(server.channel.clone());
    let found = other.unimplemented_call(Empty {}).await.unwrap_err();
    assert_eq!(found.code(), Code::Unimplemented);
}

/// custom_metadata.
async fn metadata(server: &GoServer) {
    let mut client = server.client();
    let (initial, trailing) = (
        "test_initial_metadata_value",
        MetadataValue::from_bytes(b"\xab\xab\xab"),
    );
    let mut request = Request::new(SimpleRequest {
        response_size: 1,
        ..SimpleRequest::default()
    });
    request
        .metadata_mut()
        .insert(ECHO_INITIAL, initial.parse().unwrap());
    request
        .metadata_mut()
        .insert_bin(ECHO_TRAILING, trailing.clone());
    let answer = client.unary_call(request).await.unwrap();
    assert_eq!(answer.metadata().get(ECHO_INITIAL).unwrap(), initial);
    assert_eq!(answer.metadata().get_bin(ECHO_TRAILING).unwrap(), trailing);

    let mut request = Request::new(tokio_stream::once(asking(&[1], 1)));
    request
        .metadata_mut()
        .insert(ECHO_INITIAL, initial.parse().unwrap());
    request
        .metadata_mut()
        .insert_bin(ECHO_TRAILING, trailing.clone());
    let answer = client.full_duplex_call(request).await.unwrap();
    assert_eq!(answer.metadata().get(ECHO_INITIAL).unwrap(), initial);
    let mut responses = answer.into_inner();
    assert_eq!(size_of(responses.message().await.unwrap()), 1);
    let trailers = responses.trailers().await.unwrap().unwrap();
    assert_eq!(trailers.get_bin(ECHO_TRAILING).unwrap(), trailing);
}
