//! rustfmt has nothing to do in a stamped service, whatever the length of its name.

use std::path::PathBuf;
use std::process::Command;

use crate::scratch::Scratch;

#[test]
fn stamped_code_is_formatted_whatever_the_name() {
    let scratch = Scratch::repository();
    for name in [
        "a",
        "orders",
        "warehouse-stock-lev",
        "a-name-of-exactly-forty-characters-long1",
    ] {
        scratch.ok(&["new-service", name, "--no-input"]);
        let files: Vec<PathBuf> = scratch
            .tree()
            .into_keys()
            .filter(|file| file.starts_with(&format!("services/{name}/")) && file.ends_with(".rs"))
            .map(|file| scratch.root.join(file))
            .collect();
        assert!(files.len() >= 8, "{files:?}");
        let rustfmt = Command::new("rustfmt")
            .args(["--check", "--edition", "2024"])
            .args(&files)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&rustfmt.stdout);
        let error = String::from_utf8_lossy(&rustfmt.stderr);
        assert!(rustfmt.status.success(), "{name}: {said}{error}");
        scratch.ok(&["remove-service", name]);
    }
}
