use std::process::Command;

use super::run_cargo;
use crate::error::Result;

/// Runs the comparison with tonic's own server, which needs the kit's crates and so is a bench of
/// theirs. It takes the memory of the golden service, and finds that beside itself.
pub(in crate::commands) fn run() -> Result<()> {
    cargo(&["build", "--release", "--locked", "-p", "greeter"])?;
    let bench = "bench --locked -p carveout-grpc --bench overhead";
    cargo(&bench.split(' ').collect::<Vec<_>>())
}

fn cargo(args: &[&str]) -> Result<()> {
    let failed = format!("cargo {} failed", args.join(" "));
    run_cargo(Command::new("cargo").args(args), failed)
}
