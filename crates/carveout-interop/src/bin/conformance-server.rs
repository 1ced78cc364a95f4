//! Starts the server that the suite asks for, says where it listens, and serves until it is killed.

use carveout_grpc::{Routes, ServerConfig};
use carveout_interop::contract::{
    FILE_DESCRIPTOR_SET, ServerCompatRequest, ServerCompatResponse, server,
};
use carveout_interop::{WithTrailers, conformance, delimited, metrics, start, tls};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut input = tokio::io::stdin();
    let asked: ServerCompatRequest = delimited::read(&mut input)
        .await?
        .ok_or("the suite asks for nothing")?;
    let mut config = ServerConfig {
        port: 0,
        ..ServerConfig::default()
    };
    if asked.message_receive_limit > 0 {
        config.max_request_bytes = asked.message_receive_limit as usize;
    }
    let secured = match &asked.server_creds {
        Some(identity) if asked.use_tls => {
            Some(tls(Some(identity), &asked.client_tls_cert, &metrics())?)
        }
        _ => None,
    };
    let service = WithTrailers(server(conformance::Server));
    let routes = Routes::new().add(service, FILE_DESCRIPTOR_SET);
    let secure = secured.as_ref().map(|(secure, _)| secure.clone());
    let running = start(routes, config, secure).await?;
    let response = ServerCompatResponse {
        host: running.addr.ip().to_string(),
        port: running.addr.port().into(),
        pem_cert: asked
            .server_creds
            .map(|identity| identity.cert)
            .unwrap_or_default(),
    };
    delimited::write(&mut tokio::io::stdout(), &response).await?;
    // The suite closes the input, or kills.
    while delimited::read::<ServerCompatRequest>(&mut input)
        .await?
        .is_some()
    {}
    std::future::pending().await
}
