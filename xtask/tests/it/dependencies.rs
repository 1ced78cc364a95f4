//! xtask is what a newcomer waits for first, so what it is built from is bounded.

use std::collections::BTreeSet;
use std::process::Command;

/// As many as there are, and two to spare.
const MOST: usize = 80;
/// Those of tempfile, and of other systems.
const FOR_TESTS: usize = 5;

#[test]
fn xtask_is_built_from_few_crates() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .args([
            "tree",
            "--locked",
            "--offline",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}", "--target", "all"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        tree.status.success(),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    let text = String::from_utf8(tree.stdout).unwrap();
    let crates: BTreeSet<&str> = text
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    assert!(crates.len() > 20, "{text}");
    let kit = crates.iter().find(|name| name.starts_with("carveout"));
    assert_eq!(kit, None, "it has to work while the kit does not build");
    assert!(
        crates.len() <= MOST,
        "{} crates, at most {MOST}: is the new one worth every newcomer's time?\n{crates:#?}",
        crates.len()
    );
}

/// What is for tests alone is resolved with the rest, each time that `cargo xtask` runs.
#[test]
fn little_more_is_locked_than_is_built() {
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");
    let lock = std::fs::read_to_string(lock).unwrap();
    let locked = lock.lines().filter(|line| *line == "[[package]]").count();
    assert!(locked > 20, "{lock}");
    assert!(
        locked <= MOST + FOR_TESTS,
        "{locked} packages are locked, at most {}: what is for tests can be a package of its own, as xtask/oracle is",
        MOST + FOR_TESTS
    );
}
