//! The same answers give the same files through cargo-generate itself.

use std::collections::BTreeMap;
use std::fs;

use crate::generated::{answers, generated};
use crate::scratch::{Scratch, repository};
use crate::tree::Tree;

const NAME: &str = "order-history";

fn by_xtask(template: &str, answers: &[(String, String)], scratch: &Scratch) -> Tree {
    let file = scratch.beside("answers.toml");
    let line = |(key, value): &(String, String)| match value.as_str() {
        "true" | "false" => format!("{key} = {value}\n"),
        _ => format!("{key} = {value:?}\n"),
    };
    fs::write(&file, answers.iter().map(line).collect::<String>()).unwrap();
    let args = [
        "new-service",
        NAME,
        "--no-input",
        "--template",
        template,
        "--answers",
        file.to_str().unwrap(),
        "--diff",
    ];
    // The diff of a new file is the file.
    let diff = scratch.ok(&args);
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
    Tree(files)
}

/// No feature, each by itself, and all of them.
fn choices(features: &[String]) -> Vec<Vec<(String, String)>> {
    let choice = |chosen: &dyn Fn(usize) -> bool| {
        let features = features.iter().enumerate();
        let answer = |(at, feature): (usize, &String)| (feature.clone(), chosen(at).to_string());
        features.map(answer).collect()
    };
    let one = (0..features.len()).map(|one| choice(&|at| at == one));
    let (none, all) = (choice(&|_| false), choice(&|_| true));
    one.chain([none, all]).collect()
}

#[test]
fn cargo_generate_renders_every_template_feature_and_source_alike() {
    let scratch = Scratch::repository();
    let templates = scratch.ok(&["list-templates", "--format", "json"]);
    let templates: serde_json::Value = serde_json::from_str(&templates).unwrap();
    let mut trees = Vec::new();
    let kit = repository();
    for template in templates.as_array().unwrap() {
        let name = template["name"].as_str().unwrap();
        let features = serde_json::from_value::<Vec<String>>(template["features"].clone()).unwrap();
        assert!(features.len() >= 2, "{features:?}");
        for choice in choices(&features) {
            for (source, location) in [
                ("workspace", ""),
                ("git", "https://example.com/kit.git"),
                ("path", kit.to_str().unwrap()),
                ("registry", ""),
            ] {
                let answers = [answers(source, location), choice.clone()].concat();
                let folder = format!("templates/{name}");
                let theirs = generated(&folder, NAME, &answers, &scratch.beside(""));
                let ours = by_xtask(name, &answers, &scratch);
                assert!(ours.0.len() > 20, "{:?}", ours.0.keys());
                Tree::of(&theirs).assert_same(&ours, &format!("{answers:?}"));
                trees.push(ours);
            }
        }
    }
    assert!(trees.len() >= 16);
    // Each feature and each source makes a difference.
    let different = |one: usize| (0..one).all(|other| trees[one] != trees[other]);
    assert!((0..trees.len()).all(different), "two choices render alike");
}

/// What the diff shows is what a run writes.
#[test]
fn a_run_writes_what_the_diff_shows() {
    let scratch = Scratch::repository();
    let before = scratch.tree();
    let answers = answers("workspace", "");
    let shown = by_xtask("service", &answers, &scratch);
    before.assert_same(&scratch.tree(), "a diff");
    let file = scratch.beside("answers.toml");
    let args = ["new-service", NAME, "--answers", file.to_str().unwrap()];
    scratch.ok(&args);
    let service = |file: String| {
        file.strip_prefix("services/order-history/")
            .map(str::to_owned)
    };
    let written = scratch
        .tree()
        .0
        .into_iter()
        .filter(|(file, _)| !before.0.contains_key(file));
    let written = written.map(|(file, text)| (service(file.clone()).unwrap_or(file), text));
    shown.assert_same(&Tree(written.collect()), "written");
}
