//! A service on its own, outside of any workspace, and the commands that need none.

use std::process::Command;

use crate::scratch::{Scratch, copy, repository};

/// Renders a service that stands alone in `scratch`, as `cargo generate` does.
fn standalone(scratch: &Scratch, source: &str, location: &str) {
    let maker = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\n");
    let args = [
        "new-service",
        "orders",
        "--no-input",
        "--org",
        "shop",
        "--owner",
        "web",
    ];
    let kit = ["--kit-source", source, "--kit-location", location];
    maker.ok(&[&args[..], &kit].concat());
    copy(&maker.root.join("services/orders"), &scratch.root);
}

#[test]
fn a_service_that_stands_alone_builds_with_the_kit_by_path_and_passes_its_tests() {
    let scratch = Scratch::empty();
    standalone(&scratch, "path", repository().to_str().unwrap());
    assert!(
        scratch
            .root
            .join("proto/shop/orders/v1/orders.proto")
            .is_file()
    );
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/outside");
    let ran = scratch.cargo(&["test", "--offline", "--quiet", "--target-dir", target]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("test result: ok. 4 passed"), "{}", ran.out);
}

#[test]
fn the_kit_can_come_from_git() {
    let kit = Scratch::repository();
    let git = |args: &[&str]| {
        let run = Command::new("git")
            .args(args)
            .current_dir(&kit.root)
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
    };
    git(&["init", "--quiet"]);
    git(&["add", "--all"]);
    let who = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    git(&[&who[..], &["commit", "--quiet", "--message=kit"]].concat());

    let scratch = Scratch::empty();
    let url = format!("file://{}", kit.root.display());
    standalone(&scratch, "git", &url);
    let ran = scratch.cargo(&["metadata", "--offline", "--format-version", "1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(scratch.read("Cargo.lock").contains(&format!("git+{url}")));
}

#[test]
fn templates_and_completions_are_there_outside_of_a_workspace() {
    let scratch = Scratch::empty();
    let templates = scratch.ok(&["list-templates"]);
    assert!(
        templates.contains("service ") && templates.contains("--with alerts"),
        "{templates}"
    );
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let completions = scratch.ok(&["completions", shell]);
        assert!(completions.contains("new-service"), "{shell}");
    }
    assert_eq!(scratch.run(&["completions", "cmd"]).code, Some(2));
}
