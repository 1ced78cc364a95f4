use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::kit;
use crate::error::{Error, Result};

/// Becomes `carveout-extract boundary ARGS`, of the kit's own build, in the caller's folder.
///
/// It is a program of its own because of what it depends on, which nobody who stamps out a service
/// should wait for. Cargo builds it when it is out of date. This process becomes cargo's and that
/// the analysis's, so exit codes and Ctrl-C are the analysis's own; only a failure to start returns.
pub(super) fn run(args: &[OsString]) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let error = Command::new(&cargo)
        .args(["run", "-q", "--release", "--locked", "--manifest-path"])
        .arg(kit().join("Cargo.toml"))
        .args(["-p", "carveout-extract", "--", "boundary"])
        .args(args)
        .exec();
    let message = format!("cannot run {}: {error}", cargo.to_string_lossy());
    Err(match error.kind() {
        ErrorKind::NotFound => {
            Error::failed(message).help("put cargo on the PATH: it builds the analysis")
        }
        _ => Error::failed(message),
    })
}
