//! What cargo-generate makes of a template.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scratch::{Ran, cargo, repository};

/// Renders `template`, a folder of the repository, as the service `name` into a new folder of
/// `place`, which it gives.
pub(crate) fn generated(
    template: &str,
    name: &str,
    answers: &[(String, String)],
    place: &Path,
) -> PathBuf {
    let destination = place.join("generated");
    let _ = fs::remove_dir_all(&destination);
    fs::create_dir_all(&destination).unwrap();
    let define = answers.iter().map(|(key, value)| format!("{key}={value}"));
    let output = cargo()
        .args(["run", "--quiet", "--locked", "--manifest-path"])
        .arg(repository().join("xtask/oracle/Cargo.toml"))
        .arg("--")
        .arg(repository().join(template))
        .arg(name)
        .arg(&destination)
        .args(define)
        // cargo-generate wants to know who is there.
        .env("USER", "somebody")
        .output();
    let ran = Ran::from(output.unwrap());
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    destination.join(name)
}

/// Everything but the features, for a service that is a member of a workspace.
pub(crate) fn answers(source: &str, location: &str) -> Vec<(String, String)> {
    let mut pairs = vec![
        ("org", "shop"),
        ("owner", "web"),
        ("kit_source", source),
        ("kit_location", location),
        ("grpc_port", "23456"),
        ("workspace_root", "false"),
    ];
    if source == "git" {
        pairs.push(("kit_revision", "v1"));
    }
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    pairs.into_iter().map(owned).collect()
}
