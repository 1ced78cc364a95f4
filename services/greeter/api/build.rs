//! Turns the contract into Rust.

fn main() -> Result<(), carveout_build::Error> {
    carveout_build::compile("acme/greeter/v1/greeter.proto")
}
