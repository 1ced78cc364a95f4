//! Turns a `.proto` contract into Rust in a `build.rs`, without protoc.
//!
//! An API crate needs three lines. Its `build.rs`:
//!
//! ```no_run
//! fn main() -> Result<(), carveout_build::Error> {
//!     carveout_build::compile("acme/orders/v1/orders.proto")
//! }
//! ```
//!
//! and its `lib.rs`:
//!
//! ```text
//! include!(concat!(env!("OUT_DIR"), "/contract.rs"));
//! ```
//!
//! which defines the messages, `orders_service_client`, `orders_service_server` and
//! `FILE_DESCRIPTOR_SET`, the encoded descriptors that reflection serves and that the server reads
//! its methods' deadlines from. A contract with one service, as a service's is, also gets short
//! names: `Client`, `Service` (the trait to implement), `server` (which puts a server around it),
//! `Server` and `SERVICE_NAME`. `fake::Service` is the same trait for the tests of callers: a method
//! that a fake does not write answers UNIMPLEMENTED.
//!
//! The contract is looked for in the nearest folder named `proto` beside the crate or above it that
//! holds it: the workspace's, or a standalone service's own. `carveout/v1/options.proto` and
//! Google's well-known types come with this crate.

mod compile;
mod error;
mod resolve;

pub use compile::{compile, compile_in};
pub use error::Error;
pub use resolve::proto_root;
