use std::process::Command;

use crate::commands::kit;
use crate::error::{Error, Result};

/// Plays the scenarios against a server of the kit's, in a bench of its crate.
pub(in crate::commands) fn run(scenarios: &[String]) -> Result<()> {
    let args = "bench --quiet --locked -p carveout-grpc --bench abuse --".split(' ');
    let mut cargo = Command::new("cargo");
    let status = cargo.args(args).args(scenarios).current_dir(kit()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Error::failed(
            "a scenario failed, or there is no such scenario".to_owned(),
        )),
        Err(error) => Err(Error::failed(format!("cannot run cargo: {error}"))),
    }
}
