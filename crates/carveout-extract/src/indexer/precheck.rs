//! Whether cargo finds every dependency, before minutes go into an index that lacks some.

use std::process::Command;

use super::progress::Progress;
use super::signals::Signals;
use super::supervise::{Limit, supervise};
use super::{Features, Workspace};
use crate::error::{Error, Kind, Result};

/// Has cargo resolve the whole workspace. Nothing is built, but what is missing is fetched, as a build
/// would fetch it; the lock file is not changed.
pub(super) fn precheck(
    workspace: &Workspace,
    features: &Features,
    limit: Limit,
    signals: &Signals,
) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["metadata", "--format-version=1", "--color=never"])
        .args(features.flags())
        .current_dir(&workspace.root);
    if workspace.root.join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    let mut progress = Progress::new("resolving dependencies");
    let ended = supervise(&mut command, limit, signals, &mut progress)?;
    if ended.status.success() {
        return Ok(());
    }
    let message = format!(
        "not every dependency can be resolved, so an index would lack what uses it; `cargo metadata` says:\n  {}",
        ended.last_lines()
    );
    Err(Error::new(Kind::Index, message).help(format!(
        "make `cargo metadata --locked{}` pass in {}",
        features
            .flags()
            .iter()
            .map(|flag| format!(" {flag}"))
            .collect::<String>(),
        workspace.root.display()
    )))
}
