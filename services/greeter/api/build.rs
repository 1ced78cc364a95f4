//! Turns the contract into Rust.

fn main() -> Result<(), carveout_build::Error> {
    carveout_build::compile(
        // In the nearest folder named `proto`, here or above.
        "acme/greeter/v1/greeter.proto",
    )
}
