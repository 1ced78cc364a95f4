use std::fmt;

use super::{Model, ModuleId};

/// Why a module was not found, with what may have been meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchModule {
    /// As it was asked for.
    pub asked: String,
    /// Paths that were meant, if there are several.
    pub ambiguous: Vec<String>,
    /// The nearest paths, if there is none.
    pub nearest: Vec<String>,
}

impl fmt::Display for NoSuchModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.ambiguous.is_empty() {
            let paths = self.ambiguous.join(", ");
            return write!(
                f,
                "{:?} is the end of several modules' paths: {paths}",
                self.asked
            );
        }
        write!(f, "there is no module {:?}", self.asked)?;
        match self.nearest.as_slice() {
            [] => Ok(()),
            [one] => write!(f, "; did you mean {one}?"),
            several => write!(f, "; the nearest are {}", several.join(", ")),
        }
    }
}

impl std::error::Error for NoSuchModule {}

impl Model {
    /// The module that `asked` names: by its whole path, or by the end of it where only one ends so.
    ///
    /// `-` and `_` are alike, and a path may be written with the separators of any language, so that
    /// `domain-handlers` and `api/core` are found.
    pub fn find_module(&self, asked: &str) -> Result<ModuleId, NoSuchModule> {
        let wanted = parts(asked);
        let mut exact = Vec::new();
        let mut ending = Vec::new();
        for (id, module) in self.module_ids() {
            let path = parts(&module.path);
            // A module that is a file is found without its extension too.
            let bare = match path.split_last() {
                Some((last, bare)) if is_extension(last) => bare,
                _ => &path,
            };
            if path == wanted || bare == wanted {
                exact.push(id);
            } else if !wanted.is_empty() && (path.ends_with(&wanted) || bare.ends_with(&wanted)) {
                ending.push(id);
            }
        }
        // `mail` means `app::mail` and not `app::admin::mail` too: the fewest parts win.
        let depth = |id: &ModuleId| parts(&self.module(*id).path).len();
        let least = ending.iter().map(depth).min();
        ending.retain(|id| Some(depth(id)) == least);
        let found = if exact.is_empty() { ending } else { exact };
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(NoSuchModule {
                asked: asked.to_owned(),
                ambiguous: Vec::new(),
                nearest: self.nearest(asked),
            }),
            several => Err(NoSuchModule {
                asked: asked.to_owned(),
                ambiguous: several
                    .iter()
                    .map(|id| self.module(*id).path.clone())
                    .collect(),
                nearest: Vec::new(),
            }),
        }
    }

    fn nearest(&self, asked: &str) -> Vec<String> {
        let last = parts(asked).pop().unwrap_or_default();
        let mut scored: Vec<_> = self
            .modules
            .iter()
            .map(|module| {
                let whole = strsim::normalized_damerau_levenshtein(asked, &module.path);
                let name = strsim::normalized_damerau_levenshtein(&last, &module.name);
                (whole.max(name), &module.path)
            })
            .filter(|(score, _)| *score >= 0.5)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        scored
            .into_iter()
            .take(3)
            .map(|(_, path)| path.clone())
            .collect()
    }
}

fn is_extension(part: &str) -> bool {
    ["ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs"].contains(&part)
}

/// The parts of a path, whatever stands between them.
fn parts(path: &str) -> Vec<String> {
    path.split(['/', ':', '.'])
        .filter(|part| !part.is_empty())
        .map(|part| part.replace('-', "_"))
        .collect()
}
