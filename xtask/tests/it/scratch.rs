//! Workspaces to try things in: copies, because nothing here may touch the repository itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

pub(crate) fn repository() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap().to_owned()
}

pub(crate) fn xtask(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(args).current_dir(folder);
    command
}

/// What a run of a program came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A workspace in a place of its own.
pub(crate) struct Scratch {
    dir: TempDir,
    pub(crate) root: PathBuf,
}

impl Scratch {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("work");
        fs::create_dir(&root).unwrap();
        Self { dir, root }
    }

    /// This repository, without what cargo has built and without xtask.
    pub(crate) fn repository() -> Self {
        let scratch = Self::empty();
        for part in ["crates", "proto", "services", "templates"] {
            copy(&repository().join(part), &scratch.root.join(part));
        }
        for file in ["Cargo.toml", "Cargo.lock"] {
            fs::copy(repository().join(file), scratch.root.join(file)).unwrap();
        }
        scratch
    }

    /// Somebody else's workspace, which lists its members by hand.
    pub(crate) fn foreign(manifest: &str) -> Self {
        let scratch = Self::empty();
        scratch.write("Cargo.toml", manifest);
        let package = "[package]\nname = \"shop\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
        scratch.write("monolith/Cargo.toml", package);
        scratch.write("monolith/src/lib.rs", "");
        scratch
    }

    /// Beside the workspace, for what must not be in it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.root.join(file)).unwrap()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        xtask(&self.root, args).output().unwrap().into()
    }

    /// Runs what has to succeed.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {}{}", ran.out, ran.err);
        ran.out
    }

    pub(crate) fn cargo(&self, args: &[&str]) -> Ran {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(args)
            .current_dir(&self.root)
            .output();
        output.unwrap().into()
    }

    /// Whether cargo takes the workspace as it is, lock file included.
    pub(crate) fn assert_locked(&self) {
        let ran = self.cargo(&["metadata", "--locked", "--offline", "--format-version", "1"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }

    /// Every file with its content.
    pub(crate) fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        tree(&self.root)
    }
}

pub(crate) fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                files.insert(name.to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// The names in which two trees differ, for a message that can be read.
pub(crate) fn differences(
    one: &BTreeMap<String, Vec<u8>>,
    other: &BTreeMap<String, Vec<u8>>,
) -> Vec<String> {
    let names = one.keys().chain(other.keys());
    let mut different: Vec<String> = names
        .filter(|name| one.get(*name) != other.get(*name))
        .cloned()
        .collect();
    different.sort();
    different.dedup();
    different
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}
