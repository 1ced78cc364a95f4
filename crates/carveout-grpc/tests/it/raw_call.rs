//! A call with a head and bytes chosen by the test, and its whole answer.

use bytes::Bytes;
use greeter_api::GetItemRequest;
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::support::Server;

pub(crate) const GET_ITEM: &str = "acme.greeter.v1.GreeterService/GetItem";
pub(crate) const WATCH_ITEMS: &str = "acme.greeter.v1.GreeterService/WatchItems";

pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) messages: Bytes,
    pub(crate) status: Status,
}

impl Answer {
    pub(crate) fn code(&self) -> Code {
        self.status.code()
    }

    pub(crate) fn reason(&self) -> String {
        let info = self.status.get_details_error_info();
        info.map(|info| info.reason).unwrap_or_default()
    }
}

/// Posts `body` to `path`.
pub(crate) async fn post(
    server: &Server,
    path: &str,
    headers: &[(&'static str, &str)],
    body: Vec<u8>,
) -> Answer {
    send(server, "POST", path, headers, body).await
}

pub(crate) async fn send(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&'static str, &str)],
    body: Vec<u8>,
) -> Answer {
    let stream = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    let io = TokioIo::new(stream);
    let (mut requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let mut request = http::Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", server.addr))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let response = requests.send_request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    connection.abort();
    let status = Status::from_header_map(&trailers)
        .or_else(|| Status::from_header_map(&parts.headers))
        .expect("a status");
    Answer {
        headers: parts.headers,
        messages: body.to_bytes(),
        status,
    }
}

/// A message of these bytes, as it is on the wire.
pub(crate) fn framed(flag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut message = vec![flag];
    message.extend((bytes.len() as u32).to_be_bytes());
    message.extend(bytes);
    message
}

pub(crate) fn request(id: &str) -> Vec<u8> {
    GetItemRequest { id: id.into() }.encode_to_vec()
}
