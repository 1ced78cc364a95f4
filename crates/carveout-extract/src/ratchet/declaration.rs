//! `boundaries.toml`, as it is written. Whether the names in it exist is a question for
//! [`Rules`](super::Rules).

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::file::{TextFile, shown};
use crate::error::{Error, Result};

/// What the file declares.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) file: TextFile,
    pub(crate) tests: Tests,
    pub(crate) modules: Vec<Boundary>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    tests: Tests,
    #[serde(default)]
    module: Vec<Boundary>,
}

/// Whether uses in tests are held to the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tests {
    /// As any other use: a test that reaches inside has to be rewritten when the module leaves.
    #[default]
    Check,
    /// They are not counted.
    Ignore,
}

/// A module's boundary.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Boundary {
    /// The module's whole path.
    pub(crate) path: Spanned<String>,
    /// Items that others may use, from the module on.
    pub(crate) public: Vec<Spanned<String>>,
    /// Modules that may use them; all may if it is not given.
    pub(crate) used_by: Option<Vec<Spanned<String>>>,
    /// Modules of the workspace that it may use itself; all if it is not given.
    pub(crate) uses: Option<Vec<Spanned<String>>>,
}

impl Declared {
    /// Reads `path`. A file that is not there, or declares nothing, is an error that says how to
    /// begin.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let Some(file) = TextFile::read(path)? else {
            let message = format!(
                "there is no {}: no module's boundary is declared",
                shown(path)
            );
            return Err(Error::usage(message).help(BEGIN));
        };
        Self::parse(file)
    }

    pub(crate) fn parse(file: TextFile) -> Result<Self> {
        let written: Written = match toml::from_str(&file.text) {
            Ok(written) => written,
            Err(error) => return Err(file.malformed(&error)),
        };
        if written.module.is_empty() {
            let message = format!("{} declares no module", shown(&file.path));
            return Err(Error::usage(message).help(BEGIN));
        }
        let declared = Self {
            file,
            tests: written.tests,
            modules: written.module,
        };
        declared.no_wildcards()?;
        declared.no_duplicates()?;
        Ok(declared)
    }

    fn no_wildcards(&self) -> Result<()> {
        for name in self.modules.iter().flat_map(Boundary::names) {
            if name.get_ref().trim().is_empty() {
                return Err(self.file.error(&name.span(), "an empty name"));
            }
            if name.get_ref().contains(['*', '?']) {
                let message = format!(
                    "`{}` has a wildcard, and there are none here",
                    name.get_ref()
                );
                return Err(self.file.error(&name.span(), message).help(
                    "a wildcard allows what nobody has looked at, and it grows by itself: name each item or module. \
                     A type's name stands for its members too, a module in `used_by` or `uses` for all that is in it",
                ));
            }
        }
        Ok(())
    }

    fn no_duplicates(&self) -> Result<()> {
        let paths = self.modules.iter().map(|module| &module.path);
        self.once(paths, "is declared")?;
        for module in &self.modules {
            self.once(&module.public, "is public")?;
            self.once(module.used_by.iter().flatten(), "is in `used_by`")?;
            self.once(module.uses.iter().flatten(), "is in `uses`")?;
        }
        Ok(())
    }

    fn once<'a>(
        &self,
        names: impl IntoIterator<Item = &'a Spanned<String>>,
        is: &str,
    ) -> Result<()> {
        let mut seen: HashMap<&str, u32> = HashMap::new();
        for name in names {
            let line = self.file.line(name.span().start);
            if let Some(first) = seen.insert(name.get_ref(), line) {
                let message = format!("`{}` {is} twice", name.get_ref());
                let error = self.file.error(&name.span(), message);
                return Err(error.help(format!("line {first} says it already: remove one")));
            }
        }
        Ok(())
    }
}

impl Boundary {
    fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        let modules = [&self.used_by, &self.uses].into_iter().flatten().flatten();
        std::iter::once(&self.path)
            .chain(&self.public)
            .chain(modules)
    }
}

const BEGIN: &str =
    "`boundary check --init MODULE` declares one as it is today, with a baseline of what uses it";
