//! Node's @grpc/grpc-js, with the contracts of `proto/`.

use tokio::process::Command;

use crate::{foreign, tools};

fn client() -> Option<Command> {
    let mut node = tools::node("@grpc/grpc-js")?;
    node.arg(foreign::script("client.js"))
        .arg(tools::repository().join("proto"));
    Some(node)
}

#[tokio::test]
async fn calls_are_answered() {
    if let Some(client) = client() {
        foreign::calls(client).await;
    }
}

#[tokio::test]
async fn health_is_told() {
    if let Some(client) = client() {
        foreign::health(client).await;
    }
}
