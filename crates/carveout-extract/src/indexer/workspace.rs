//! The Cargo workspace around a folder.

use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, MetadataCommand, Package};

use crate::error::{Error, Kind, Result};

/// A workspace as its manifests say it is; nothing was resolved or fetched.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder of the outermost manifest.
    pub root: PathBuf,
    /// Where cargo puts what it builds. It is not committed, so neither is what is cached there.
    pub target_directory: PathBuf,
    /// Its packages.
    pub members: Vec<Member>,
}

/// A package of a workspace.
pub type Member = Package;

impl Workspace {
    /// The workspace that `path` is the root of, is a member of, or is anywhere inside of.
    ///
    /// Where workspaces are nested it is the innermost, as it is for cargo.
    pub fn find(path: &Path) -> Result<Self> {
        let folder = folder(path)?;
        let metadata = MetadataCommand::new()
            .current_dir(&folder)
            .no_deps()
            .env("RUST_BACKTRACE", "0")
            .exec()
            .map_err(|error| refused(&folder, error))?;
        Ok(Self::new(metadata))
    }

    fn new(metadata: Metadata) -> Self {
        Self {
            root: metadata.workspace_root.into(),
            target_directory: metadata.target_directory.into(),
            members: metadata.packages,
        }
    }
}

/// `path` itself, or the folder of the manifest that it is.
fn folder(path: &Path) -> Result<PathBuf> {
    let found = std::fs::canonicalize(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::usage(format!("there is no folder {}", path.display()))
                .help("give the workspace with --workspace PATH")
        }
        _ => Error::io("look at", path, error),
    })?;
    match found.parent() {
        Some(parent) if found.is_file() => Ok(parent.to_owned()),
        _ => Ok(found),
    }
}

fn refused(folder: &Path, error: cargo_metadata::Error) -> Error {
    let folder = folder.display();
    let message = match error {
        cargo_metadata::Error::CargoMetadata { stderr } => {
            if let Some(toolchain) = not_installed(&stderr) {
                let message =
                    format!("{folder} wants the toolchain {toolchain}, which is not installed");
                return Error::new(Kind::Usage, message).help(format!(
                    "install it: rustup toolchain install {toolchain}; or read the workspace with another: \
                     RUSTUP_TOOLCHAIN=stable"
                ));
            }
            let said: Vec<&str> = stderr
                .lines()
                .filter(|line| !line.trim().is_empty())
                .collect();
            let why = said.join("\n  ");
            format!("cargo does not take {folder} for a workspace:\n  {why}")
        }
        other => format!("cargo cannot be asked about {folder}: {other}"),
    };
    Error::new(Kind::Usage, message).help(
        "give a folder of a Cargo workspace with --workspace PATH; for another language, an index made elsewhere \
         with --index FILE",
    )
}

/// The toolchain that rustup misses: one that a `rust-toolchain.toml` names, most of the time.
fn not_installed(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("toolchain '")?;
    let (toolchain, rest) = rest.split_once('\'')?;
    rest.starts_with(" is not installed").then_some(toolchain)
}

#[cfg(test)]
mod tests {
    use super::not_installed;

    #[test]
    fn rustups_complaint_is_told_from_cargos() {
        let rustup =
            "error: toolchain '1.97.1-x86_64-unknown-linux-gnu' is not installed\nhelp: run";
        assert_eq!(
            not_installed(rustup),
            Some("1.97.1-x86_64-unknown-linux-gnu")
        );
        assert_eq!(not_installed("error: could not find `Cargo.toml`"), None);
        assert_eq!(not_installed("error: toolchain 'x' has no component"), None);
    }
}
