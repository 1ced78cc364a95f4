use std::fs;
use std::path::{Component, Path, PathBuf};

use serde_json::json;

use super::cargo::{Lock, are_covered, is_locked_offline};
use super::{say, shelves, workspace};
use crate::apply::Change;
use crate::cli::{Format, RemoveService};
use crate::error::{Error, Result, nearest};
use crate::plan::{Edit, Plan};
use crate::stamped::Stamped;
use crate::workspace::{Package, SERVICES, Workspace};
use crate::{lockfile, manifest};

pub(super) fn run(args: &RemoveService) -> Result<()> {
    let mut workspace = workspace()?;
    // Nobody is asked anything, so the lock is held from the first look at the workspace on.
    let root = workspace.root.clone();
    let change = if args.dry_run {
        None
    } else {
        let change = Change::begin(&root)?;
        workspace = Workspace::find(&root)?;
        Some(change)
    };
    let packages = workspace.packages()?;
    let folder = format!("{SERVICES}/{}", args.name);
    let own = |package: &&Package| package.folder.starts_with(&folder);
    let names: Vec<String> = packages
        .iter()
        .filter(own)
        .map(|package| package.name.clone())
        .collect();
    if names.is_empty() || !is_one_folder(&args.name) {
        return Err(unknown(&args.name, &packages));
    }
    let stamped = Stamped::compare(&root, &folder, &args.name, &shelves(Some(&workspace)));
    let mut dependents: Vec<String> = packages
        .iter()
        .filter(|package| !own(package))
        .filter(|package| {
            package.paths.iter().any(|path| path.starts_with(&folder))
                || package.dependencies.iter().any(|name| names.contains(name))
        })
        .map(|package| package.name.clone())
        .collect();
    if let Some(contract) = &stamped.contract {
        dependents.extend(importers(&root, &folder, contract));
    }
    if !dependents.is_empty() && !args.force {
        let message = format!("{} is used by {}", args.name, dependents.join(", "));
        return Err(
            Error::conflict(message).help("remove those dependencies first, or give --force")
        );
    }

    let (gone, stay): (Vec<Package>, Vec<Package>) = packages
        .into_iter()
        .partition(|package| package.folder.starts_with(&folder));
    let is_plain = are_covered(gone.iter().flat_map(|package| &package.needs), &stay);
    let (plan, lock) = plan(&workspace, &folder, &names, stamped.contract, is_plain)?;
    if args.format == Format::Text {
        say(&plan.to_text());
        for work in &stamped.work {
            say(&format!("  {work}"));
        }
    }
    if !stamped.work.is_empty() && !args.force {
        let name = &args.name;
        let message = format!(
            "{name} has files that are not as they were stamped, and nothing was removed:\n  {}",
            stamped.work.join("\n  ")
        );
        return Err(Error::conflict(message)
            .help("commit or copy what you want to keep, then give --force to remove them too"));
    }
    if let Some(change) = change {
        let applied = change.apply(&plan)?;
        if lock == Lock::ByCargo && !is_locked_offline(&workspace) {
            // A workspace that cargo cannot read, say: what goes is gone all the same.
            eprintln!(
                "cargo will drop what only {} needed from Cargo.lock",
                args.name
            );
        }
        applied.commit()?;
    }
    if args.format == Format::Json {
        say(&json!({
            "service": args.name,
            "plan": plan.to_json(),
            "changed": stamped.work,
            "applied": !args.dry_run,
        })
        .to_string());
    }
    Ok(())
}

/// The contracts of others that import one of `contract`, by their path.
fn importers(root: &Path, folder: &str, contract: &str) -> Vec<String> {
    let Some(package) = contract.strip_prefix("proto/") else {
        return Vec::new();
    };
    let import = format!("\"{package}/");
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("proto"), PathBuf::from(SERVICES)];
    while let Some(inner) = folders.pop() {
        if inner.starts_with(folder) || inner.starts_with(contract) {
            continue;
        }
        for entry in fs::read_dir(root.join(&inner))
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = inner.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "proto")
            {
                let text = fs::read_to_string(root.join(&path)).unwrap_or_default();
                let mut lines = text.lines().map(str::trim_start);
                if lines.any(|line| line.starts_with("import ") && line.contains(&import)) {
                    found.push(path.display().to_string());
                }
            }
        }
    }
    found.sort();
    found
}

/// Of services/ itself, which an empty name or `.` would stand for, nothing may go.
fn is_one_folder(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let first = parts.next();
    parts.next().is_none() && matches!(first, Some(Component::Normal(part)) if part == name)
}

fn plan(
    workspace: &Workspace,
    folder: &str,
    names: &[String],
    contract: Option<String>,
    is_plain: bool,
) -> Result<(Plan, Lock)> {
    let mut plan = Plan {
        remove: vec![folder.to_owned()],
        ..Plan::default()
    };
    plan.remove.extend(contract);
    if workspace
        .patterns()?
        .members
        .iter()
        .any(|member| member == folder)
    {
        let after = manifest::remove_member(&workspace.manifest, folder)?;
        plan.edit.push(Edit {
            path: "Cargo.toml".to_owned(),
            before: workspace.manifest.clone(),
            after,
        });
    }
    let before = fs::read_to_string(workspace.root.join("Cargo.lock")).unwrap_or_default();
    let Some((after, complete)) = lockfile::remove(&before, names) else {
        // Without a lock file there is nothing to bring up to date.
        let lock = if before.is_empty() {
            Lock::Planned
        } else {
            Lock::ByCargo
        };
        return Ok((plan, lock));
    };
    if after != before {
        plan.edit.push(Edit {
            path: "Cargo.lock".to_owned(),
            before,
            after,
        });
    }
    let lock = if complete && is_plain {
        Lock::Planned
    } else {
        Lock::ByCargo
    };
    Ok((plan, lock))
}

fn unknown(name: &str, packages: &[Package]) -> Error {
    let service = |package: &Package| {
        let rest = package
            .folder
            .strip_prefix(SERVICES)
            .ok()?
            .to_str()?
            .to_owned();
        (!rest.contains('/')).then_some(rest)
    };
    let services: Vec<String> = packages.iter().filter_map(service).collect();
    let error = Error::usage(format!("there is no service {name:?} under {SERVICES}/"));
    match nearest(name, services.iter().map(String::as_str)) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(format!("services: {}", services.join(", "))),
    }
}
