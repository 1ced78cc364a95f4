//! The golden service as the rest of the world sees it: driven by real tools that know nothing of
//! this kit. `.ci/install-tools` installs them; a test whose tool is missing says so and passes,
//! unless CARVEOUT_REQUIRE_TOOLS=1.

/// Shared with the tests of carveout-tls, and too heavy for what services depend on.
#[path = "../../../carveout-tls/tests/it/authority.rs"]
#[allow(dead_code, reason = "those tests need more of it than these")]
mod authority;
mod buf;
mod cardinality;
mod descriptors;
mod downstream;
mod facts;
mod foreign;
/// HTTP/2 by hand, as the tests of carveout-grpc have it.
#[path = "../../../carveout-grpc/tests/it/frames.rs"]
#[allow(dead_code, reason = "those tests need more of it than these")]
mod frames;
mod grpcurl;
mod kubernetes;
mod load;
mod node;
mod otlp;
mod overload;
mod process;
mod profile;
mod prometheus;
mod proxy;
mod python;
mod quota;
mod rolling;
mod rpc;
mod sqlite;
mod talking;
mod tls;
mod tools;
#[path = "../../../carveout-grpc/tests/it/upload.rs"]
#[allow(dead_code, reason = "those tests need more of it than these")]
mod upload;
mod uploads;
