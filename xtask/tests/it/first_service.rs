//! docs/first-service.md, done as it says.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::outside::kept;
use crate::scratch::{Ran, Scratch, cargo, repository};

/// A fenced block: its language, and its lines.
fn blocks(markdown: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in markdown.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn apply(scratch: &Scratch, diff: &str) {
    let patch = scratch.beside("step.diff");
    fs::write(&patch, diff).unwrap();
    let mut git = Command::new("git");
    git.args(["apply", "--whitespace=nowarn"])
        .arg(&patch)
        .current_dir(&scratch.root);
    let ran = Ran::from(git.output().unwrap());
    assert_eq!(ran.code, Some(0), "{}{diff}", ran.err);
}

/// Runs a command of the guide, with what is downloaded already; answers what it printed.
fn run(scratch: &Scratch, command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        ["cargo", "xtask", args @ ..] => scratch.ok(args),
        ["cargo", "test", args @ ..] => {
            let mut test = cargo();
            test.args(["test", "--offline", "--target-dir", &kept("first-service")])
                .args(args)
                .current_dir(&scratch.root);
            let ran = Ran::from(test.output().unwrap());
            assert_eq!(ran.code, Some(0), "{command}: {}{}", ran.out, ran.err);
            ran.out
        }
        _ => panic!("the guide runs {command:?}, which this test cannot"),
    }
}

#[test]
fn what_the_guide_says_can_be_done_and_passes_its_tests() {
    let guide = fs::read_to_string(repository().join("docs/first-service.md")).unwrap();
    let scratch = Scratch::repository();
    let (mut written, mut passed) = (BTreeSet::new(), String::new());
    for (language, text) in blocks(&guide) {
        match language.as_str() {
            "diff" => {
                apply(&scratch, &text);
                let added = text
                    .lines()
                    .filter_map(|line| line.strip_prefix("+async fn "));
                let names = added.filter_map(|line| line.strip_suffix("() {"));
                written.extend(names.map(str::to_owned));
            }
            "console" => {
                for line in text.lines() {
                    let command = line.strip_prefix("$ ");
                    passed = run(&scratch, command.unwrap_or_else(|| panic!("{line:?}")));
                }
            }
            other => panic!("a block of {other:?} is neither a diff nor commands"),
        }
    }
    assert_eq!(written.len(), 3, "a test for each step: {written:?}");
    for name in written {
        let line = format!("test {name} ... ok");
        assert!(passed.contains(&line), "{line:?} is not in\n{passed}");
    }
}
