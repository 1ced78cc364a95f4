//! Which of a package's targets a file belongs to. rust-analyzer's symbols do not say: a library, a
//! binary and a test of one package all begin with `crate/`.

use std::collections::HashMap;

use super::fresh::Text;

/// A root file.
pub(super) struct Target {
    /// The name of its root module.
    pub(super) name: String,
    /// Whether all in it is for tests, benches or examples.
    pub(super) test: bool,
    folder: String,
    document: usize,
}

/// The targets, with the library or the only one of each package first.
pub(super) struct Targets {
    pub(super) all: Vec<Target>,
    of_package: HashMap<String, Vec<usize>>,
}

impl Targets {
    /// `roots` are documents that define a package's root: document, path, package.
    pub(super) fn new(mut roots: Vec<(usize, String, String)>) -> Self {
        roots.sort_by(|a, b| (&a.2, rank(&a.1), &a.1).cmp(&(&b.2, rank(&b.1), &b.1)));
        let mut of_package: HashMap<String, Vec<usize>> = HashMap::new();
        let mut all = Vec::new();
        for (document, path, package) in roots {
            let of = of_package.entry(package.clone()).or_default();
            let label = label(&path);
            let name = if of.is_empty() {
                package.clone()
            } else {
                format!("{package} ({label})")
            };
            of.push(all.len());
            let folder = path
                .rsplit_once('/')
                .map_or(String::new(), |(folder, _)| format!("{folder}/"));
            let test = ["test ", "bench ", "example "]
                .iter()
                .any(|kind| label.starts_with(kind));
            all.push(Target {
                name,
                test,
                folder,
                document,
            });
        }
        Self { all, of_package }
    }

    pub(super) fn main_of(&self, package: &str) -> Option<usize> {
        self.of_package.get(package)?.first().copied()
    }

    /// The target of `document` at `path` that is, or is in, the module `first` of its package's
    /// root.
    pub(super) fn of(
        &self,
        document: usize,
        path: &str,
        package: &str,
        first: Option<&str>,
        texts: &[Text],
    ) -> Option<usize> {
        let of = self.of_package.get(package)?;
        if let [only] = of.as_slice() {
            return Some(*only);
        }
        let is_root = |target: &&usize| self.all[**target].document == document;
        if let Some(root) = of.iter().find(is_root) {
            return Some(*root);
        }
        let nearest = of
            .iter()
            .filter(|target| path.starts_with(&self.all[**target].folder))
            .map(|target| self.all[*target].folder.len())
            .max()?;
        let near = of.iter().copied().filter(|target| {
            let target = &self.all[*target];
            target.folder.len() == nearest && path.starts_with(&target.folder)
        });
        let near: Vec<usize> = near.collect();
        let declares = |target: &usize| {
            let text = &texts[self.all[*target].document].text;
            first.is_some_and(|first| declares(text, first))
        };
        near.iter()
            .copied()
            .find(declares)
            .or(near.first().copied())
    }
}

/// Whether `text` says `mod name`.
fn declares(text: &str, name: &str) -> bool {
    let mut words =
        text.split(|character: char| !(character.is_alphanumeric() || character == '_'));
    while let Some(word) = words.next() {
        if word == "mod" && words.clone().find(|word| !word.is_empty()) == Some(name) {
            return true;
        }
    }
    false
}

fn label(path: &str) -> String {
    let stem = path
        .rsplit('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs");
    let parts: Vec<&str> = path.split('/').collect();
    let folder = |name: &str| parts.iter().rposition(|part| *part == name);
    let named = |at: usize| match parts.get(at + 1..).unwrap_or_default() {
        [folder, _, ..] => (*folder).to_owned(),
        _ => stem.to_owned(),
    };
    for (name, kind) in [
        ("tests", "test"),
        ("benches", "bench"),
        ("examples", "example"),
        ("bin", "bin"),
    ] {
        if let Some(at) = folder(name) {
            return format!("{kind} {}", named(at));
        }
    }
    match stem {
        "lib" => "lib".to_owned(),
        "main" => "bin".to_owned(),
        "build" => "build".to_owned(),
        other => format!("bin {other}"),
    }
}

/// The library comes first, then the binary that has the package's name, then the rest.
fn rank(path: &str) -> u8 {
    match label(path).as_str() {
        "lib" => 0,
        "bin" => 1,
        label if label.starts_with("bin ") => 2,
        "build" => 4,
        _ => 3,
    }
}
