use std::fmt::Display;
use std::path::Path;

/// Why a command failed. The variant is the exit code, see `cargo xtask --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Io = 1,
    Usage = 2,
    Drift = 3,
    Conflict = 4,
    Verification = 5,
}

/// One clear error: what is wrong, and what to do about it.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub(crate) fn drift(message: impl Into<String>) -> Self {
        Self::new(Kind::Drift, message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    pub(crate) fn verification(message: impl Into<String>) -> Self {
        Self::new(Kind::Verification, message)
    }

    pub(crate) fn io(doing: &str, path: &Path, why: impl Display) -> Self {
        Self::new(
            Kind::Io,
            format!("cannot {doing} {}: {why}", path.display()),
        )
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Io, message)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn to_json(&self) -> String {
        let value = serde_json::json!({ "error": self.message, "help": self.help, "code": self.kind as u8 });
        value.to_string()
    }
}

/// The candidate that is nearest to `name`, if any is near enough to be meant.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let scored = candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate));
    scored
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 3)
        .map(|(_, candidate)| candidate)
}
