//! The contract of the conformance suite as Rust.

fn main() -> Result<(), carveout_build::Error> {
    carveout_build::compile("connectrpc/conformance/v1/conformance.proto")
}
