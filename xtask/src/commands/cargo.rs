//! cargo as the commands run it: to bring the lock file up to date, and to build.

use std::collections::HashSet;
use std::fs;
use std::process::Command;

use crate::error::{Error, Result};
use crate::workspace::{Package, Workspace};
use crate::{answers, lockfile};

/// Whether the lock file is part of the plan, or cargo has to make it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lock {
    Planned,
    ByCargo,
}

/// Whether the lock file knows every package of the workspace. One that does not is from before the
/// last of them was added, and cargo has to bring it up to date.
pub(super) fn is_locked(workspace: &Workspace, packages: &[Package]) -> bool {
    let locked: HashSet<String> = workspace.locked().into_iter().collect();
    packages
        .iter()
        .all(|package| locked.contains(&package.name))
}

/// Whether `packages` need all of `needs` themselves: then no entry of the lock file depends on
/// whether the packages with these needs are there.
pub(super) fn are_covered<'a>(
    needs: impl IntoIterator<Item = &'a String>,
    packages: &[Package],
) -> bool {
    needs
        .into_iter()
        .all(|need| packages.iter().any(|package| package.needs.contains(need)))
}

/// Has cargo bring the lock file up to date, with the network if there is no other way.
pub(super) fn lock_by_cargo(workspace: &Workspace) -> Result<()> {
    if is_locked_offline(workspace) {
        return Ok(());
    }
    eprintln!(
        "something that the service needs is not downloaded yet: asking cargo to update Cargo.lock with the network"
    );
    let output = metadata(workspace)
        .output()
        .map_err(|error| Error::failed(format!("cannot run cargo: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let error = Error::verification(format!(
        "cargo cannot resolve the new service, so it was taken back:\n{why}"
    ));
    // A native library may be linked once, and the workspace may have another version of it.
    Err(match why.contains("links to the native library") {
        true => error.help("--without tls leaves out rustls and ring, --without profiles jemalloc"),
        false => error,
    })
}

/// Asks before packages that were locked already get another version: they are the rest of the
/// workspace's too.
pub(super) fn confirm_moves(workspace: &Workspace, locked: &str, may_ask: bool) -> Result<()> {
    let now = fs::read_to_string(workspace.root.join("Cargo.lock")).unwrap_or_default();
    let moved = lockfile::moved(locked, &now);
    if moved.is_empty() {
        return Ok(());
    }
    let list = moved.join("\n  ");
    let message =
        format!("the service needs other versions of packages that are locked:\n  {list}");
    if may_ask && answers::confirm(&format!("{message}\nChange them?"))? {
        return Ok(());
    }
    let help = "give --allow-lock-changes to accept them, or --kit-revision for a kit that fits";
    Err(Error::conflict(format!("{message}\nso it was taken back")).help(help))
}

/// Has cargo bring the lock file up to date with what is downloaded, and says whether it could.
pub(super) fn is_locked_offline(workspace: &Workspace) -> bool {
    let output = metadata(workspace).arg("--offline").output();
    output.is_ok_and(|output| output.status.success())
}

fn metadata(workspace: &Workspace) -> Command {
    let mut cargo = cargo(workspace);
    cargo.args(["metadata", "--format-version", "1", "--quiet"]);
    cargo
}

pub(super) fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(&workspace.root);
    // What cargo told this program about its own package is nothing that the service should see.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_")
            || name.to_string_lossy().starts_with("CARGO_MANIFEST_")
        {
            command.env_remove(name);
        }
    }
    command
}
