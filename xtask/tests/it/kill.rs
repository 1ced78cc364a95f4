//! kill -9 at every step: cargo takes the workspace at once, and the next run makes it as it was.

use std::collections::BTreeSet;

use crate::foreign::new;
use crate::scratch::{Scratch, xtask};

const KILL_AT: &str = "CARVEOUT_XTASK_KILL_AT";
const LISTED: &str = "[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n\
                      metadata.carveout = { org = \"shop\", owner = \"web\" }\n";

/// The steps of a plan, in the words of the environment variable, as the plan in JSON tells them.
fn steps(plan: &str) -> Vec<String> {
    let plan: serde_json::Value = serde_json::from_str(plan).unwrap();
    let list = |key: &str| {
        let list = plan["plan"][key].as_array().unwrap().clone();
        list.into_iter()
            .map(|entry| entry.as_str().unwrap().to_owned())
    };
    let folder = |file: String| match file.split('/').collect::<Vec<_>>()[..] {
        ["proto", org, name, ..] => format!("created proto/{org}/{name}"),
        ["services", name, ..] => format!("created services/{name}"),
        _ => panic!("{file} is outside of what is stamped"),
    };
    let created: BTreeSet<String> = list("create").map(folder).collect();
    let mut steps = vec!["staged".to_owned(), "journaled".to_owned()];
    steps.extend(created);
    steps.extend(list("edit").map(|file| format!("edited {file}")));
    steps.extend(list("remove").map(|folder| format!("removed {folder}")));
    steps.push("applied".to_owned());
    steps
}

/// Runs `args` until `step`; it has to be one.
#[track_caller]
fn kill(scratch: &Scratch, args: &[&str], step: &str) {
    let mut command = xtask(&scratch.root, args);
    let status = command.env(KILL_AT, step).output().unwrap().status;
    assert_eq!(status.code(), None, "{step} is no step of {args:?}");
}

/// Kills `args` at each step of its plan. Whoever is next, even if it comes to nothing, makes all
/// as it was.
fn killed_everywhere(scratch: &Scratch, args: &[&str]) {
    let (before, had) = (scratch.tree(), scratch.packages());
    let plan = scratch.ok(&[args, &["--dry-run", "--format", "json"]].concat());
    before.assert_same(&scratch.tree(), "a dry run");
    let own = BTreeSet::from(["orders".to_owned(), "orders-api".to_owned()]);
    let has_lock = scratch.root.join("Cargo.lock").exists();
    for step in steps(&plan) {
        kill(scratch, args, &step);
        // All of the service or nothing of it.
        let packages: BTreeSet<String> = scratch.packages();
        let difference: BTreeSet<_> = packages.symmetric_difference(&had).cloned().collect();
        assert!(
            difference.is_empty() || difference == own,
            "{step}: {packages:?}"
        );
        let none = scratch.run(&["remove-service", "no-such"]);
        assert_eq!(none.code, Some(2), "{step}: {}", none.err);
        before.assert_same(&scratch.tree(), &step);

        // Once more with a cargo in between, which brings the lock file up to date.
        kill(scratch, args, &step);
        let cargo = scratch.cargo(&["metadata", "--offline", "--format-version", "1"]);
        assert_eq!(cargo.code, Some(0), "after {step}: {}", cargo.err);
        if has_lock {
            scratch.ok(&["new-service", "next", "--no-input"]);
            scratch.assert_locked();
            scratch.ok(&["remove-service", "next"]);
        } else {
            scratch.run(&["remove-service", "no-such"]);
            let _ = std::fs::remove_file(scratch.root.join("Cargo.lock"));
        }
        before.assert_same(&scratch.tree(), &format!("cargo after {step}"));
    }
}

const NEW: [&str; 3] = ["new-service", "orders", "--no-input"];
const REMOVE: [&str; 2] = ["remove-service", "orders"];

#[test]
fn in_this_repository_a_service_is_there_as_a_whole_or_not_at_all() {
    let scratch = Scratch::repository();
    killed_everywhere(&scratch, &NEW);
    scratch.ok(&NEW);
    killed_everywhere(&scratch, &REMOVE);
}

#[test]
fn a_workspace_that_lists_its_members_is_whole_after_every_step_too() {
    let scratch = Scratch::repository();
    let manifest = scratch.read("Cargo.toml");
    let by_hand = manifest.replace("\"services/*\"", "\"services/greeter\"");
    assert_ne!(by_hand, manifest, "the repository's manifest has changed");
    scratch.write("Cargo.toml", &by_hand);
    killed_everywhere(&scratch, &NEW);
    scratch.ok(&NEW);
    killed_everywhere(&scratch, &REMOVE);
}

/// Here cargo writes the lock file, between the moves and the end.
#[test]
fn a_foreign_workspace_with_and_without_a_lock_file_is_whole_after_every_step_too() {
    let scratch = Scratch::foreign(LISTED);
    let new = new("orders");
    killed_everywhere(&scratch, &new);
    let lock = scratch.cargo(&["generate-lockfile", "--offline"]);
    assert_eq!(lock.code, Some(0), "{}", lock.err);
    killed_everywhere(&scratch, &new);
    scratch.ok(&new);
    killed_everywhere(&scratch, &REMOVE);
}

#[test]
fn an_undoing_that_is_killed_is_finished_by_the_run_after_it() {
    let scratch = Scratch::repository();
    let undone = |args: &[&str], steps: &[&str]| {
        let before = scratch.tree();
        for step in steps {
            kill(&scratch, args, "applied");
            kill(&scratch, &["remove-service", "no-such"], step);
            scratch.packages();
            scratch.run(&["remove-service", "no-such"]);
            before.assert_same(&scratch.tree(), step);
        }
    };
    let folders = ["uncreated proto/acme/orders", "uncreated services/orders"];
    undone(&NEW, &["unedited Cargo.lock", folders[0], folders[1]]);
    scratch.ok(&NEW);
    let folders = ["unremoved services/orders", "unremoved proto/acme/orders"];
    undone(&REMOVE, &["unedited Cargo.lock", folders[0], folders[1]]);
}

#[test]
fn what_somebody_has_worked_on_since_stays() {
    let scratch = Scratch::repository();
    kill(&scratch, &NEW, "applied");
    scratch.write("services/orders/src/domain.rs", "// a day's work\n");
    let after = scratch.tree();
    let ran = scratch.run(&["remove-service", "no-such"]);
    let said = "services/orders was worked on";
    assert!(ran.err.contains(said), "{}", ran.err);
    let mut now = scratch.tree();
    // The stage is gone; all else is there.
    assert!(!now.0.keys().any(|file| file.starts_with(".carveout")));
    let stage = after
        .0
        .iter()
        .filter(|(file, _)| file.starts_with(".carveout"));
    now.0
        .extend(stage.map(|(file, text)| (file.clone(), text.clone())));
    after.assert_same(&now, said);
    scratch.assert_locked();
}
