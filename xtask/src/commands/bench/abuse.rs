use std::process::Command;

use super::run_cargo;
use crate::error::Result;

/// Plays the scenarios against a server of the kit's, in a bench of its crate.
pub(in crate::commands) fn run(scenarios: &[String]) -> Result<()> {
    let args = "bench --quiet --locked -p carveout-grpc --bench abuse --".split(' ');
    run_cargo(
        Command::new("cargo").args(args).args(scenarios),
        "a scenario failed, or there is no such scenario",
    )
}
