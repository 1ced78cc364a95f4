use std::process::Command;

use crate::commands::kit;
use crate::error::{Error, Result};

/// Times admission and its peers, in a bench of its crate.
pub(in crate::commands) fn run(filter: Option<&str>) -> Result<()> {
    let args = "bench --quiet --locked -p carveout-overload --bench admission --".split(' ');
    let mut cargo = Command::new("cargo");
    let status = cargo.args(args).args(filter).current_dir(kit()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Error::failed("the benchmark failed")),
        Err(error) => Err(Error::failed(format!("cannot run cargo: {error}"))),
    }
}
