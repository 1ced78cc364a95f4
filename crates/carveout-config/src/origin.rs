//! Where a value was written, for provenance and for the order of mistakes.

use std::fmt;
use std::sync::Arc;

/// Where a value or a mistake came from. The order of the variants is the order in which mistakes
/// are printed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// What the service was started with: its directory, its profile.
    Start(String),
    /// The built-in defaults.
    Default,
    /// A configuration file; `rank` is its place in the precedence, `line` counts from one.
    File {
        rank: usize,
        path: Arc<str>,
        line: Option<usize>,
    },
    /// An environment variable, by its name as it was written.
    Env(String),
    /// The n-th `--set` on the command line.
    Set(usize),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(what) => f.write_str(what),
            Self::Default => f.write_str("default"),
            Self::File {
                path,
                line: Some(line),
                ..
            } => write!(f, "{path}:{line}"),
            Self::File {
                path, line: None, ..
            } => f.write_str(path),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Set(_) => f.write_str("--set"),
        }
    }
}
