//! The kit's server and client as suites that others wrote drive them. [docs/interoperability.md] has
//! the suites, how to run them, and their results.
//!
//! [docs/interoperability.md]: https://github.com/carveout-rs/carveout/blob/main/docs/interoperability.md
//!
//! - `conformance-server` and `conformance-client` are what `connectconformance` starts. It talks to
//!   them in length-delimited messages on standard input and output.
//! - `interop-server` is the server of gRPC's own interoperability tests.

pub mod conformance;
pub mod delimited;
pub mod grpc;
mod metadata;
mod metrics;
mod serve;
mod tls;
mod trailers;

pub use metadata::{headers_of, insert};
pub use metrics::metrics;
pub use serve::{Running, start};
pub use tls::tls;
pub use trailers::{Trailers, WithTrailers};

/// The interface of the conformance suite, and in its `packages` that of gRPC's tests.
pub mod contract {
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}
