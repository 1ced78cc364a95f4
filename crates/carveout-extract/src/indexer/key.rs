//! What an index depends on, as one short name.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Features, Workspace};
use crate::error::{Error, Result};

/// Names the state of the source, of the tool and of its settings.
///
/// The commit stands for what build scripts read (SQL, protocol files); the source that cargo and
/// rust-analyzer read is in it by content, so that an edited tree is another one.
pub(super) fn key(workspace: &Workspace, tool: &str, features: &Features) -> Result<String> {
    let commit = commit(&workspace.root);
    let mut hash = Fnv::default();
    hash.field(tool.as_bytes());
    hash.field(features.config().to_string().as_bytes());
    hash.field(commit.as_deref().unwrap_or_default().as_bytes());
    let mut files = Vec::new();
    walk(&workspace.root, &workspace.target_directory, &mut files)?;
    for member in &workspace.members {
        let folder = member
            .manifest_path
            .parent()
            .map(|folder| folder.as_std_path());
        if let Some(folder) = folder.filter(|folder| !folder.starts_with(&workspace.root)) {
            walk(folder, &workspace.target_directory, &mut files)?;
        }
    }
    files.sort();
    for file in &files {
        let content = fs::read(file).map_err(|error| Error::io("read", file, error))?;
        hash.field(file.as_os_str().as_encoded_bytes());
        hash.field(&content);
    }
    let state: String = commit
        .map(|commit| commit.chars().take(8).collect())
        .unwrap_or_else(|| "tree".to_owned());
    Ok(format!("{state}-{}", hash.name()))
}

/// `None` outside of git, and in a repository that has no commit yet.
fn commit(root: &Path) -> Option<String> {
    let answer = Command::new("git")
        .args(["rev-parse", "--verify", "HEAD"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let commit = String::from_utf8(answer.stdout).ok()?.trim().to_owned();
    let hexadecimal = commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    (answer.status.success() && !commit.is_empty() && hexadecimal).then_some(commit)
}

/// Source, manifests, lock files and cargo's settings. Links to folders are not followed, because they
/// may lead round in circles.
fn walk(folder: &Path, target: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| Error::io("read", folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Error::io("read", folder, error))?;
        let (path, name) = (entry.path(), entry.file_name());
        let kind = entry
            .file_type()
            .map_err(|error| Error::io("look at", &path, error))?;
        let hidden = name.as_encoded_bytes().first() == Some(&b'.');
        if kind.is_dir() {
            let skipped = (hidden && name != ".cargo") || name == "node_modules" || path == target;
            if !skipped {
                walk(&path, target, into)?;
            }
        } else if is_read(&path) && fs::metadata(&path).is_ok_and(|data| data.is_file()) {
            into.push(path);
        }
    }
    Ok(())
}

fn is_read(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    path.extension().is_some_and(|end| end == "rs")
        || [
            "Cargo.toml",
            "Cargo.lock",
            "config.toml",
            "rust-toolchain.toml",
            "rust-toolchain",
        ]
        .iter()
        .any(|read| name == *read)
}

/// FNV-1a of 128 bits (Fowler, Noll, Vo; RFC 9923). It is the same in every version of the toolchain,
/// and nobody who can edit the source gains anything from a collision.
struct Fnv(u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    /// Its length goes first, so that no two lists of fields are the same bytes.
    fn field(&mut self, bytes: &[u8]) {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
        for byte in bytes.len().to_le_bytes().iter().chain(bytes) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }

    fn name(&self) -> String {
        format!("{:032x}", self.0)
    }
}
