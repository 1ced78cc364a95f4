//! Errors and exit codes of the command line.

use std::fmt::Display;
use std::path::Path;

/// Why a command failed. The variant is the exit code; `carveout-extract --help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file, a folder or a program could not be used.
    Io = 1,
    /// A wrong argument, or a name that nothing has.
    Usage = 2,
    /// The boundary is not what was agreed.
    Drift = 3,
    /// The index does not show what it must, so no number would be right.
    Index = 4,
    /// Somebody pressed Ctrl-C.
    Interrupted = 130,
}

/// One clear error: what is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What is wrong, with the input that is.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error without advice.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: None,
        }
    }

    /// A wrong argument, or a name that nothing has.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// An index that cannot be believed.
    pub fn index(message: impl Into<String>) -> Self {
        Self::new(Kind::Index, message)
    }

    /// A file that could not be read or written.
    pub fn io(doing: &str, path: &Path, why: impl Display) -> Self {
        let path = path.display();
        Self::new(Kind::Io, format!("cannot {doing} {path}: {why}"))
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.message)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
