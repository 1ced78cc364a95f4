//! A service on its own, outside of any workspace, and the commands that need none.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::generated::{answers, generated};
use crate::scratch::{Ran, Scratch, cargo, repository};
use crate::tree::copy;

/// Renders a service that stands alone, with cargo-generate.
fn standalone(source: &str, location: &Path) -> Scratch {
    let scratch = Scratch::empty();
    let answers = answers(source, location.to_str().unwrap());
    let service = generated("templates/service", "orders", &answers, &scratch.beside(""));
    copy(&service, &scratch.root);
    scratch
}

#[test]
fn a_service_that_stands_alone_builds_with_the_kit_by_path_and_passes_its_tests() {
    let scratch = standalone("path", &repository());
    let contract = scratch.root.join("proto/shop/orders/v1/orders.proto");
    assert!(contract.is_file());
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/outside");
    let ran = scratch.cargo(&["test", "--offline", "--target-dir", target]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let tests = ran.out.lines().filter(|line| line.ends_with("... ok"));
    assert!(tests.count() >= 4, "{}", ran.out);
}

/// A home for cargo with what is downloaded already, so that no test leaves its git checkouts in
/// somebody's own.
fn cargo_home(scratch: &Scratch) -> PathBuf {
    let own = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let own =
        own.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"));
    let home = scratch.beside("cargo-home");
    fs::create_dir_all(&home).unwrap();
    for part in ["registry", "config.toml"] {
        if own.join(part).exists() {
            symlink(own.join(part), home.join(part)).unwrap();
        }
    }
    home
}

#[test]
fn the_kit_can_come_from_git() {
    let kit = Scratch::repository();
    let package = |name: &str, more: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
    };
    kit.write("crates/alone/Cargo.toml", &package("alone", ""));
    kit.write("crates/alone/src/lib.rs", "");
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        let ran = Ran::from(git.args(args).current_dir(&kit.root).output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    let who = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    git(&[&who[..], &["commit", "--quiet", "--message=kit"]].concat());
    let commit = git(&["rev-parse", "HEAD"]);

    let url = format!("file://{}", kit.root.display());
    let scratch = standalone("git", Path::new(&url));
    let home = cargo_home(&scratch);
    let run = |folder: &Path, args: &[&str]| -> Ran {
        let mut cargo = cargo();
        cargo
            .args(args)
            .current_dir(folder)
            .env("CARGO_HOME", &home);
        cargo.output().unwrap().into()
    };
    // Without the network cargo clones nothing, from a disk neither; with it, it asks for more
    // than the clone. A crate that needs nothing else gets the clone alone.
    let fetching = Scratch::empty();
    let needs = format!("[dependencies]\nalone = {{ git = \"{url}\" }}\n");
    fetching.write("Cargo.toml", &package("fetching", &needs));
    fetching.write("src/lib.rs", "");
    let fetched = run(&fetching.root, &["fetch"]);
    assert_eq!(fetched.code, Some(0), "{}", fetched.err);

    let ran = run(
        &scratch.root,
        &["metadata", "--offline", "--format-version", "1"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let lock = scratch.read("Cargo.lock");
    for name in ["carveout", "carveout-build", "carveout-testing"] {
        let source = format!(
            "name = \"{name}\"\nversion = \"0.1.0\"\nsource = \"git+{url}#{}\"",
            commit.trim()
        );
        assert!(lock.contains(&source), "{source}\n{lock}");
    }
}

#[test]
fn templates_and_completions_are_there_outside_of_a_workspace() {
    let scratch = Scratch::empty();
    let templates = scratch.ok(&["list-templates"]);
    let about = "A gRPC service of the standard shape: config, health, metrics, tracing, deadlines, errors, deployment.\n";
    let said = ["service ", about, "--with alerts", "--with github_ci"];
    assert!(
        said.iter().all(|said| templates.contains(said)),
        "{templates}"
    );
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completions = scratch.ok(&["completions", shell]);
        let said = ["new-service", "remove-service", "kit-source"];
        assert!(
            said.iter().all(|said| completions.contains(said)),
            "{shell}"
        );
    }
    assert_eq!(scratch.run(&["completions", "cmd"]).code, Some(2));
}
