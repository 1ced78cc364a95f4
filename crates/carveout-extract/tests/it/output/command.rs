//! `boundary report` as it is run.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn report(args: &[&str]) -> Command {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/shop");
    let mut command = Command::new(env!("CARGO_BIN_EXE_carveout-extract"));
    command
        .args(["boundary", "report", "--index"])
        .arg(shop.join("index.scip"))
        .arg("--workspace")
        .arg(shop)
        .args(args)
        .env_remove("COLUMNS")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
    command
}

fn ran(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    output
}

fn printed(command: &mut Command) -> String {
    String::from_utf8(ran(command).stdout).unwrap()
}

fn refused(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{command:?}");
    assert_eq!(output.stdout, b"");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn text_is_what_is_printed_by_default() {
    let text = printed(&mut report(&["orders"]));
    assert!(text.starts_with("The boundary of shop::orders\n"), "{text}");
    assert!(!text.contains('\u{1b}'), "a pipe gets no colour");
    assert_eq!(text, printed(&mut report(&["orders", "--format", "text"])));
}

#[test]
fn each_format_tells_of_the_same_boundary() {
    let json = printed(&mut report(&["orders", "--format", "json"]));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "carveout.boundary.report/1");
    let page = printed(&mut report(&["orders", "--format", "html"]));
    let (_, data) = page.split_once(r#"id="data">"#).unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let embedded: Value = serde_json::from_str(data).unwrap();
    assert_eq!(embedded, json);
    let inbound = json["summary"]["inbound"].as_u64().unwrap();
    let text = printed(&mut report(&["orders"]));
    assert!(text.contains(&format!("{inbound} places use it")), "{text}");
}

#[test]
fn the_width_is_what_columns_says() {
    let text = printed(report(&["orders"]).env("COLUMNS", "40"));
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!((30..=40).contains(&widest.unwrap()), "{text}");
    // Nothing is cut for a pipe: what reads it may look for a path.
    assert!(!printed(&mut report(&["orders", "--all"])).contains('…'));
}

#[test]
fn colour_is_asked_for_or_left() {
    let colored = |args: &[&str], no_color: &str| {
        printed(report(args).env("NO_COLOR", no_color)).contains('\u{1b}')
    };
    assert!(colored(&["orders", "--color", "always"], ""));
    assert!(colored(&["orders", "--color", "always"], "1"));
    assert!(!colored(&["orders", "--color", "never"], ""));
}

#[test]
fn a_file_is_there_whole() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("report.html");
    fs::write(&file, "what was there").unwrap();
    let args = [
        "orders",
        "--format",
        "html",
        "--output",
        file.to_str().unwrap(),
    ];
    let output = ran(&mut report(&args));
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("report.html"), "{said}");
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.ends_with("</html>\n"));
    let names: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names, ["report.html"], "nothing is left beside it");
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("missing");
    let file = folder.join("report.txt");
    for bad in [file.as_path(), dir.path()] {
        let output = report(&["orders", "--output", bad.to_str().unwrap()])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains(&format!("cannot write {}", bad.display())),
            "{said}"
        );
    }
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}

#[test]
fn who_stops_reading_breaks_nothing() {
    let mut child = report(&["orders", "--format", "html"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert_eq!(said, "");
}

#[test]
fn a_link_that_leads_nowhere_is_refused() {
    let html = ["orders", "--format", "html", "--link-prefix"];
    let said = refused(report(&html).arg("javascript://%0aalert(1)"));
    assert!(said.contains("it is no URL"), "{said}");
    let said = refused(&mut report(&[
        "orders",
        "--link-prefix",
        "https://example.com",
    ]));
    assert!(said.contains("--format html"), "{said}");
}
