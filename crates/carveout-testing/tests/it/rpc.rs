//! Calls from this process, where it does not matter who calls.

use std::net::SocketAddr;

use carveout::{Channel, ClientConfig};
use greeter_api as api;
use tonic::{Code, Request};

pub(crate) const GET_ITEM: &str = "acme.greeter.v1.GreeterService/GetItem";
/// The example of the W3C's specification; its last digit says that the caller records this trace.
pub(crate) const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

pub(crate) fn channel(grpc: SocketAddr) -> Channel {
    Channel::new(&ClientConfig::to(format!("http://{grpc}"))).unwrap()
}

/// Asks for an item that is not there, as a part of a caller's trace.
pub(crate) async fn get_missing_item(grpc: SocketAddr) {
    let mut request = Request::new(api::GetItemRequest { id: "404".into() });
    request
        .metadata_mut()
        .insert("traceparent", TRACEPARENT.parse().unwrap());
    let answer = api::Client::new(channel(grpc)).get_item(request).await;
    assert_eq!(answer.unwrap_err().code(), Code::NotFound);
}
