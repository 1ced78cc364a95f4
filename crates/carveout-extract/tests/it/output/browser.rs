//! The page in a real browser, opened as a file. `tests/browser/page.js` plays it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use carveout_extract::output::html::{self, LinkPrefix};

use super::sample;

/// Node with playwright-core in its path, and the browser.
fn tools() -> Option<(Command, PathBuf)> {
    let dirs = ["CARVEOUT_NODE_MODULES", "NODE_PATH"].map(std::env::var_os);
    let mut dirs = dirs.iter().flatten().flat_map(std::env::split_paths);
    let modules = dirs.find(|dir| dir.join("playwright-core").is_dir());
    let modules = found("playwright-core for Node", modules)?;
    let mut node = Command::new(found("node", on_path("node"))?);
    node.env("NODE_PATH", modules).stdin(Stdio::null());
    Some((node, found("chromium", on_path("chromium"))?))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut programs = std::env::split_paths(&path).map(|dir| dir.join(name));
    programs.find(|program| program.is_file())
}

fn found<T>(tool: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let required = std::env::var_os("CARVEOUT_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "{tool} is not installed (.ci/install-tools)");
        eprintln!("skipped: {tool} is not installed (.ci/install-tools)");
    }
    found
}

/// What stands in the page's data.
fn data(page: &str) -> &str {
    let (_, data) = page.split_once(r#"id="data">"#).unwrap();
    data.split_once("</script>").unwrap().0
}

#[test]
fn no_name_ends_the_data_that_it_is_in() {
    let report = sample::hostile();
    let page = html::report(&report, None);
    let data = data(&page);
    let dangerous = ['<', '>', '&', '\u{2028}', '\u{2029}'];
    assert!(!data.contains(dangerous), "{data}");
    let embedded: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(embedded, serde_json::to_value(&report).unwrap());
    assert!(
        report.workspace.contains(dangerous),
        "the sample is hostile"
    );
}

#[test]
fn the_page_is_played() {
    let Some((mut node, chromium)) = tools() else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let links = LinkPrefix::parse("https://example.com/blob/main").unwrap();
    for (name, report, links) in [
        ("sample", sample::sample(), None),
        ("linked", sample::sample(), Some(&links)),
        ("hostile", sample::hostile(), None),
        ("big", sample::big(), None),
    ] {
        let page = html::report(&report, links);
        fs::write(dir.path().join(format!("{name}.html")), page).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/page.js");
    let args: [OsString; 3] = [script.into(), chromium.into(), dir.path().into()];
    // The script ends by itself: each thing that it waits for has a time-out.
    let played = node.args(args).output().unwrap();
    let printed = String::from_utf8_lossy(&played.stdout);
    let complained = String::from_utf8_lossy(&played.stderr);
    print!("{printed}");
    assert!(played.status.success(), "{printed}\n{complained}");
    assert!(printed.ends_with("all played\n"), "{printed}\n{complained}");
}
