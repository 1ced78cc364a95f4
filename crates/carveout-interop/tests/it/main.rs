//! The kit's server and client driven by suites that others wrote. `.ci/install-tools` installs them; a
//! test whose suite is missing says so and passes, unless CARVEOUT_REQUIRE_TOOLS=1. What they came to
//! has to be what docs/interoperability.md says.

mod conformance;
mod grpc;
mod h2spec;
/// Shared with the tests of carveout-testing.
#[path = "../../../carveout-testing/tests/it/tools.rs"]
#[allow(dead_code, reason = "those tests need more of it than these")]
mod tools;

use std::net::SocketAddr;

use carveout_grpc::{Routes, ServerConfig};
use carveout_interop::contract::FILE_DESCRIPTOR_SET;
use carveout_interop::contract::packages::grpc::testing::test_service_server::TestServiceServer;
use carveout_interop::{Running, WithTrailers};

/// The server of gRPC's interoperability tests, inside this one.
async fn serve() -> (Running, SocketAddr) {
    let service = TestServiceServer::new(carveout_interop::grpc::Server);
    let routes = Routes::new().add(WithTrailers(service), FILE_DESCRIPTOR_SET);
    let config = ServerConfig {
        port: 0,
        ..ServerConfig::default()
    };
    let running = carveout_interop::start(routes, config, None).await.unwrap();
    let addr = running.addr;
    (running, addr)
}

/// Holds a row of the table in docs/interoperability.md to what came out.
fn assert_documented(suite: &str, result: &str) {
    let document = tools::repository().join("docs/interoperability.md");
    let document = std::fs::read_to_string(document).unwrap();
    let row = format!("| {suite} | {result} |");
    assert!(
        document.contains(&row),
        "docs/interoperability.md has no row that begins with\n{row}"
    );
}
