//! Workspaces to try things in: copies, because nothing here may touch the repository itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::tree::{Tree, copy};

pub(crate) fn repository() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap().to_owned()
}

pub(crate) fn xtask(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    // No test asks a registry: what is not downloaded is not there.
    command
        .args(args)
        .current_dir(folder)
        .env("CARGO_NET_OFFLINE", "true");
    command
}

pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
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

    /// This repository as it is published, without build output and without xtask. Services, crates and
    /// answers that a clone has added are left out.
    pub(crate) fn repository() -> Self {
        let scratch = Self::empty();
        scratch.copy_of_project(&repository());
        scratch
    }

    /// Copies what is part of the project from a clone of it.
    pub(crate) fn copy_of_project(&self, clone: &Path) {
        let copy = |part: &str| copy(&clone.join(part), &self.root.join(part));
        for part in ["proto/acme/greeter", "proto/carveout", "proto/grpc"] {
            copy(part);
        }
        copy("services/greeter");
        copy("templates/service");
        copy("xtask/launcher");
        let mut has_more = fs::read_dir(clone.join("services")).unwrap().count() > 1;
        for entry in fs::read_dir(clone.join("crates")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            match name == "carveout" || name.starts_with("carveout-") {
                true => copy(&format!("crates/{name}")),
                false => has_more = true,
            }
        }
        let manifest = fs::read_to_string(clone.join("Cargo.toml")).unwrap();
        let (head, rest) = manifest
            .split_once("[workspace.metadata.carveout]\n")
            .unwrap();
        let (_, rest) = rest.split_once("\n[").unwrap();
        let answers = "[workspace.metadata.carveout]\norg = \"acme\"\nowner = \"platform\"\n";
        self.write("Cargo.toml", &format!("{head}{answers}\n[{rest}"));
        fs::copy(clone.join("Cargo.lock"), self.root.join("Cargo.lock")).unwrap();
        if has_more {
            // What they need is locked too.
            let relocked = self.cargo(&["metadata", "--offline", "--format-version", "1"]);
            assert_eq!(relocked.code, Some(0), "{}", relocked.err);
        }
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
        let mut command = cargo();
        command
            .args(args)
            .current_dir(&self.root)
            .output()
            .unwrap()
            .into()
    }

    /// The packages that cargo takes the workspace to have; it changes nothing.
    pub(crate) fn packages(&self) -> BTreeSet<String> {
        let ran = self.cargo(&[
            "metadata",
            "--no-deps",
            "--locked",
            "--offline",
            "--format-version",
            "1",
        ]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let metadata: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let packages = metadata["packages"].as_array().unwrap().iter();
        packages
            .map(|package| package["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Whether cargo takes the workspace as it is, lock file included.
    pub(crate) fn assert_locked(&self) {
        let ran = self.cargo(&["metadata", "--locked", "--offline", "--format-version", "1"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
    }

    pub(crate) fn tree(&self) -> Tree {
        Tree::of(&self.root)
    }
}
