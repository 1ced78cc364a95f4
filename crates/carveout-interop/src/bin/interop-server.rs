//! Serves gRPC's interoperability tests on a free port of loopback, says where, and runs until its input
//! ends.

use carveout_grpc::{Routes, ServerConfig};
use carveout_interop::contract::FILE_DESCRIPTOR_SET;
use carveout_interop::contract::packages::grpc::testing::test_service_server::TestServiceServer;
use carveout_interop::{WithTrailers, grpc, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let service = TestServiceServer::new(grpc::Server).max_decoding_message_size(usize::MAX);
    let routes = Routes::new().add(WithTrailers(service), FILE_DESCRIPTOR_SET);
    let config = ServerConfig {
        port: 0,
        ..ServerConfig::default()
    };
    let running = start(routes, config, None).await?;
    let mut output = tokio::io::stdout();
    output
        .write_all(format!("{}\n", running.addr).as_bytes())
        .await?;
    output.flush().await?;
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}
