use std::process::Command;

use super::run_cargo;
use crate::error::Result;

/// Times admission and its peers, in a bench of its crate.
pub(in crate::commands) fn run(filter: Option<&str>) -> Result<()> {
    let args = "bench --quiet --locked -p carveout-overload --bench admission --".split(' ');
    run_cargo(
        Command::new("cargo").args(args).args(filter),
        "the benchmark failed",
    )
}
