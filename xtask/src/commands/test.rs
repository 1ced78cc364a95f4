use std::process::Command;

use super::{kit, say};
use crate::error::{Error, Result};

/// Downloads first: the generator's tests show that it needs no network, and take it away from
/// cargo. Then the generator, before it what it is compared with, and last the kit, whose closing
/// lines are what one wants to see.
///
/// Before that the service and the kit as users build them. A workspace's tests switch on features of
/// what they all depend on, tonic's server say, which no service has: what works with those may not
/// work without.
const STEPS: [&[&str]; 6] = [
    &["fetch", "--locked"],
    &["build", "--locked", "--manifest-path", ORACLE],
    &["test", "--locked", "--manifest-path", "xtask/Cargo.toml"],
    &["test", "--locked", "-p", "greeter"],
    &[
        "test",
        "--locked",
        "-p",
        "carveout-testing",
        "--test",
        "it",
        "uploads",
    ],
    &["test", "--locked", "--workspace", "--no-fail-fast"],
];

const ORACLE: &str = "xtask/oracle/Cargo.toml";

pub(super) fn run() -> Result<()> {
    for step in STEPS {
        let step_text = format!("cargo {}", step.join(" "));
        say(&format!("\n$ {step_text}"));
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo).args(step).current_dir(kit()).status();
        match status {
            Ok(status) if status.success() => {}
            Ok(_) => return Err(Error::verification(format!("{step_text} failed"))),
            Err(error) => return Err(Error::failed(format!("cannot run cargo: {error}"))),
        }
    }
    Ok(())
}
