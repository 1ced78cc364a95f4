//! Turns the contract into Rust.

fn main() -> Result<(), carveout_build::Error> {
    carveout_build::compile(
        // In the nearest folder named `proto`, here or above.
        "{{ org }}/{{ crate_name }}/v1/{{ crate_name }}.proto",
    )
}
