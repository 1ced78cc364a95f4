use std::process::Command;

use crate::commands::kit;
use crate::error::{Error, Result};

/// Runs the comparison with tonic's own server, which needs the kit's crates and so is a bench of
/// theirs. It takes the memory of the golden service, and finds that beside itself.
pub(in crate::commands) fn run() -> Result<()> {
    cargo(&["build", "--release", "--locked", "-p", "greeter"])?;
    let bench = "bench --locked -p carveout-grpc --bench overhead";
    cargo(&bench.split(' ').collect::<Vec<_>>())
}

fn cargo(args: &[&str]) -> Result<()> {
    let status = Command::new("cargo").args(args).current_dir(kit()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Error::failed(format!("cargo {} failed", args.join(" ")))),
        Err(error) => Err(Error::failed(format!("cannot run cargo: {error}"))),
    }
}
