//! The workspace that a command works on: found from the current folder, read without asking cargo
//! (which takes longer than everything else here together, and fails when one manifest is broken).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike};

use crate::error::{Error, Result};

/// Where new services go, below the workspace's root.
pub(crate) const SERVICES: &str = "services";

/// A cargo workspace.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// The text of its manifest.
    pub(crate) manifest: String,
}

impl Workspace {
    /// Finds the nearest workspace at or above `from`.
    pub(crate) fn find(from: &Path) -> Result<Self> {
        for folder in from.ancestors() {
            let path = folder.join("Cargo.toml");
            let manifest = match fs::read_to_string(&path) {
                Ok(manifest) => manifest,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io("read", &path, error)),
            };
            let document = parse(&path, &manifest)?;
            if document.get("workspace").is_some() {
                return Ok(Self {
                    root: folder.to_owned(),
                    manifest,
                });
            }
        }
        let message = format!("{} is not inside a cargo workspace", from.display());
        Err(Error::usage(message)
            .help("run this in a folder at or below a Cargo.toml that has a [workspace]"))
    }

    pub(crate) fn manifest_path(&self) -> PathBuf {
        self.root.join("Cargo.toml")
    }

    pub(crate) fn document(&self) -> Result<Document<String>> {
        parse(&self.manifest_path(), &self.manifest)
    }

    /// The members and exclusions as they are written.
    pub(crate) fn patterns(&self) -> Result<Patterns> {
        let document = self.document()?;
        let workspace = document.get("workspace").and_then(Item::as_table_like);
        Ok(Patterns {
            members: strings(workspace, "members"),
            exclude: strings(workspace, "exclude"),
        })
    }

    /// An organisation-wide default answer: `[workspace.metadata.carveout] org = "acme"`.
    pub(crate) fn default_answer(&self, key: &str) -> Result<Option<String>> {
        let document = self.document()?;
        let table = ["workspace", "metadata", "carveout"]
            .iter()
            .try_fold(document.as_item(), |item, key| item.get(key));
        Ok(table
            .and_then(|table| table.get(key))
            .and_then(Item::as_str)
            .map(str::to_owned))
    }

    /// Every package of the workspace, with the folder that it is in relative to the root.
    pub(crate) fn packages(&self) -> Result<Vec<Package>> {
        let mut packages = Vec::new();
        let mut folders = vec![PathBuf::new()];
        for pattern in self.patterns()?.members {
            folders.extend(expand(&self.root, &pattern));
        }
        // Path dependencies inside the workspace are members too; the API crates are.
        let mut seen = std::collections::HashSet::new();
        while let Some(folder) = folders.pop() {
            let folder = normal(&folder);
            if !seen.insert(folder.clone()) {
                continue;
            }
            if let Some((package, dependencies)) = read_package(&self.root, &folder) {
                folders.extend(dependencies);
                packages.push(package);
            }
        }
        packages.sort_by(|a, b| a.folder.cmp(&b.folder));
        Ok(packages)
    }

    /// The names of everything that is locked; empty without a lock file.
    pub(crate) fn locked(&self) -> Vec<String> {
        let lock = fs::read_to_string(self.root.join("Cargo.lock")).unwrap_or_default();
        let names = lock
            .lines()
            .filter_map(|line| line.strip_prefix("name = \""));
        names
            .filter_map(|rest| rest.strip_suffix('"'))
            .map(str::to_owned)
            .collect()
    }
}

/// One package of the workspace.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Folders of the workspace that it depends on.
    pub(crate) paths: Vec<PathBuf>,
    /// Names of the dependencies that it takes from the workspace or by path.
    pub(crate) dependencies: Vec<String>,
    /// See [`needs`].
    pub(crate) needs: BTreeSet<String>,
}

pub(crate) struct Patterns {
    pub(crate) members: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

impl Patterns {
    /// Whether some member pattern already takes in `folder`.
    pub(crate) fn include(&self, folder: &str) -> bool {
        self.members
            .iter()
            .any(|pattern| glob_matches(pattern.trim_start_matches("./"), folder))
    }

    /// The exclusion that keeps `folder` out, if there is one.
    pub(crate) fn excluding(&self, folder: &str) -> Option<&str> {
        let covers = |pattern: &&String| {
            let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
            folder == pattern
                || folder
                    .strip_prefix(pattern)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        self.exclude.iter().find(covers).map(String::as_str)
    }
}

pub(crate) fn parse(path: &Path, text: &str) -> Result<Document<String>> {
    Document::parse(text.to_owned())
        .map_err(|error| Error::io("read", path, error.to_string().trim_end()))
}

pub(crate) fn tables(item: Option<&Item>) -> impl Iterator<Item = (&str, &Item)> {
    item.and_then(Item::as_table_like)
        .into_iter()
        .flat_map(|table| table.iter())
}

fn strings(table: Option<&dyn TableLike>, key: &str) -> Vec<String> {
    let array = table
        .and_then(|table| table.get(key))
        .and_then(Item::as_array);
    array
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}

/// A package that cannot be read is somebody's work in progress: it has no name to clash with.
fn read_package(root: &Path, folder: &Path) -> Option<(Package, Vec<PathBuf>)> {
    let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).ok()?;
    let document = Document::parse(manifest).ok()?;
    let name = document.get("package")?.get("name")?.as_str()?.to_owned();
    let (mut paths, mut dependencies) = (Vec::new(), Vec::new());
    for (key, dependency) in declared(&document) {
        let text = |field: &str| dependency.get(field).and_then(Item::as_str);
        if let Some(path) = text("path") {
            paths.push(folder.join(path));
        }
        dependencies.push(text("package").unwrap_or(key).to_owned());
    }
    let inside: Vec<PathBuf> = paths
        .iter()
        .map(|path| normal(path))
        // One that leads out of the workspace is no member of it, the kit's checkout say.
        .map(|path| path.strip_prefix(root).map(Path::to_owned).unwrap_or(path))
        .filter(|path| path.is_relative() && !path.starts_with(".."))
        .collect();
    let needs = needs(&document);
    Some((
        Package {
            name,
            folder: folder.to_owned(),
            paths: inside.clone(),
            dependencies,
            needs,
        },
        inside,
    ))
}

/// Every dependency of a manifest, of whatever kind and for whatever target.
pub(crate) fn declared(manifest: &Document<String>) -> impl Iterator<Item = (&str, &Item)> {
    let targets = tables(manifest.get("target")).map(|(_, target)| target);
    let sections = std::iter::once(manifest.as_item()).chain(targets);
    sections.flat_map(move |section| {
        ["dependencies", "dev-dependencies", "build-dependencies"]
            .into_iter()
            .flat_map(move |kind| tables(section.get(kind)))
    })
}

/// What a manifest makes cargo lock: each dependency with its source and features, and each feature of
/// a dependency that a `[features]` entry enables. Adding or removing a package whose needs other
/// packages share does not change any other entry of the lock file. Path dependencies below the
/// package's folder are left out.
pub(crate) fn needs(manifest: &Document<String>) -> BTreeSet<String> {
    let dependencies = declared(manifest).filter_map(|(key, item)| {
        let text = |field: &str| item.get(field).and_then(Item::as_str);
        let is_inside = |path: &str| !path.starts_with("..") && !Path::new(path).is_absolute();
        if text("path").is_some_and(is_inside) {
            return None;
        }
        let name = text("package").unwrap_or(key);
        let mut parts: Vec<String> = match item.as_str() {
            Some(version) => vec![format!("version={version}")],
            None => tables(Some(item))
                .filter(|(field, _)| !matches!(*field, "package" | "optional"))
                .map(|(field, value)| format!("{field}={}", flat(value)))
                .collect(),
        };
        parts.sort();
        Some(format!("{name} {}", parts.join(" ")))
    });
    let features = tables(manifest.get("features"))
        .filter_map(|(_, enables)| enables.as_array())
        .flatten()
        .filter_map(|enabled| enabled.as_str())
        .filter(|enabled| enabled.contains('/'))
        .map(str::to_owned);
    dependencies.chain(features).collect()
}

/// A value without its formatting; a list in alphabetical order.
fn flat(value: &Item) -> String {
    match (value.as_str(), value.as_bool(), value.as_array()) {
        (Some(text), ..) => text.to_owned(),
        (_, Some(flag), _) => flag.to_string(),
        (.., Some(array)) => {
            let mut texts: Vec<&str> = array.iter().filter_map(|text| text.as_str()).collect();
            texts.sort_unstable();
            texts.join(",")
        }
        _ => value.to_string(),
    }
}

/// `a/./b/../c` as `a/c`, without asking the file system.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// The folders that a member pattern stands for. Cargo's patterns are globs; `*` and `?` within a
/// part, and `**`, are what is used.
fn expand(root: &Path, pattern: &str) -> Vec<PathBuf> {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    if !pattern.contains(['*', '?', '[']) {
        return vec![PathBuf::from(pattern)];
    }
    let fixed: PathBuf = Path::new(pattern)
        .iter()
        .take_while(|part| !part.to_string_lossy().contains(['*', '?', '[']))
        .collect();
    let depth = if pattern.contains("**") {
        usize::MAX
    } else {
        Path::new(pattern).iter().count() - fixed.iter().count()
    };
    let mut found = Vec::new();
    walk(root, &fixed, depth, &mut |folder| {
        if glob_matches(pattern, &folder.to_string_lossy().replace('\\', "/")) {
            found.push(folder.to_owned());
        }
    });
    found
}

fn walk(root: &Path, folder: &Path, depth: usize, visit: &mut dyn FnMut(&Path)) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    for entry in fs::read_dir(root.join(folder))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && name != "target" && !name.to_string_lossy().starts_with('.') {
            let inner = folder.join(name);
            visit(&inner);
            walk(root, &inner, depth, visit);
        }
    }
}

/// Whether `pattern` matches all of `text`: `*` and `?` stay within one part of a path, `**` does
/// not.
fn glob_matches(pattern: &str, text: &str) -> bool {
    fn parts(pattern: &[&str], text: &[&str]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (["**", rest @ ..], _) => {
                parts(rest, text) || !text.is_empty() && parts(pattern, &text[1..])
            }
            ([first, rest @ ..], [part, others @ ..]) => {
                part_matches(first.as_bytes(), part.as_bytes()) && parts(rest, others)
            }
            _ => false,
        }
    }
    fn part_matches(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => {
                part_matches(rest, text) || !text.is_empty() && part_matches(pattern, &text[1..])
            }
            ([b'?', rest @ ..], [_, others @ ..]) => part_matches(rest, others),
            ([first, rest @ ..], [byte, others @ ..]) => {
                first == byte && part_matches(rest, others)
            }
            _ => false,
        }
    }
    let pattern: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
    let text: Vec<&str> = text.trim_end_matches('/').split('/').collect();
    parts(&pattern, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_as_cargo_does() {
        for (pattern, path, expected) in [
            ("services/*", "services/orders", true),
            ("services/*", "services/orders/api", false),
            ("services/**", "services/orders/api", true),
            ("*", "orders", true),
            ("*", "services/orders", false),
            ("services/ord?rs", "services/orders", true),
            ("services", "services/orders", false),
            ("services/o*s", "services/orders", true),
            ("services/o*x", "services/orders", false),
        ] {
            assert_eq!(glob_matches(pattern, path), expected, "{pattern} {path}");
        }
    }
}
