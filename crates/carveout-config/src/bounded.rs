//! Reads a small text file and says in one word what is wrong with it.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

/// More than this is not a configuration: somebody named the wrong file.
const LIMIT: u64 = 1 << 20;

#[derive(Debug)]
pub(crate) enum ReadError {
    Missing,
    Directory,
    TooLarge,
    /// Counts from one.
    NotUtf8 {
        line: usize,
    },
    Other(String),
}

/// Reads a file of at most 1 MiB of UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, ReadError> {
    let other = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => ReadError::Missing,
        ErrorKind::IsADirectory => ReadError::Directory,
        _ => {
            // The number that the standard library appends says nothing to a reader and differs
            // between systems.
            let text = error.to_string();
            let words = text.split(" (os error").next().unwrap_or_default();
            ReadError::Other(words.to_owned())
        }
    };
    let file = File::open(path).map_err(other)?;
    if file.metadata().map_err(other)?.is_dir() {
        return Err(ReadError::Directory);
    }
    let mut bytes = Vec::new();
    // The limit is on what is read, not on what the metadata claims, which says nothing about a
    // pipe.
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(other)?;
    if bytes.len() as u64 > LIMIT {
        return Err(ReadError::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        ReadError::NotUtf8 {
            line: 1 + valid.iter().filter(|byte| **byte == b'\n').count(),
        }
    })
}
