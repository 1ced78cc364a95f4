//! Other people's workspaces: one entry more in the manifest, and every other byte as it was.

use crate::scratch::Scratch;

const ANSWERS: [&str; 5] = ["--no-input", "--org", "shop", "--owner", "web"];

fn new(name: &'static str) -> Vec<&'static str> {
    [&["new-service", name], &ANSWERS[..]].concat()
}

#[test]
fn manifests_keep_every_other_byte() {
    for (before, after) in [
        (
            "# ours\n[workspace]\nmembers = [\n    \"monolith\", # the old one\n\n    # more to come\n]\n\n[profile.dev]\nopt-level=1\n",
            "# ours\n[workspace]\nmembers = [\n    \"monolith\", # the old one\n    \"services/orders\",\n\n    # more to come\n]\n\n[profile.dev]\nopt-level=1\n",
        ),
        (
            "[workspace]\nmembers = [\"monolith\"]\nresolver = '2'",
            "[workspace]\nmembers = [\"monolith\", \"services/orders\"]\nresolver = '2'",
        ),
        (
            "[workspace]\r\nmembers = [\r\n\t'monolith'\r\n]\r\n",
            "[workspace]\r\nmembers = [\r\n\t'monolith',\r\n\t'services/orders'\r\n]\r\n",
        ),
        (
            "[workspace]\nmembers=[]\nexclude=[\"monolith\"]\n",
            "[workspace]\nmembers=[\"services/orders\"]\nexclude=[\"monolith\"]\n",
        ),
        (
            "[workspace]\nmembers = [\"monolith\", \"services/*\"]\n",
            "[workspace]\nmembers = [\"monolith\", \"services/*\"]\n",
        ),
    ] {
        let scratch = Scratch::foreign(before);
        scratch.ok(&new("orders"));
        assert_eq!(scratch.read("Cargo.toml"), after);
        scratch.ok(&["remove-service", "orders"]);
        assert_eq!(scratch.read("Cargo.toml"), before);
    }
}

#[test]
fn the_lock_file_is_there_and_right_and_goes_back() {
    let scratch = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n");
    let lock = scratch.cargo(&["generate-lockfile", "--offline"]);
    assert_eq!(lock.code, Some(0), "{}", lock.err);
    scratch.ok(&new("orders"));
    scratch.assert_locked();
    let first = scratch.read("Cargo.lock");
    assert!(first.contains("name = \"orders-api\""), "{first}");

    // The second finds everything locked, and edits the lock file by itself.
    scratch.ok(&new("billing"));
    scratch.assert_locked();
    scratch.ok(&["remove-service", "billing"]);
    assert_eq!(scratch.read("Cargo.lock"), first);
}

#[test]
fn in_this_repository_the_lock_file_is_what_cargo_itself_writes() {
    let scratch = Scratch::repository();
    let (manifest, lock) = (scratch.read("Cargo.toml"), scratch.read("Cargo.lock"));
    scratch.ok(&["new-service", "orders", "--no-input"]);
    scratch.assert_locked();
    assert_eq!(
        scratch.read("Cargo.toml"),
        manifest,
        "members by glob need no entry"
    );
    let ours = scratch.read("Cargo.lock");

    scratch.write("Cargo.lock", &lock);
    let cargo = scratch.cargo(&["metadata", "--offline", "--format-version", "1"]);
    assert_eq!(cargo.code, Some(0), "{}", cargo.err);
    assert_eq!(scratch.read("Cargo.lock"), ours);
}

#[test]
fn a_service_that_cargo_cannot_resolve_is_taken_back() {
    let scratch = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n");
    let before = scratch.tree();
    let nowhere = [
        &new("orders")[..],
        &["--kit-source", "path", "--kit-location", "/nowhere"],
    ];
    let ran = scratch.run(&nowhere.concat());
    assert_eq!(ran.code, Some(5), "{}", ran.err);
    assert!(ran.err.contains("taken back"), "{}", ran.err);
    assert_eq!(scratch.tree(), before);
}

#[test]
fn a_verification_that_fails_takes_the_service_back() {
    let scratch = Scratch::repository();
    scratch.write("templates/service/src/store.rs", "this is no Rust\n");
    let before = scratch.tree();
    let ran = scratch.run(&["new-service", "orders", "--no-input", "--verify", "check"]);
    assert_eq!(ran.code, Some(5), "{}", ran.err);
    let mut after = scratch.tree();
    after.retain(|file, _| !file.starts_with("target/"));
    assert_eq!(after, before);
}
