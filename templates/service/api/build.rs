//! Turns the contract into Rust.

fn main() -> Result<(), carveout_build::Error> {
    carveout_build::compile("{{ org }}/{{ crate_name }}/v1/{{ crate_name }}.proto")
}
