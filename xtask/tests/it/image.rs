//! The layers of the stamped image, as far as they can be seen without building one.

use std::fs;
use std::process::Command;

use crate::scratch::{Ran, Scratch};
use crate::tree::Tree;

/// The shell commands of a Dockerfile's `RUN` that begins with `start`.
fn run_of(dockerfile: &str, start: &str) -> String {
    let joined = dockerfile.replace("\\\n", " ");
    let line = joined.lines().find_map(|line| line.strip_prefix("RUN "));
    let mut runs = joined.lines().filter_map(|line| line.strip_prefix("RUN "));
    let run = runs.find(|run| run.starts_with(start));
    run.unwrap_or_else(|| panic!("no RUN {start}, first is {line:?}"))
        .to_owned()
}

fn manifests(scratch: &Scratch) -> Tree {
    let dockerfile = scratch.read("services/greeter/Dockerfile");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &run_of(&dockerfile, "find")])
        .current_dir(&scratch.root);
    let ran = Ran::from(shell.output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    scratch.tree()
}

fn context() -> Scratch {
    let scratch = Scratch::repository();
    // Not among what the Dockerfile copies; it is read before it is emptied.
    fs::remove_dir_all(scratch.root.join("templates")).unwrap();
    scratch
}

/// The layer of the dependencies is found again exactly when what it is made from is the same.
#[test]
fn a_change_of_code_leaves_the_layer_of_the_dependencies_and_a_dependency_does_not() {
    let before = manifests(&context());

    let changed = context();
    for file in [
        "services/greeter/src/rpc.rs",
        "crates/carveout/src/run.rs",
        "services/greeter/api/build.rs",
    ] {
        changed.write(file, &(changed.read(file) + "// changed\n"));
    }
    changed.write("services/greeter/config/prod.toml", "");
    changed.write("proto/acme/greeter/v1/greeter.proto", "");
    before.assert_same(&manifests(&changed), "a change of code");

    let depends = context();
    let manifest = "services/greeter/Cargo.toml";
    depends.write(manifest, &(depends.read(manifest) + "# changed\n"));
    assert_ne!(before.0, manifests(&depends).0);
}

#[test]
fn cargo_takes_the_manifests_without_the_code() {
    let scratch = context();
    manifests(&scratch);
    scratch.assert_locked();
    assert_eq!(
        scratch.read("services/greeter/src/main.rs"),
        "fn main() { }\n"
    );
    assert!(
        !scratch
            .root
            .join("proto/acme/greeter/v1/greeter.proto")
            .exists()
    );
}

#[test]
fn the_dependencies_are_built_before_the_code_is_there_and_symbols_stay_outside() {
    let dockerfile = context().read("services/greeter/Dockerfile");
    let at = |text: &str| {
        dockerfile
            .find(text)
            .unwrap_or_else(|| panic!("no {text:?} in\n{dockerfile}"))
    };
    let build = "cargo build --release --locked -p greeter";
    let order = [
        at("COPY --from=manifests"),
        at(build),
        at("COPY --from=sources"),
        at("ARG GIT_COMMIT"),
        dockerfile.rfind(build).unwrap(),
        at("objcopy --only-keep-debug"),
        at("objcopy --strip-debug"),
        at("FROM scratch AS symbols"),
        at("FROM gcr.io/distroless"),
    ];
    assert!(order.is_sorted(), "{order:?}\n{dockerfile}");
    let image = &dockerfile[order[8]..];
    assert!(
        image.contains("COPY --from=builder /out") && !image.contains("symbols"),
        "{image}"
    );
}
