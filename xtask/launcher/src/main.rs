//! `cargo xtask` from a folder below the root of the repository.
//!
//! An alias of cargo knows no other folder than the current one, so the alias of the root,
//! `run --manifest-path xtask/Cargo.toml`, fails everywhere else. In `crates/`, `services/` and the
//! other folders the alias runs this member of the workspace, which cargo finds from any depth. It is
//! slower, because cargo reads every member's manifest first, and it needs them to be readable.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let launcher = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = launcher.with_file_name("Cargo.toml");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let error = Command::new(cargo)
        .args(["run", "--quiet", "--manifest-path"])
        .arg(manifest)
        .arg("--")
        .args(env::args_os().skip(1))
        .exec();
    eprintln!("error: cannot run cargo: {error}");
    ExitCode::FAILURE
}
