//! Published applications, which nobody here wrote: they index whole, and the counts of a module's
//! boundary are those of the index itself, counted another way.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use carveout_extract::boundary;
use carveout_extract::model::Model;
use carveout_extract::reader::read_scip;
use protobuf::Message;
use scip::types::Index;

use crate::support::{copy_all, inbound, module, outbound};

#[test]
fn hexyl_is_read_whole() {
    read("hexyl", "0.16.0", &["colors", "input"]);
}

#[test]
fn pastel_is_read_whole() {
    read(
        "pastel",
        "0.10.0",
        &["parser", "delta_e", "distinct", "named"],
    );
}

#[test]
fn hyperfine_is_read_whole() {
    read(
        "hyperfine",
        "1.19.0",
        &["benchmark", "command", "export", "util"],
    );
}

/// Indexes the application `name` of the registry, and counts the boundaries of these modules.
fn read(name: &str, version: &str, modules: &[&str]) {
    if let Some(why) = missing() {
        println!("skipped: {why}");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = fetched(name, version, folder.path());
    let path = folder.path().join("index.scip");
    run(Command::new("rust-analyzer")
        .args(["scip", "."])
        .arg("--output")
        .arg(&path)
        .env("CARGO_TARGET_DIR", folder.path().join("target"))
        .current_dir(&root));
    let model = read_scip(&path, &root).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(model.origin.resolved_percent >= 90.0, "{:?}", model.origin);
    let bytes = std::fs::read(&path).expect("the index");
    let index = Index::parse_from_bytes(&bytes).expect("an index");
    for wanted in modules {
        check(
            &model,
            &index,
            &format!("rust-analyzer cargo {name} {version} "),
            name,
            wanted,
        );
    }
}

/// Counts by the beginning of symbols and of paths, and by nothing else.
fn check(model: &Model, index: &Index, package: &str, name: &str, wanted: &str) {
    let prefix = format!("{package}{wanted}/");
    let (mut into, mut out) = (0, 0);
    for document in &index.documents {
        let path = &document.relative_path;
        let inside =
            path.starts_with(&format!("src/{wanted}/")) || *path == format!("src/{wanted}.rs");
        let mut seen = HashSet::new();
        for one in &document.occurrences {
            if one.symbol_roles & 1 != 0 {
                continue;
            }
            if !seen.insert((&one.range, &one.symbol)) {
                continue;
            }
            let to_it = one.symbol.starts_with(&prefix);
            into += usize::from(!inside && to_it);
            out += usize::from(inside && !to_it && one.symbol.starts_with(package));
        }
    }
    let path = format!("{name}::{wanted}");
    let found = inbound(model, &path);
    assert!(into > 0, "nobody names {path}");
    assert_eq!(found.len(), into, "into {path}: {found:#?}");
    let found = outbound(model, &path);
    assert_eq!(found.len(), out, "out of {path}: {found:#?}");
    let report = boundary::report(model, &[module(model, &path)]);
    let report = report.unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(!report.inbound.is_empty(), "{path}");
}

/// Why this cannot be tested here, where tools may be missing.
fn missing() -> Option<String> {
    let found = Command::new("rust-analyzer").arg("--version").output();
    if found.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let why = "rust-analyzer is not installed: `rustup component add rust-analyzer rust-src`";
    let required = std::env::var_os("CARVEOUT_REQUIRE_TOOLS").is_some_and(|value| value == "1");
    assert!(!required, "{why}");
    Some(why.to_owned())
}

/// The source of the package as it was published, with the dependencies that it was published with.
fn fetched(name: &str, version: &str, folder: &Path) -> PathBuf {
    let wants = folder.join("wants");
    std::fs::create_dir_all(wants.join("src")).expect("a folder");
    std::fs::write(wants.join("src/lib.rs"), "").expect("a write");
    let manifest = format!(
        "[package]\nname = \"wants\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\n{name} = \"={version}\"\n"
    );
    std::fs::write(wants.join("Cargo.toml"), manifest).expect("a write");
    // Cargo does not list a package that is a program alone, but it does fetch it.
    run(Command::new("cargo").arg("fetch").current_dir(&wants));
    let home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".cargo"),
        PathBuf::from,
    );
    let sources = std::fs::read_dir(home.join("registry/src")).expect("the registry's sources");
    let source = sources
        .flatten()
        .map(|registry| registry.path().join(format!("{name}-{version}")))
        .find(|source| source.is_dir())
        .expect("the source of the package");
    let root = folder.join(name);
    std::fs::create_dir(&root).expect("a folder");
    copy_all(&source, &root);
    let manifest = root.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    if !text.contains("[workspace]") {
        std::fs::write(&manifest, format!("{text}\n[workspace]\n")).expect("a write");
    }
    run(Command::new("cargo")
        .args(["fetch", "--locked"])
        .current_dir(&root));
    root
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    output.stdout
}
