//! The two files, read with their places and written whole.

use std::fs;
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// Ten thousand entries are 1.5 MB. What is larger was not written by anybody who meant it.
const LARGEST: u64 = 16 << 20;

/// A text with the path that errors call it by.
#[derive(Debug)]
pub(crate) struct TextFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl TextFile {
    /// Reads the file at `path`; `None` if there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>> {
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            // A link to nowhere is not a file that is not there: it is a broken one.
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => {
                return Ok(None);
            }
            Err(error) => return Err(Error::io("read", &PathBuf::from(shown(path)), error)),
        };
        if !meta.is_file() {
            return Err(Error::io(
                "read",
                &PathBuf::from(shown(path)),
                "it is not a file",
            ));
        }
        if meta.len() > LARGEST {
            let why = format!(
                "it has {} MB; the largest that makes sense is {} MB",
                meta.len() >> 20,
                LARGEST >> 20
            );
            return Err(Error::io("read", &PathBuf::from(shown(path)), why));
        }
        let bytes = fs::read(path)
            .map_err(|error| Error::io("read", &PathBuf::from(shown(path)), error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let before = &error.as_bytes()[..at];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let message = format!("{}:{line}: a byte that is not UTF-8", shown(path));
            Error::usage(message).help("TOML is UTF-8: save it so in the editor")
        })?;
        Ok(Some(Self {
            path: path.to_owned(),
            text,
        }))
    }

    /// The line of a byte, counted from 1.
    pub(crate) fn line(&self, at: usize) -> u32 {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let breaks = before.iter().filter(|byte| **byte == b'\n').count();
        u32::try_from(breaks + 1).unwrap_or(u32::MAX)
    }

    /// An error at a place of this file.
    pub(crate) fn error(&self, span: &Range<usize>, message: impl std::fmt::Display) -> Error {
        let line = self.line(span.start);
        Error::usage(format!("{}:{line}: {message}", shown(&self.path)))
    }

    /// What the parser says of it.
    pub(crate) fn malformed(&self, error: &toml::de::Error) -> Error {
        let span = error.span().unwrap_or_default();
        let message = error.message().trim_end().replace('\n', "; ");
        let marker = self
            .text
            .lines()
            .position(|line| line.starts_with("<<<<<<<"));
        let Some(marker) = marker else {
            return self.error(&span, message);
        };
        let line = marker + 1;
        let message = format!("{}:{line}: a merge that is not done", shown(&self.path));
        Error::usage(message).help(
            "keep the lines of both sides, then let `boundary check` say which of them are stale",
        )
    }
}

/// As a person would type it where they stand.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    let path = path.strip_prefix(".").unwrap_or(path);
    path.display().to_string()
}

/// Writes `text` to `path`, whole or not at all, and leaves the mode of a file that is there alone.
/// A pipe or a terminal is written to as it is.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |error| Error::io("write", &PathBuf::from(shown(path)), error);
    // A link stays one: what it points to is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = fs::metadata(&target).ok();
    if before.as_ref().is_some_and(|meta| !meta.is_file()) {
        return fs::write(&target, text).map_err(failed);
    }
    let Some(name) = target.file_name() else {
        return Err(Error::new(
            Kind::Io,
            format!("{} is not a file's name", path.display()),
        ));
    };
    let name = name.to_string_lossy();
    let temporary = target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = (|| {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(text.as_bytes())?;
        if let Some(meta) = &before {
            file.set_permissions(meta.permissions())?;
        }
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary, &target)
    })();
    if written.is_err() {
        // What is left of a write that failed helps nobody; the failure itself is what is told.
        let _ = fs::remove_file(&temporary);
    }
    written.map_err(failed)
}
