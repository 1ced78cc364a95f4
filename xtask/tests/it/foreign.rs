//! Other people's workspaces: one entry more in the manifest, and every other byte as it was.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::LazyLock;

use crate::refusals::{CONFLICT, USAGE, refused};
use crate::scratch::{Scratch, repository};

static KIT: LazyLock<String> =
    LazyLock::new(|| repository().into_os_string().into_string().unwrap());

/// Stamps `name` in a workspace without the kit and without default answers. The kit's source is
/// explicit, because the default depends on which commits have been pushed.
pub(crate) fn new(name: &str) -> Vec<&str> {
    vec![
        "new-service",
        name,
        "--no-input",
        "--org",
        "shop",
        "--owner",
        "web",
        "--kit-source",
        "path",
        "--kit-location",
        &KIT,
    ]
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
            "[workspace]\r\nmembers = [\r\n\t\"monolith\", # one\r\n]\r\n",
            "[workspace]\r\nmembers = [\r\n\t\"monolith\", # one\r\n\t\"services/orders\",\r\n]\r\n",
        ),
        (
            "[package]\nname='all'\nversion='1.0.0'\n\n[workspace]\nmembers=[]\nexclude=[\"monolith\"]\n",
            "[package]\nname='all'\nversion='1.0.0'\n\n[workspace]\nmembers=[\"services/orders\"]\nexclude=[\"monolith\"]\n",
        ),
        (
            "[workspace]\nmembers = [\"monolith\", \"services/*\"]\n",
            "[workspace]\nmembers = [\"monolith\", \"services/*\"]\n",
        ),
    ] {
        let scratch = Scratch::foreign(before);
        scratch.write("src/lib.rs", "");
        if before.contains("services/*") {
            // Cargo refuses a pattern that matches nothing.
            let package = "[package]\nname = \"stock\"\nversion = \"1.0.0\"\n";
            scratch.write("services/stock/Cargo.toml", package);
            scratch.write("services/stock/src/lib.rs", "");
        }
        let lock = scratch.cargo(&["generate-lockfile", "--offline"]);
        assert_eq!(lock.code, Some(0), "{}", lock.err);
        let tree = scratch.tree();
        scratch.ok(&new("orders"));
        assert_eq!(scratch.read("Cargo.toml"), after);
        scratch.assert_locked();
        scratch.ok(&["remove-service", "orders"]);
        tree.assert_same(&scratch.tree(), before);
    }
}

#[test]
fn the_lock_file_is_right_after_every_step_and_goes_back() {
    let scratch = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n");
    let package = scratch.read("monolith/Cargo.toml");
    let uses = format!("{package}\n[dependencies]\nserde = \"1\"\n");
    scratch.write("monolith/Cargo.toml", &uses);
    let lock = scratch.cargo(&["generate-lockfile", "--offline"]);
    assert_eq!(lock.code, Some(0), "{}", lock.err);
    let mut trees = vec![scratch.tree()];
    // Cargo finds out what the first one needs. The second finds it locked.
    for name in ["orders", "billing"] {
        scratch.ok(&new(name));
        scratch.assert_locked();
        trees.push(scratch.tree());
    }
    trees.pop();
    for name in ["billing", "orders"] {
        scratch.ok(&["remove-service", name]);
        scratch.assert_locked();
        trees.pop().unwrap().assert_same(&scratch.tree(), name);
    }
}

#[test]
fn a_lock_file_with_other_line_ends_keeps_them() {
    let scratch = Scratch::repository();
    let lock = scratch.read("Cargo.lock").replace('\n', "\r\n");
    scratch.write("Cargo.lock", &lock);
    let before = scratch.tree();
    scratch.ok(&["new-service", "orders", "--no-input"]);
    let stamped = scratch.read("Cargo.lock");
    assert!(stamped.len() > lock.len());
    assert_eq!(
        stamped.matches('\n').count(),
        stamped.matches("\r\n").count()
    );
    scratch.assert_locked();
    scratch.ok(&["remove-service", "orders"]);
    before.assert_same(&scratch.tree(), "CRLF");
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
    let kit = scratch.root.join("kit");
    scratch.write(
        "kit/crates/carveout/Cargo.toml",
        "[package]\nname = \"other\"\n",
    );
    let before = scratch.tree();
    let mut args = new("orders");
    args.pop();
    args.push(kit.to_str().unwrap());
    let ran = scratch.run(&args);
    assert_eq!(ran.code, Some(5), "{}", ran.err);
    assert!(ran.err.contains("taken back"), "{}", ran.err);
    before.assert_same(&scratch.tree(), "taken back");
}

#[test]
fn a_verification_that_fails_takes_the_service_back() {
    let scratch = Scratch::repository();
    scratch.write("templates/service/src/store.rs", "this is no Rust\n");
    let before = scratch.tree();
    let ran = scratch.run(&["new-service", "orders", "--no-input", "--verify", "check"]);
    assert_eq!(ran.code, Some(5), "{}", ran.err);
    let mut after = scratch.tree();
    after.0.retain(|file, _| !file.starts_with("target/"));
    before.assert_same(&after, "taken back");
}

/// The first service's kit is locked by its path, and that is another kit than the one from git.
#[test]
fn a_kit_from_elsewhere_is_not_taken_for_the_one_that_is_locked() {
    let scratch = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n");
    scratch.ok(&new("orders"));
    let before = scratch.tree();
    let nowhere = format!("file://{}", scratch.beside("nowhere").display());
    let mut args = new("billing");
    args.truncate(args.len() - 3);
    args.extend(["git", "--kit-location", &nowhere, "--kit-revision", "v1"]);
    let ran = scratch.run(&args);
    assert_eq!(ran.code, Some(5), "{}{}", ran.out, ran.err);
    assert!(ran.err.contains(&nowhere), "{}", ran.err);
    before.assert_same(&scratch.tree(), "taken back");
}

#[test]
fn files_that_are_links_stay_links() {
    let scratch = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n");
    let lock = scratch.cargo(&["generate-lockfile", "--offline"]);
    assert_eq!(lock.code, Some(0), "{}", lock.err);
    let files = ["Cargo.toml", "Cargo.lock"];
    for file in files {
        let real = scratch.root.join("kept").join(file);
        fs::create_dir_all(real.parent().unwrap()).unwrap();
        fs::rename(scratch.root.join(file), &real).unwrap();
        symlink(&real, scratch.root.join(file)).unwrap();
    }
    let before = scratch.tree();
    let are_links = || files.map(|file| scratch.root.join(file).is_symlink()) == [true; 2];
    scratch.ok(&new("orders"));
    assert!(are_links() && scratch.read("kept/Cargo.toml").contains("services/orders"));
    scratch.assert_locked();
    scratch.ok(&["remove-service", "orders"]);
    assert!(are_links());
    before.assert_same(&scratch.tree(), "removed");
}

/// What is behind a link that leads out of the workspace is not this workspace's to change.
#[test]
fn links_that_lead_out_of_the_workspace_are_not_followed() {
    let manifest = "[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n";
    for folder in ["services", "proto"] {
        let scratch = Scratch::foreign(manifest);
        let outside = scratch.beside("outside");
        fs::create_dir(&outside).unwrap();
        symlink(&outside, scratch.root.join(folder)).unwrap();
        let said = [folder, "outside of the workspace"];
        refused(&scratch, &new("orders"), CONFLICT, &said);
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
    // One that stays inside is somebody's way to arrange things.
    let scratch = Scratch::foreign(manifest);
    fs::create_dir(scratch.root.join("apps")).unwrap();
    symlink("apps", scratch.root.join("services")).unwrap();
    scratch.ok(&new("orders"));
    assert!(scratch.root.join("apps/orders/Cargo.toml").is_file());

    let scratch = Scratch::foreign(manifest);
    let secret = scratch.beside("secret");
    fs::write(&secret, "not for a service").unwrap();
    let template = "[template]\n";
    scratch.write("templates/ours/cargo-generate.toml", template);
    symlink(&secret, scratch.root.join("templates/ours/notes.md")).unwrap();
    let ours = [&new("orders")[..], &["--template", "ours"]].concat();
    let said = ["notes.md", "outside of the template"];
    refused(&scratch, &ours, USAGE, &said);

    let elsewhere = scratch.beside("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("cargo-generate.toml"), template).unwrap();
    symlink(&elsewhere, scratch.root.join("templates/theirs")).unwrap();
    let theirs = [&new("orders")[..], &["--template", "theirs"]].concat();
    refused(&scratch, &theirs, USAGE, &["theirs", "outside of"]);
}

/// A lock file from before the last member was added would fail every `cargo --locked`.
#[test]
fn a_lock_file_that_is_out_of_date_is_brought_up_to_date() {
    let scratch =
        Scratch::foreign("[workspace]\nmembers = [\"monolith\", \"stock\"]\nresolver = \"3\"\n");
    let package = "[package]\nname = \"stock\"\nversion = \"1.0.0\"\n";
    scratch.write("stock/Cargo.toml", package);
    scratch.write("stock/src/lib.rs", "");
    scratch.ok(&new("orders"));
    let lock = scratch.read("Cargo.lock");
    let entry = "[[package]]\nname = \"stock\"\nversion = \"1.0.0\"\n\n";
    assert!(lock.contains(entry), "{lock}");
    scratch.write("Cargo.lock", &lock.replace(entry, ""));
    scratch.ok(&new("billing"));
    scratch.assert_locked();
}

/// A package that is locked is the monolith's too.
#[test]
fn locked_packages_that_would_move_are_listed_and_stay_unless_allowed() {
    let scratch = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n");
    let package = scratch.read("monolith/Cargo.toml");
    let uses = format!("{package}\n[dependencies]\nserde = \"1\"\n");
    scratch.write("monolith/Cargo.toml", &uses);
    let lock = scratch.cargo(&["generate-lockfile", "--offline"]);
    assert_eq!(lock.code, Some(0), "{}", lock.err);
    // A version that the kit is content with, and that was yanked or never was: cargo takes another.
    let lock = scratch.read("Cargo.lock");
    let at = lock.find("name = \"serde\"").unwrap();
    let (head, rest) = lock.split_at(at);
    let mut lines: Vec<&str> = rest.lines().collect();
    lines[1] = "version = \"1.0.0\"";
    scratch.write("Cargo.lock", &format!("{head}{}\n", lines.join("\n")));
    let said = ["serde 1.0.0 to 1.", "--allow-lock-changes", "taken back"];
    refused(&scratch, &new("orders"), CONFLICT, &said);
    let allowed = [&new("orders")[..], &["--allow-lock-changes"]].concat();
    scratch.ok(&allowed);
    scratch.assert_locked();
}

/// Only one package may link a native library: if the monolith links jemalloc, the kit must not.
#[test]
fn a_native_library_of_the_monolith_does_not_keep_the_service_out() {
    let scratch = Scratch::foreign(
        "[workspace]\nmembers = [\"monolith\", \"allocator\"]\nresolver = \"3\"\n",
    );
    let package = "[package]\nname = \"allocator\"\nversion = \"1.0.0\"\nlinks = \"jemalloc\"\n";
    scratch.write("allocator/Cargo.toml", package);
    scratch.write("allocator/src/lib.rs", "");
    scratch.write("allocator/build.rs", "fn main() {}\n");
    let said = ["--without tls", "--without profiles"];
    refused(&scratch, &new("orders"), 5, &said);
    scratch.ok(&[&new("orders")[..], &["--without", "profiles"]].concat());
    scratch.assert_locked();
}
