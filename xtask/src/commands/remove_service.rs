use std::fs;
use std::path::{Component, Path};

use serde_json::json;

use super::new_service::{Lock, is_locked_offline};
use super::{say, workspace};
use crate::apply::Change;
use crate::cli::{Format, RemoveService};
use crate::error::{Error, Result, nearest};
use crate::plan::{Edit, Plan};
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
    let dependents: Vec<&str> = packages
        .iter()
        .filter(|package| !own(package))
        .filter(|package| {
            package.paths.iter().any(|path| path.starts_with(&folder))
                || package.dependencies.iter().any(|name| names.contains(name))
        })
        .map(|package| package.name.as_str())
        .collect();
    if !dependents.is_empty() && !args.force {
        let message = format!("{} is used by {}", args.name, dependents.join(", "));
        return Err(
            Error::conflict(message).help("remove those dependencies first, or give --force")
        );
    }

    let (plan, lock) = plan(&workspace, &folder, &names)?;
    if args.format == Format::Text {
        say(&plan.to_text());
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
        say(
            &json!({ "service": args.name, "plan": plan.to_json(), "applied": !args.dry_run })
                .to_string(),
        );
    }
    Ok(())
}

/// Of services/ itself, which an empty name or `.` would stand for, nothing may go.
fn is_one_folder(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let first = parts.next();
    parts.next().is_none() && matches!(first, Some(Component::Normal(part)) if part == name)
}

fn plan(workspace: &Workspace, folder: &str, names: &[String]) -> Result<(Plan, Lock)> {
    let mut plan = Plan {
        remove: vec![folder.to_owned()],
        ..Plan::default()
    };
    plan.remove.extend(contract(workspace, folder));
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
    let lock = if complete {
        Lock::Planned
    } else {
        Lock::ByCargo
    };
    Ok((plan, lock))
}

/// The folder of the service's contract in the workspace's `proto/`, as its `service.toml` tells.
fn contract(workspace: &Workspace, folder: &str) -> Option<String> {
    let text = fs::read_to_string(workspace.root.join(folder).join("service.toml")).ok()?;
    let service = toml_edit::Document::parse(text).ok()?;
    let name = service.get("service")?.get("name")?.as_str()?;
    let org = service
        .get("template")?
        .get("answers")?
        .get("org")?
        .as_str()?;
    let contract = format!("proto/{org}/{}", name.replace('-', "_"));
    workspace.root.join(&contract).is_dir().then_some(contract)
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
