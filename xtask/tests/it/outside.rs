//! A service on its own, outside of any workspace, and the commands that need none.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::foreign::new;
use crate::generated::{answers, generated};
use crate::scratch::{Ran, Scratch, cargo, repository};
use crate::tree::copy;

/// Renders a service that stands alone, with cargo-generate.
fn standalone(source: &str, location: &Path, more: &[(&str, &str)]) -> Scratch {
    let scratch = Scratch::empty();
    let mut answers = answers(source, location.to_str().unwrap());
    let more = [&[("workspace_root", "true")], more].concat();
    for (name, value) in more {
        answers.retain(|(answered, _)| answered != name);
        answers.push((name.to_owned(), value.to_owned()));
    }
    let service = generated("templates/service", "orders", &answers, &scratch.beside(""));
    copy(&service, &scratch.root);
    scratch
}

/// Builds it and runs its tests, by `cargo`, with what is downloaded already.
fn passes_its_tests(scratch: &Scratch, cargo: &mut Command) {
    let test = ["test", "--offline", "--target-dir", &kept("outside")];
    let ran = Ran::from(
        cargo
            .args(test)
            .current_dir(&scratch.root)
            .output()
            .unwrap(),
    );
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let tests = ran.out.lines().filter(|line| line.ends_with("... ok"));
    assert!(tests.count() >= 4, "{}", ran.out);
    assert!(
        ran.err.contains("orders_api"),
        "the contract too: {}",
        ran.err
    );
}

/// A folder that the next run finds again, so that it builds no more than has changed.
pub(crate) fn kept(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"))
}

#[test]
fn a_service_that_stands_alone_builds_with_the_kit_by_path_and_passes_its_tests() {
    let scratch = standalone("path", &repository(), &[]);
    assert_eq!(scratch.read(".gitignore"), "/target\n");
    let contract = scratch.root.join("proto/shop/orders/v1/orders.proto");
    assert!(contract.is_file());
    passes_its_tests(&scratch, &mut cargo());
}

/// Names of modules, of crates and of fields in the stamped code, and short ones.
#[test]
fn services_of_every_accepted_name_and_organisation_compile() {
    let scratch = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n");
    for (name, org) in [
        ("a", "a"),
        ("store", "store"),
        ("rpc", "acme"),
        ("domain", "std"),
        ("item", "prost"),
        ("config", "carveout"),
        ("service", "v1"),
    ] {
        let mut args = new(name);
        let place = args.iter().position(|arg| *arg == "shop").unwrap();
        args[place] = org;
        let ran = scratch.run(&args);
        // Some of these are refused, with a reason.
        assert!(matches!(ran.code, Some(0 | 2)), "{name}: {}", ran.err);
    }
    assert!(scratch.packages().contains("store-api"));
    let target = kept("outside");
    let check = [
        "check",
        "--workspace",
        "--all-targets",
        "--offline",
        "--locked",
    ];
    let ran = scratch.cargo(&[&check[..], &["--target-dir", &target]].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

/// A home for cargo with what is downloaded already, so that no test leaves its git checkouts in
/// somebody's own.
fn cargo_home() -> PathBuf {
    let own = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let own =
        own.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"));
    let home = PathBuf::from(kept("outside-home"));
    fs::create_dir_all(&home).unwrap();
    for part in ["registry", "config.toml"] {
        let _ = fs::remove_file(home.join(part));
        if own.join(part).exists() {
            symlink(own.join(part), home.join(part)).unwrap();
        }
    }
    home
}

/// The repository in a commit that is the same for the same files.
fn committed() -> (String, String) {
    let kit = PathBuf::from(kept("outside-kit"));
    let _ = fs::remove_dir_all(&kit);
    copy(&Scratch::repository().root, &kit);
    let package = package("alone", "");
    copy(&package.root, &kit.join("crates/alone"));
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
            .args(args)
            .envs(["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"].map(|date| (date, "@0 +0000")))
            .current_dir(&kit);
        let ran = Ran::from(git.output().unwrap());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.out
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message=kit"]);
    let commit = git(&["rev-parse", "HEAD"]).trim().to_owned();
    (format!("file://{}", kit.display()), commit)
}

fn package(name: &str, more: &str) -> Scratch {
    let package = Scratch::empty();
    let manifest =
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}");
    package.write("Cargo.toml", &manifest);
    package.write("src/lib.rs", "");
    package
}

#[test]
fn a_service_that_stands_alone_builds_with_the_kit_by_git_and_passes_its_tests() {
    let (url, commit) = committed();
    let home = cargo_home();
    // Without the network cargo clones nothing, from a disk neither; with it, it asks for more
    // than the clone. A crate that needs nothing else gets the clone alone.
    let needs = format!("[dependencies]\nalone = {{ git = \"{url}\" }}\n");
    let fetching = package("fetching", &needs);
    let mut fetch = cargo();
    fetch.arg("fetch").current_dir(&fetching.root);
    let fetched = Ran::from(fetch.env("CARGO_HOME", &home).output().unwrap());
    assert_eq!(fetched.code, Some(0), "{}", fetched.err);

    let scratch = standalone("git", Path::new(&url), &[("kit_revision", &commit)]);
    passes_its_tests(&scratch, cargo().env("CARGO_HOME", &home));
    let lock = scratch.read("Cargo.lock");
    for name in ["carveout", "carveout-build", "carveout-testing"] {
        let source = format!(
            "name = \"{name}\"\nversion = \"0.1.0\"\nsource = \"git+{url}?rev={commit}#{commit}\""
        );
        assert!(lock.contains(&source), "{source}\n{lock}");
    }
}

#[test]
fn templates_and_completions_are_there_outside_of_a_workspace() {
    let scratch = Scratch::empty();
    let templates = scratch.ok(&["list-templates"]);
    let about = "A gRPC service of the standard shape: config, health, metrics, tracing, deadlines, errors, deployment.\n";
    let said = [
        "service ",
        about,
        "--with alerts",
        "--with github_ci",
        "--without tls",
    ];
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

#[test]
fn xtask_runs_from_every_folder_of_the_repository() {
    let mut folders = vec![repository(), repository().join("services/greeter/src")];
    for entry in fs::read_dir(repository()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        // What is hidden or built is no place to work in.
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            folders.push(path);
        }
    }
    assert!(folders.len() > 5, "{folders:?}");
    for folder in folders {
        let mut command = cargo();
        let command = command
            .args(["xtask", "golden", "--check"])
            .current_dir(&folder);
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.code, Some(0), "{}: {}", folder.display(), ran.err);
    }
}
