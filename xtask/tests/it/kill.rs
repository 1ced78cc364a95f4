//! kill -9 at every step: cargo takes the workspace at once, and the next run makes it as it was.

use crate::scratch::{Scratch, differences, xtask};

const KILL_AT: &str = "CARVEOUT_XTASK_KILL_AT";

/// The steps of a plan, in the words of the environment variable, as the printed plan tells them.
fn steps(plan: &str, folders: &[&str]) -> Vec<String> {
    let mut steps = vec!["staged".to_owned(), "journaled".to_owned()];
    for folder in folders {
        let created = plan.contains(&format!("create {folder}/"));
        let removed = plan.contains(&format!("remove {folder}/"));
        assert!(created || removed, "{folder} is not in {plan}");
        steps.push(format!(
            "{} {folder}",
            if created { "created" } else { "removed" }
        ));
    }
    let edits = plan.lines().filter_map(|line| line.strip_prefix("edit   "));
    steps.extend(edits.map(|file| format!("edited {file}")));
    steps.push("applied".to_owned());
    steps
}

/// Kills `args` at each step of its plan, and has `next` clean up.
fn killed_everywhere(scratch: &Scratch, args: &[&str], folders: &[&str]) {
    let before = scratch.tree();
    let plan = scratch.ok(&[args, &["--dry-run"]].concat());
    assert_eq!(
        differences(&before, &scratch.tree()),
        Vec::<String>::new(),
        "a dry run wrote"
    );
    for step in steps(&plan, folders) {
        let status = xtask(&scratch.root, args)
            .env(KILL_AT, &step)
            .output()
            .unwrap()
            .status;
        assert_eq!(status.code(), None, "{step} is no step of {args:?}");
        let cargo = scratch.cargo(&["metadata", "--offline", "--format-version", "1"]);
        assert_eq!(cargo.code, Some(0), "after {step}: {}", cargo.err);

        // Whoever is next, with another service, finds the workspace whole.
        scratch.ok(&["new-service", "next", "--no-input"]);
        scratch.assert_locked();
        scratch.ok(&["remove-service", "next"]);
        assert_eq!(
            differences(&before, &scratch.tree()),
            Vec::<String>::new(),
            "after {step}"
        );
    }
}

#[test]
fn a_new_service_is_there_as_a_whole_or_not_at_all() {
    let scratch = Scratch::repository();
    let folders = ["proto/acme/orders", "services/orders"];
    killed_everywhere(&scratch, &["new-service", "orders", "--no-input"], &folders);
}

#[test]
fn a_removed_service_is_gone_as_a_whole_or_not_at_all() {
    let scratch = Scratch::repository();
    scratch.ok(&["new-service", "orders", "--no-input"]);
    let folders = ["services/orders", "proto/acme/orders"];
    killed_everywhere(&scratch, &["remove-service", "orders"], &folders);
}

#[test]
fn a_workspace_that_lists_its_members_is_whole_after_every_step_too() {
    let scratch = Scratch::repository();
    let by_hand = scratch.read("Cargo.toml").replace(
        "members = [\"crates/*\", \"services/*\"]",
        "members = [\"crates/*\", \"services/greeter\"]",
    );
    scratch.write("Cargo.toml", &by_hand);
    assert!(
        by_hand.contains("services/greeter\"]"),
        "the repository's manifest has changed"
    );
    let folders = ["proto/acme/orders", "services/orders"];
    killed_everywhere(&scratch, &["new-service", "orders", "--no-input"], &folders);
    scratch.ok(&["new-service", "orders", "--no-input"]);
    killed_everywhere(
        &scratch,
        &["remove-service", "orders"],
        &["services/orders"],
    );
}

#[test]
fn what_somebody_has_worked_on_since_stays() {
    let scratch = Scratch::repository();
    let args = ["new-service", "orders", "--no-input"];
    let killed = xtask(&scratch.root, &args)
        .env(KILL_AT, "applied")
        .output()
        .unwrap();
    assert_eq!(killed.status.code(), None);
    scratch.write("services/orders/src/domain.rs", "// a day's work\n");
    let ran = scratch.run(&["new-service", "next", "--no-input"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.err.contains("services/orders was worked on"),
        "{}",
        ran.err
    );
    assert_eq!(
        scratch.read("services/orders/src/domain.rs"),
        "// a day's work\n"
    );
    scratch.assert_locked();
}
