//! Python's grpcio, the C core, with stubs made from the service's own reflection.

use tokio::process::Command;

use crate::{foreign, tools};

fn client() -> Option<Command> {
    let mut python = tools::python("grpc, grpc_health, grpc_reflection, grpc_status")?;
    python.arg(foreign::script("client.py"));
    Some(python)
}

#[tokio::test]
async fn calls_are_answered() {
    if let Some(client) = client() {
        foreign::calls(client).await;
    }
}

#[tokio::test]
async fn contracts_are_told() {
    if let Some(mut python) = tools::python("grpc, grpc_reflection") {
        python.arg(foreign::script("reflection.py"));
        foreign::reflection(python).await;
    }
}

#[tokio::test]
async fn health_is_told() {
    if let Some(client) = client() {
        foreign::health(client).await;
    }
}
