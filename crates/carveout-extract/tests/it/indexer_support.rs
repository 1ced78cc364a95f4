//! Small workspaces, and a rust-analyzer that does what a test needs.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use protobuf::Message;
use scip::types::{Document, Index, Metadata, Occurrence, ToolInfo};
use tempfile::TempDir;

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    folder
}

pub(crate) fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

pub(crate) const MANIFEST: &str = "[package]\nname = \"shop\"\nversion = \"1.2.3\"\nedition = \"2021\"\n\n[features]\ngifts = []\n";

/// The package `shop` with one function, and a rust-analyzer in `bin` whose `scip` is `script`. The
/// script finds an index of it in `$INDEX`, and has to put one at `$OUT`.
pub(crate) struct Shop {
    pub(crate) folder: TempDir,
}

impl Shop {
    pub(crate) fn new(script: &str) -> Self {
        let folder = folder(&[
            ("Cargo.toml", MANIFEST),
            ("src/lib.rs", "pub fn sell() {}\n"),
        ]);
        let shop = Self { folder };
        fs::write(shop.path("index.scip"), index()).unwrap();
        shop.fake("echo 'rust-analyzer 9.9.9 (fake)'", script);
        shop
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// `version` answers `--version`, `scip` the rest.
    pub(crate) fn fake(&self, version: &str, scip: &str) {
        let root = self.folder.path().display();
        write(
            self.folder.path(),
            "bin/fake",
            &format!(
                "#!/bin/sh\nif [ \"$1\" = --version ]; then\n{version}\nexit\nfi\nROOT={root}\nINDEX=$ROOT/index.scip\nOUT=$4\nCONFIG=$6\n\
                 echo ran >>$ROOT/runs\n{scip}\n"
            ),
        );
        fs::set_permissions(self.path("bin/fake"), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_carveout-extract"));
        command.args(["boundary", "index"]);
        if !arguments.contains(&"--workspace") {
            command.arg("--workspace").arg(self.folder.path());
        }
        command
            .arg("--rust-analyzer")
            .arg(self.path("bin/fake"))
            .args(arguments)
            .env_remove("CARGO_TARGET_DIR")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// How often `scip` was run.
    pub(crate) fn runs(&self) -> usize {
        fs::read_to_string(self.path("runs")).map_or(0, |runs| runs.lines().count())
    }

    /// The names of what the cache has, the lock aside.
    pub(crate) fn cached(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path("target/carveout/index"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "lock")
            .collect();
        names.sort();
        names
    }
}

/// An index of `pub fn sell() {}`.
fn index() -> Vec<u8> {
    let define = |symbol: &str, range: &[i32]| Occurrence {
        range: range.to_vec(),
        symbol: format!("rust-analyzer cargo shop 1.2.3 {symbol}"),
        symbol_roles: 1,
        enclosing_range: range.to_vec(),
        ..Occurrence::default()
    };
    let document = Document {
        language: "rust".to_owned(),
        relative_path: "src/lib.rs".to_owned(),
        occurrences: vec![
            define("crate/", &[0, 0, 1, 0]),
            define("sell().", &[0, 7, 11]),
        ],
        ..Document::default()
    };
    let tool = ToolInfo {
        name: "rust-analyzer".to_owned(),
        version: "9.9.9 (fake)".to_owned(),
        ..ToolInfo::default()
    };
    let index = Index {
        metadata: Some(Metadata {
            tool_info: Some(tool).into(),
            ..Metadata::default()
        })
        .into(),
        documents: vec![document],
        ..Index::default()
    };
    index.write_to_bytes().unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Whether the real one is there. CI has to have it.
pub(crate) fn has_rust_analyzer() -> bool {
    let answer = Command::new("rust-analyzer").arg("--version").output();
    let works = answer.is_ok_and(|answer| answer.status.success());
    if !works {
        let required = std::env::var_os("CARVEOUT_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(
            !required,
            "rust-analyzer is not installed (.ci/install-tools)"
        );
        eprintln!("skipped: rust-analyzer is not installed (.ci/install-tools)");
    }
    works
}
