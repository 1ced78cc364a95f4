//! What to read: the builder that a service's `main` fills in.

use std::ffi::OsString;
use std::path::PathBuf;

/// What to read, in order of rising precedence: built-in defaults, `DIR/default.toml`,
/// `DIR/PROFILE.toml`, `NAME__SECTION__KEY` in the environment, `--set section.key=value`.
///
/// Nothing is read until [`Loader::read`](crate::Loader::read), and nothing that is not named here:
/// the process's environment is passed in, so a test needs no global state.
#[derive(Clone)]
pub struct Sources {
    pub(crate) prefix: String,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) profile: Option<String>,
    pub(crate) vars: Vec<(OsString, OsString)>,
    pub(crate) sets: Vec<String>,
}

impl Sources {
    /// The sources of one service, at first only its built-in defaults. The service's name gives
    /// the prefix of its environment variables: `order-history` reads `ORDER_HISTORY__GRPC__PORT`.
    pub fn new(service: &str) -> Self {
        Self {
            prefix: service.to_uppercase().replace('-', "_"),
            dir: None,
            profile: None,
            vars: Vec::new(),
            sets: Vec::new(),
        }
    }

    /// Reads `default.toml` in this directory, which must exist; the file may be empty.
    #[must_use]
    pub fn dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.dir = Some(dir.into());
        self
    }

    /// Reads `PROFILE.toml` over `default.toml`. A profile that has no file is a mistake.
    #[must_use]
    pub fn profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }

    /// Takes overrides from these variables, in practice `std::env::vars_os()`. Those of other
    /// programs are dropped at once: only names that start with the service's own are kept.
    #[must_use]
    pub fn env<I>(mut self, vars: I) -> Self
    where
        I: IntoIterator<Item = (OsString, OsString)>,
    {
        let own = format!("{}_", self.prefix);
        let is_own = |name: &OsString| name.to_string_lossy().to_uppercase().starts_with(&own);
        self.vars
            .extend(vars.into_iter().filter(|(name, _)| is_own(name)));
        self
    }

    /// Adds one `section.key=value`, as `--set` gives it.
    #[must_use]
    pub fn set(mut self, assignment: impl Into<String>) -> Self {
        self.sets.push(assignment.into());
        self
    }
}
