use std::process::Command;

use super::{kit, say};
use crate::error::{Error, Result};

/// Runs every test there is, the generator's first: they are quick, and the kit's closing lines
/// come last.
pub(super) fn run() -> Result<()> {
    let suites: [&[&str]; 2] = [
        &["test", "--locked", "--manifest-path", "xtask/Cargo.toml"],
        &["test", "--locked", "--workspace", "--no-fail-fast"],
    ];
    for suite in suites {
        say(&format!("\n$ cargo {}", suite.join(" ")));
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args(suite)
            .current_dir(kit())
            .status();
        match status {
            Ok(status) if status.success() => {}
            Ok(_) => {
                return Err(Error::verification(format!(
                    "cargo {} failed",
                    suite.join(" ")
                )));
            }
            Err(error) => return Err(Error::failed(format!("cannot run cargo: {error}"))),
        }
    }
    Ok(())
}
