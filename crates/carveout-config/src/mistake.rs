//! A mistake in the configuration, and the error that carries all of them.

use std::fmt;

use crate::key::Key;
use crate::known::Known;
use crate::origin::Origin;

/// A mistake while not every section is known yet, so that what was meant cannot be told.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) origin: Origin,
    pub(crate) key: Option<Key>,
    pub(crate) problem: String,
    pub(crate) fix: Fix,
}

#[derive(Clone, Debug)]
pub(crate) enum Fix {
    None,
    Text(String),
    /// The key or section is unknown; these names are known in its place, as far as the type says.
    Near {
        valid: Vec<String>,
    },
    /// The key is a table, whose keys are to be set one by one.
    Table,
    /// A value that would do, as TOML and as plain text.
    Example {
        toml: String,
        text: String,
    },
}

impl Draft {
    pub(crate) fn new(origin: Origin, problem: impl Into<String>) -> Self {
        Self {
            origin,
            key: None,
            problem: problem.into(),
            fix: Fix::None,
        }
    }

    pub(crate) fn about(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Fix::Text(fix.into());
        self
    }

    pub(crate) fn with(mut self, fix: Fix) -> Self {
        self.fix = fix;
        self
    }

    pub(crate) fn finish(self, known: &Known<'_>) -> Mistake {
        let fix = known.fix(&self);
        Mistake {
            origin: self.origin,
            key: self.key,
            problem: self.problem,
            fix,
        }
    }
}

/// One mistake: what is wrong, where it was written, what to do about it. It never holds a secret's
/// value.
#[derive(Clone, Debug)]
pub struct Mistake {
    origin: Origin,
    key: Option<Key>,
    problem: String,
    fix: Option<String>,
}

impl Mistake {
    /// The key, as in `grpc.port`; none where the mistake is not about one, such as a missing file.
    pub fn key(&self) -> Option<String> {
        self.key.as_ref().map(Key::to_string)
    }

    /// Where it was written: `config/prod.toml:12`, `environment variable ORDERS__GRPC__PORT`,
    /// `--set`.
    pub fn origin(&self) -> String {
        self.origin.to_string()
    }

    /// What is wrong: for a value, what was expected and what was found.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What to do about it.
    pub fn fix(&self) -> Option<&str> {
        self.fix.as_deref()
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: config: {}", self.problem)?;
        write!(f, "  from: {}", self.origin)?;
        if let Some(fix) = &self.fix {
            write!(f, "\n   fix: {fix}")?;
        }
        Ok(())
    }
}

/// Every mistake in the configuration, sorted by where it was written.
#[derive(Clone, Debug)]
pub struct ConfigError {
    mistakes: Vec<Mistake>,
    effective: String,
}

impl ConfigError {
    pub(crate) fn new(drafts: Vec<Draft>, known: &Known<'_>, effective: &str) -> Self {
        let mut mistakes: Vec<Mistake> = drafts
            .into_iter()
            .map(|draft| draft.finish(known))
            .collect();
        mistakes
            .sort_by(|a, b| (&a.origin, &a.key, &a.problem).cmp(&(&b.origin, &b.key, &b.problem)));
        let effective = format!(
            "# Rejected: {}. Where a value is wrong, the default stands.\n{effective}",
            count(&mistakes)
        );
        Self {
            mistakes,
            effective,
        }
    }

    /// The mistakes, never none.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// The values as far as they could be read, in the form of
    /// [`Config::print`](crate::Config::print).
    pub fn effective(&self) -> &str {
        &self.effective
    }
}

fn count(mistakes: &[Mistake]) -> String {
    match mistakes.len() {
        1 => "1 mistake".to_owned(),
        more => format!("{more} mistakes"),
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, mistake) in self.mistakes.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{mistake}")?;
        }
        if self.mistakes.len() > 1 {
            write!(f, "\nerror: config: {} in all", count(&self.mistakes))?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
