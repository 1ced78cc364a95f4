//! Which rust-analyzer runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Kind, Result};

/// Names the program where `--rust-analyzer` does not.
pub(super) const VARIABLE: &str = "CARVEOUT_RUST_ANALYZER";

/// A rust-analyzer that answers.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) path: OsString,
    /// As it says it: `rust-analyzer 1.95.0 (5980761 2026-04-14)`.
    pub(super) version: String,
}

impl Program {
    /// The one that is asked for, else the one of the path.
    ///
    /// It is asked from `root`, where a `rust-toolchain.toml` may choose another toolchain. rustup has a
    /// `rust-analyzer` on the path whether or not a toolchain has one: that one answers `Unknown binary`.
    pub(super) fn find(asked: Option<&Path>, root: &Path) -> Result<Self> {
        let asked = asked
            .map(Path::to_owned)
            .or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from));
        let path = match &asked {
            // Commands start in the workspace, from where a relative path would mean another file.
            Some(path) if path.components().count() > 1 => std::path::absolute(path)
                .map_err(|error| Error::io("find", path, error))?
                .into_os_string(),
            Some(path) => path.clone().into_os_string(),
            None => "rust-analyzer".into(),
        };
        let answer = Command::new(&path)
            .arg("--version")
            .current_dir(root)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .output();
        let shown = Path::new(&path).display();
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(missing(&format!("there is no {shown}"), asked.is_some()));
            }
            Err(error) => return Err(Error::io("run", Path::new(&path), error)),
        };
        let said = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        if answer.status.success() && !said.is_empty() {
            return Ok(Self {
                path,
                version: said,
            });
        }
        let complaint = String::from_utf8_lossy(&answer.stderr);
        let first = complaint.lines().find(|line| !line.trim().is_empty());
        let why = format!(
            "{shown} does not say its version: {}",
            first.unwrap_or("it says nothing")
        );
        let absent = ["Unknown binary", "not installed", "is not applicable"];
        if absent.iter().any(|sign| complaint.contains(sign)) {
            return Err(missing(&why, false));
        }
        Err(Error::new(Kind::Io, why))
    }
}

/// One command puts it right.
fn missing(why: &str, asked: bool) -> Error {
    let error = Error::new(Kind::Io, format!("rust-analyzer is needed, and {why}"));
    if asked {
        return error.help(format!("correct --rust-analyzer, or {VARIABLE}"));
    }
    error.help("rustup component add rust-analyzer rust-src")
}
