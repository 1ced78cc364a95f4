//! What a section's own check says about a value that has the right type but cannot be used.

use crate::key::Key;

/// A value that has the right type and still cannot be used, found by a section's `validate`
/// function.
///
/// ```
/// use carveout_config::Invalid;
///
/// fn validate(pool: &(u32, u32)) -> Result<(), Invalid> {
///     if pool.0 > pool.1 {
///         return Err(Invalid::new("min", "is more than `max`").fix("lower `min` or raise `max`"));
///     }
///     Ok(())
/// }
/// assert!(validate(&(2, 1)).is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Invalid {
    pub(crate) findings: Vec<Finding>,
}

#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) key: Key,
    pub(crate) message: String,
    pub(crate) fix: Option<String>,
}

impl Invalid {
    /// `key` is relative to the section (`"port"`, `"tls.cert"`; empty for the section as a whole).
    /// `message` goes on from the key: "is more than `max`". It must not contain a secret.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        let key = key.into();
        Self::at(key.split('.').filter(|name| !name.is_empty()), message)
    }

    /// The same for a key that is given name by name, because one of them may have a dot in it: that
    /// of an entry of a map.
    pub fn at<'a>(key: impl IntoIterator<Item = &'a str>, message: impl Into<String>) -> Self {
        Self {
            findings: vec![Finding {
                key: Key::names(key),
                message: message.into(),
                fix: None,
            }],
        }
    }

    /// What to do about the latest finding, as an imperative.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        if let Some(last) = self.findings.last_mut() {
            last.fix = Some(fix.into());
        }
        self
    }

    /// Adds what another check found, so that all of it is reported at once.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self
    }
}
