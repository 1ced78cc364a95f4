//! Holds ARCHITECTURE.md's tables and invariants against what cargo says the workspace is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const LEAVES: [&str; 6] = [
    "build",
    "config",
    "extract",
    "health",
    "metrics",
    "telemetry",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

/// One package of a workspace.
struct Package {
    name: String,
    folder: PathBuf,
    manifest: String,
    /// Name, whether it is for tests alone, and features.
    dependencies: Vec<(String, bool, Vec<String>)>,
}

impl Package {
    fn all(manifest: &str) -> Vec<Package> {
        let args = [
            "metadata",
            "--no-deps",
            "--offline",
            "--locked",
            "--format-version",
            "1",
        ];
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(args)
            .args(["--manifest-path", manifest])
            .current_dir(root())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
        let packages = metadata["packages"].as_array().unwrap();
        packages.iter().map(Package::read).collect()
    }

    fn read(package: &Value) -> Package {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let path = PathBuf::from(text(&package["manifest_path"]));
        let dependency = |value: &Value| {
            let features = value["features"].as_array().unwrap().iter().map(text);
            (
                text(&value["name"]),
                value["kind"] == "dev",
                features.collect(),
            )
        };
        Package {
            name: text(&package["name"]),
            folder: path
                .parent()
                .unwrap()
                .strip_prefix(root())
                .unwrap()
                .to_owned(),
            manifest: fs::read_to_string(&path).unwrap(),
            dependencies: package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .map(dependency)
                .collect(),
        }
    }

    /// The packages of this project. A clone may have more services and crates, which these rules do
    /// not bind.
    fn of_the_project() -> Vec<Package> {
        let mut packages = Package::all("Cargo.toml");
        packages
            .retain(|package| package.is_kit() || package.folder.starts_with("services/greeter"));
        packages
    }

    fn is_kit(&self) -> bool {
        let is_carveout = self.name == "carveout" || self.name.starts_with("carveout-");
        self.folder.starts_with("crates") && is_carveout
    }

    fn is_api(&self) -> bool {
        self.folder.starts_with("services") && self.folder.ends_with("api")
    }

    fn normal(&self) -> impl Iterator<Item = &(String, bool, Vec<String>)> {
        self.dependencies.iter().filter(|(_, dev, _)| !dev)
    }

    fn uses_kit(&self) -> Vec<&str> {
        self.normal()
            .map(|(name, _, _)| name.as_str())
            .filter(|name| *name == "carveout" || name.starts_with("carveout-"))
            .collect()
    }
}

/// The rows of every table of ARCHITECTURE.md whose head begins with `| head |`: name and text.
fn rows(head: &str, nth: usize) -> BTreeMap<String, String> {
    let document = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let begin = format!("| {head} |");
    let table = document
        .split(&begin)
        .nth(nth + 1)
        .unwrap_or_else(|| panic!("no table {begin}"));
    let lines = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    lines
        .map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let name = cells.next().unwrap().trim_matches('`').to_owned();
            (name, cells.next().unwrap().to_owned())
        })
        .collect()
}

fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    names.into_iter().cloned().collect()
}

#[test]
fn the_map_lists_every_crate_and_no_other() {
    let packages = Package::of_the_project();
    let crates = packages
        .iter()
        .filter(|package| package.is_kit())
        .map(|package| &package.name);
    let table = rows("crate", 0);
    assert_eq!(names(crates), names(table.keys()));
    assert!(table.values().all(|what| what.len() > 10), "{table:?}");
}

#[test]
fn every_dependency_has_its_reason() {
    let foreign = |packages: Vec<Package>| -> BTreeSet<String> {
        let own = names(packages.iter().map(|package| &package.name));
        let all = packages
            .iter()
            .flat_map(|package| &package.dependencies)
            .map(|(name, _, _)| name);
        names(all).difference(&own).cloned().collect()
    };
    let kit = foreign(Package::of_the_project());
    let xtask = &foreign(Package::all("xtask/Cargo.toml"))
        | &foreign(Package::all("xtask/oracle/Cargo.toml"));
    for (nth, dependencies) in [kit, xtask].into_iter().enumerate() {
        let table = rows("dependency", nth);
        assert_eq!(dependencies, names(table.keys()));
        assert!(table.values().all(|reason| reason.len() > 3), "{table:?}");
    }
}

#[test]
fn leaves_depend_on_no_crate_of_the_kit() {
    let packages = Package::of_the_project();
    for leaf in LEAVES.map(|leaf| format!("carveout-{leaf}")) {
        let package = packages.iter().find(|package| package.name == leaf);
        let package = package.unwrap_or_else(|| panic!("{leaf} is not there"));
        assert_eq!(package.uses_kit(), Vec::<&str>::new(), "{leaf}");
    }
}

#[test]
fn only_carveout_grpc_names_tonics_transport() {
    for package in Package::of_the_project() {
        for (name, _, features) in &package.dependencies {
            let transport =
                |feature: &String| !matches!(feature.as_str(), "codegen" | "gzip" | "zstd");
            let has = name == "tonic" && features.iter().any(transport);
            assert!(
                !has || package.name == "carveout-grpc",
                "{}: {features:?}",
                package.name
            );
        }
        let mut naming = Vec::new();
        visit(
            &root().join(&package.folder).join("src"),
            &mut |path, text| {
                if text.contains("tonic::transport") {
                    naming.push(path.file_name().unwrap().to_string_lossy().into_owned());
                }
            },
        );
        let allowed: &[&str] = if package.name == "carveout-grpc" {
            &["channel.rs"]
        } else {
            &[]
        };
        assert_eq!(naming, allowed, "{}", package.name);
    }
}

#[test]
fn services_know_the_facade_and_contracts_alone() {
    let packages = Package::of_the_project();
    let services: Vec<&Package> = packages
        .iter()
        .filter(|package| package.folder.starts_with("services"))
        .collect();
    assert!(services.iter().any(|package| package.name == "greeter"));
    for package in &services {
        let allowed: &[&str] = if package.is_api() {
            &["carveout-build"]
        } else {
            &["carveout"]
        };
        assert_eq!(package.uses_kit(), allowed, "{}", package.name);
        for (name, _, _) in package.normal() {
            let other = services.iter().find(|other| other.name == *name);
            assert!(
                other.is_none_or(|other| other.is_api()),
                "{} uses {name}",
                package.name
            );
        }
    }
}

#[test]
fn xtask_and_what_judges_it_stand_alone() {
    let kit = Package::of_the_project();
    for (name, manifest) in [
        ("xtask", "xtask/Cargo.toml"),
        ("oracle", "xtask/oracle/Cargo.toml"),
    ] {
        let [package] = &Package::all(manifest)[..] else {
            panic!("{name} is one package");
        };
        assert_eq!(package.name, name);
        assert_eq!(package.uses_kit(), Vec::<&str>::new());
        assert!(kit.iter().all(|package| package.name != name));
    }
}

#[test]
fn crates_take_the_workspaces_lints_and_have_names_that_say_something() {
    for package in Package::of_the_project() {
        assert!(
            package.manifest.contains("[lints]\nworkspace = true"),
            "{}",
            package.name
        );
        let vague = ["util", "utils", "common", "core", "helpers", "misc"];
        let last = package.name.rsplit('-').next().unwrap_or_default();
        assert!(!vague.contains(&last), "{}", package.name);
    }
}

fn visit(folder: &Path, look: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            visit(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}
