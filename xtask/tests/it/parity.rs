//! The same answers give the same files through cargo-generate itself.

use std::collections::BTreeMap;
use std::fs;

use cargo_generate::{GenerateArgs, TemplatePath, Vcs, generate};

use crate::scratch::{Scratch, differences, repository, tree};

const NAME: &str = "order-history";
const FEATURES: [&str; 2] = ["alerts", "github_ci"];

/// Everything but the features; the port is the one that both are told.
fn answers(source: &str, location: &str) -> Vec<(String, String)> {
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

fn by_cargo_generate(
    template: &str,
    answers: &[(String, String)],
    scratch: &Scratch,
) -> BTreeMap<String, Vec<u8>> {
    let (destination, config) = (scratch.beside("generated"), scratch.beside("config.toml"));
    let _ = fs::remove_dir_all(&destination);
    fs::create_dir_all(&destination).unwrap();
    // Instead of whatever the person who runs this test has.
    fs::write(&config, "").unwrap();
    let args = GenerateArgs {
        template_path: TemplatePath {
            path: Some(
                repository()
                    .join("templates")
                    .join(template)
                    .display()
                    .to_string(),
            ),
            ..TemplatePath::default()
        },
        name: Some(NAME.to_owned()),
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
    tree(&destination.join(NAME))
}

fn by_xtask(
    template: &str,
    answers: &[(String, String)],
    scratch: &Scratch,
) -> BTreeMap<String, Vec<u8>> {
    let file = scratch.beside("answers.toml");
    let line = |(key, value): &(String, String)| match value.as_str() {
        "true" | "false" => format!("{key} = {value}\n"),
        _ => format!("{key} = {value:?}\n"),
    };
    fs::write(&file, answers.iter().map(line).collect::<String>()).unwrap();
    let file = file.to_str().unwrap();
    let args = [
        "new-service",
        NAME,
        "--no-input",
        "--template",
        template,
        "--answers",
        file,
    ];
    let stamped = scratch.ok(&[&args[..], &["--format", "json", "--dry-run"]].concat());
    assert!(
        stamped.contains("services/order-history/Cargo.toml"),
        "{stamped}"
    );
    // The diff of a new file is the file.
    let diff = scratch.ok(&[&args[..], &["--diff"]].concat());
    let mut files = BTreeMap::new();
    for part in diff.split("--- /dev/null\n+++ ").skip(1) {
        let (path, rest) = part.split_once('\n').unwrap();
        let lines = rest
            .split_inclusive('\n')
            .skip(1)
            .take_while(|line| line.starts_with('+'));
        let text: String = lines.map(|line| &line[1..]).collect();
        // The one difference that is meant: the contract goes to the workspace's own proto/.
        let path = path.strip_prefix("services/order-history/").unwrap_or(path);
        files.insert(path.to_owned(), text.into_bytes());
    }
    files
}

#[test]
fn cargo_generate_renders_every_template_feature_and_source_alike() {
    // It wants to know who is there, which a test may not tell its own process.
    if std::env::var_os("USER").is_none() {
        let this = "parity::cargo_generate_renders_every_template_feature_and_source_alike";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", this])
            .env("USER", "somebody")
            .output()
            .unwrap();
        assert!(
            child.status.success(),
            "{}",
            String::from_utf8_lossy(&child.stdout)
        );
        return;
    }
    let scratch = Scratch::repository();
    let templates = scratch.ok(&["list-templates", "--format", "json"]);
    let templates: serde_json::Value = serde_json::from_str(&templates).unwrap();
    let mut compared = 0;
    for template in templates.as_array().unwrap() {
        let name = template["name"].as_str().unwrap();
        assert_eq!(
            template["features"],
            serde_json::json!(FEATURES),
            "try the new feature too"
        );
        for chosen in 0..1 << FEATURES.len() {
            for (source, location) in [
                ("workspace", ""),
                ("git", "https://example.com/kit.git"),
                ("path", "/opt/kit"),
                ("registry", ""),
            ] {
                let mut answers = answers(source, location);
                for (bit, feature) in FEATURES.iter().enumerate() {
                    let on = chosen & 1 << bit != 0;
                    answers.push(((*feature).to_owned(), on.to_string()));
                }
                let theirs = by_cargo_generate(name, &answers, &scratch);
                let ours = by_xtask(name, &answers, &scratch);
                assert!(ours.len() > 20, "{:?}", ours.keys());
                assert_eq!(
                    differences(&theirs, &ours),
                    Vec::<String>::new(),
                    "{answers:?}"
                );
                compared += 1;
            }
        }
    }
    assert!(compared >= 16);
}
