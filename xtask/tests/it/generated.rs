//! cargo-generate itself, as its users have it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_generate::{GenerateArgs, TemplatePath, Vcs, generate};

use crate::scratch::repository;

/// cargo-generate wants to know who is there, which a test may not tell its own process. So `test`
/// runs in a process that knows; true means that it did, there.
pub(crate) fn ran_as_somebody(test: &str) -> bool {
    if std::env::var_os("USER").is_some() {
        return false;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", test]).env("USER", "somebody");
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{test} is no test: {said}");
    true
}

/// Renders `template`, a folder of the repository, as the service `name` into a new folder of
/// `place`, which it gives.
pub(crate) fn generated(
    template: &str,
    name: &str,
    answers: &[(String, String)],
    place: &Path,
) -> PathBuf {
    let (destination, config) = (place.join("generated"), place.join("config.toml"));
    let _ = fs::remove_dir_all(&destination);
    fs::create_dir_all(&destination).unwrap();
    // Instead of whatever the person who runs this test has.
    fs::write(&config, "").unwrap();
    let template = repository().join(template);
    let args = GenerateArgs {
        template_path: TemplatePath {
            path: Some(template.display().to_string()),
            ..TemplatePath::default()
        },
        name: Some(name.to_owned()),
        destination: Some(destination.clone()),
        define: answers
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect(),
        config: Some(config),
        silent: true,
        no_workspace: true,
        vcs: Some(Vcs::None),
        ..GenerateArgs::default()
    };
    generate(args).unwrap();
    destination.join(name)
}

/// Everything but the features.
pub(crate) fn answers(source: &str, location: &str) -> Vec<(String, String)> {
    let pairs = [
        ("org", "shop"),
        ("owner", "web"),
        ("kit_source", source),
        ("kit_location", location),
        ("grpc_port", "23456"),
    ];
    pairs
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}
