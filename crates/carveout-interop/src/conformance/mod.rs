//! Server and client of connectrpc's conformance suite.

mod client;
mod server;

pub use client::call;
pub use server::Server;

use prost::Message;
use prost_types::Any;
use tonic::Status;

use crate::contract::Error;

const PACKAGE: &str = "connectrpc.conformance.v1";

/// google.rpc.Status, whose encoding is a gRPC status's details.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

fn any(name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/{PACKAGE}.{name}"),
        value: message.encode_to_vec(),
    }
}

/// As the suite describes it, without the `ErrorInfo` that the kit's client adds.
fn error_of(status: &Status) -> Error {
    let mut details = RpcStatus::decode(status.details())
        .unwrap_or_default()
        .details;
    details.retain(|any| any.type_url != "type.googleapis.com/google.rpc.ErrorInfo");
    Error {
        code: status.code().into(),
        message: Some(status.message().to_owned()),
        details,
    }
}
