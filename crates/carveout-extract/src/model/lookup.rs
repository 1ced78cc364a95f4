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
    /// Where none ends so, a crate is found by the last words of its name: `billing` for
    /// `shop-billing`. `-` and `_` are alike, and a path may be written with the separators of any language, so that
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
        if exact.is_empty() && ending.is_empty() {
            ending = self.crates_named(&wanted);
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

    /// Modules of the crates whose name ends with what is asked: `billing` is `shop_billing`, and
    /// `billing::invoices` is `shop_billing::invoices`.
    fn crates_named(&self, wanted: &[String]) -> Vec<ModuleId> {
        let Some((first, rest)) = wanted.split_first() else {
            return Vec::new();
        };
        let modules = self.module_ids().filter(|(_, module)| {
            let path = parts(&module.path);
            path.split_first().is_some_and(|(package, path)| {
                let short = package.strip_suffix(first.as_str());
                path == rest && short.is_some_and(|before| before.ends_with('_'))
            })
        });
        modules.map(|(id, _)| id).collect()
    }

    fn nearest(&self, asked: &str) -> Vec<String> {
        let last = parts(asked).pop().unwrap_or_default();
        let mut scored: Vec<_> = self
            .modules
            .iter()
            .map(|module| {
                // What contains what was asked comes first, the shortest of them before the rest.
                let path = parts(&module.path).join("::");
                if !last.is_empty() && path.contains(&parts(asked).join("::")) {
                    return (3.0 - shortness(path.len()), &module.path);
                }
                if last.len() > 2 && module.name.replace('-', "_").contains(&last) {
                    return (2.0 - shortness(path.len()), &module.path);
                }
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

/// From 0 to 1, more for what is longer.
fn shortness(length: usize) -> f64 {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    1.0 - 1.0 / (1.0 + f64::from(length))
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
