//! `Cargo.lock` for new packages, without asking cargo: everything that a service depends on is
//! locked already, so two entries are written where cargo would write them. A case that is not that
//! plain is left to cargo.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Document, Item};

use crate::error::{Error, Result};
use crate::workspace::{declared, needs};

/// A package of the workspace as the lock file sees it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) version: String,
    /// All its dependencies, whatever their kind, by the name of the package.
    pub(crate) dependencies: BTreeMap<String, Origin>,
    /// See [`needs`].
    pub(crate) needs: BTreeSet<String>,
}

/// Where a manifest takes a dependency from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `workspace = true`: from wherever the other members take it.
    Workspace,
    Path,
    /// The URL, or `None` for a certain branch, tag or commit of it.
    Git(Option<String>),
    /// The version that is asked for.
    Registry(String),
}

/// Where a dependency comes from, as its line in a manifest says.
fn origin(dependency: &Item) -> Origin {
    let text = |key: &str| dependency.get(key).and_then(Item::as_str);
    let is_pinned = ["branch", "tag", "rev"]
        .iter()
        .any(|key| dependency.get(key).is_some());
    match (text("git"), text("path"), dependency.get("workspace")) {
        (Some(url), ..) => Origin::Git((!is_pinned).then(|| url.to_owned())),
        (None, Some(_), _) => Origin::Path,
        (None, None, Some(_)) => Origin::Workspace,
        (None, None, None) => {
            let version = dependency.as_str().or(text("version"));
            Origin::Registry(version.unwrap_or_default().to_owned())
        }
    }
}

/// What the lock file has to know of the rendered packages.
pub(crate) fn entries(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Entry>> {
    let manifests = files
        .iter()
        .filter(|(path, _)| *path == "Cargo.toml" || path.ends_with("/Cargo.toml"));
    let read = |(path, content): (&String, &Vec<u8>)| -> Result<Entry> {
        let text = String::from_utf8_lossy(content).into_owned();
        let document = Document::parse(text).map_err(|error| {
            Error::usage(format!("the template's {path} is no TOML: {error}").trim_end())
        })?;
        let package = |key: &str| {
            document
                .get("package")
                .and_then(|package| package.get(key))
                .and_then(Item::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let called = |(key, item): (&str, &Item)| {
            let renamed = item.get("package").and_then(Item::as_str);
            (renamed.unwrap_or(key).to_owned(), origin(item))
        };
        Ok(Entry {
            name: package("name"),
            version: package("version"),
            dependencies: declared(&document).map(called).collect(),
            needs: needs(&document),
        })
    };
    manifests.map(read).collect()
}

/// The lock file with `entries` added, or `None` where only cargo can tell: a dependency that is
/// not locked yet, or locked in several versions, or from elsewhere.
pub(crate) fn add(lock: &str, entries: &[Entry]) -> Option<String> {
    let newline = if lock.contains("\r\n") { "\r\n" } else { "\n" };
    let mut blocks = Blocks::of(lock, newline)?;
    let new: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    for entry in entries {
        for (dependency, from) in &entry.dependencies {
            let is_called_so = |package: &&Block| package.name == *dependency;
            let mut locked = blocks.packages.iter().filter(is_called_so);
            let is_known = match (locked.next(), new.contains(dependency.as_str())) {
                (Some(package), false) => locked.next().is_none() && package.comes(from),
                (None, true) => *from == Origin::Path,
                _ => false,
            };
            if !is_known {
                return None;
            }
        }
    }
    for entry in entries {
        let mut lines = vec![
            "[[package]]".to_owned(),
            format!("name = \"{}\"", entry.name),
            format!("version = \"{}\"", entry.version),
        ];
        if !entry.dependencies.is_empty() {
            lines.push("dependencies = [".to_owned());
            lines.extend(
                entry
                    .dependencies
                    .keys()
                    .map(|dependency| format!(" \"{dependency}\",")),
            );
            lines.push("]".to_owned());
        }
        let text: String = lines
            .iter()
            .map(|line| format!("{line}{newline}"))
            .collect();
        let place = blocks
            .packages
            .partition_point(|package| package.name < entry.name);
        blocks.packages.insert(
            place,
            Block {
                name: entry.name.clone(),
                text,
            },
        );
    }
    Some(blocks.join(newline))
}

/// The lock file without the packages called `names`, and whether that is all there is to it: what
/// only they depended on stays for cargo to drop.
pub(crate) fn remove(lock: &str, names: &[String]) -> Option<(String, bool)> {
    let newline = if lock.contains("\r\n") { "\r\n" } else { "\n" };
    let mut blocks = Blocks::of(lock, newline)?;
    let (gone, stay): (Vec<_>, Vec<_>) = blocks
        .packages
        .into_iter()
        .partition(|package| names.contains(&package.name));
    let needed: BTreeSet<&str> = stay.iter().flat_map(Block::dependencies).collect();
    let complete = gone
        .iter()
        .flat_map(Block::dependencies)
        .all(|name| needed.contains(name) || names.iter().any(|gone| gone == name));
    blocks.packages = stay;
    Some((blocks.join(newline), complete))
}

/// The packages of `before` that `after` has in another version only, or not at all, one line each.
pub(crate) fn moved(before: &str, after: &str) -> Vec<String> {
    let versions = |lock: &str| -> BTreeMap<String, BTreeSet<String>> {
        let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut name = None;
        for line in lock.lines() {
            let value = |key: &str| line.strip_prefix(key)?.strip_suffix('"').map(str::to_owned);
            if let Some(found) = value("name = \"") {
                name = Some(found);
            } else if let (Some(version), Some(name)) = (value("version = \""), name.take()) {
                versions.entry(name).or_default().insert(version);
            }
        }
        versions
    };
    let (before, after) = (versions(before), versions(after));
    let mut moved = Vec::new();
    for (name, old) in &before {
        let new = after.get(name).cloned().unwrap_or_default();
        let gone: Vec<&str> = old.difference(&new).map(String::as_str).collect();
        let came: Vec<&str> = new.difference(old).map(String::as_str).collect();
        if !gone.is_empty() {
            let came = match came.is_empty() {
                true => "no longer locked".to_owned(),
                false => format!("to {}", came.join(", ")),
            };
            moved.push(format!("{name} {} {came}", gone.join(", ")));
        }
    }
    moved
}

struct Blocks {
    /// What is before the first package.
    head: String,
    packages: Vec<Block>,
}

struct Block {
    name: String,
    /// Its lines, each with its end, and without the empty line after them.
    text: String,
}

impl Block {
    /// As they are written: a name, and a version where there are several.
    fn dependencies(&self) -> impl Iterator<Item = &str> {
        let entries = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix(" \""));
        entries.filter_map(|rest| rest.strip_suffix("\","))
    }

    fn value(&self, key: &str) -> Option<&str> {
        let mut lines = self.text.lines();
        lines.find_map(|line| {
            line.strip_prefix(key)?
                .strip_prefix(" = \"")?
                .strip_suffix('"')
        })
    }

    /// Whether this is surely what `from` asks for.
    fn comes(&self, from: &Origin) -> bool {
        let source = self.value("source");
        match from {
            Origin::Workspace => true,
            Origin::Path => source.is_none(),
            Origin::Git(None) => false,
            Origin::Git(Some(url)) => source
                .and_then(|source| source.strip_prefix("git+")?.strip_prefix(url.as_str()))
                .is_some_and(|rest| rest.starts_with('#')),
            Origin::Registry(wanted) => {
                let is_registry = source.is_some_and(|source| source.starts_with("registry+"));
                is_registry && satisfies(self.value("version").unwrap_or_default(), wanted)
            }
        }
    }
}

/// Whether `version` surely satisfies `wanted`, which is understood in its plain form: `1`, `0.14`,
/// `1.50.2`.
fn satisfies(version: &str, wanted: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        text.split('.').map(|part| part.parse().ok()).collect()
    };
    let (Some(version), Some(wanted)) = (numbers(version), numbers(wanted)) else {
        return false;
    };
    // Up to the first number that is not 0 it is the same, and from there on at least as much.
    let fixed = wanted.iter().position(|number| *number != 0);
    fixed.is_some_and(|fixed| version.get(..=fixed) == wanted.get(..=fixed)) && version >= wanted
}

impl Blocks {
    /// Only the format that cargo itself writes is understood: packages sorted by name, an empty
    /// line between them.
    fn of(lock: &str, newline: &str) -> Option<Self> {
        let separator = format!("{newline}{newline}[[package]]{newline}");
        let mut parts = lock.split(&separator);
        let head = parts.next()?.to_owned();
        let packages = parts
            .map(|part| {
                let part = part.trim_end_matches(['\r', '\n']);
                let name = part
                    .lines()
                    .next()?
                    .strip_prefix("name = \"")?
                    .strip_suffix('"')?
                    .to_owned();
                Some(Block {
                    name,
                    text: format!("[[package]]{newline}{part}{newline}"),
                })
            })
            .collect::<Option<Vec<_>>>()?;
        let sorted = packages.is_sorted_by(|a, b| a.name <= b.name);
        let plain = head.lines().all(is_head)
            && packages
                .iter()
                .all(|package| package.text.lines().all(is_of_a_package));
        (sorted && plain && head.contains("version = ")).then_some(Self { head, packages })
    }

    fn join(&self, newline: &str) -> String {
        let packages = self
            .packages
            .iter()
            .map(|package| format!("{newline}{}", package.text));
        format!("{}{newline}{}", self.head, packages.collect::<String>())
    }
}

fn is_head(line: &str) -> bool {
    line.is_empty() || line.starts_with("# ") || line.starts_with("version = ")
}

/// Whether cargo writes such a line. Anything else is what git leaves in a conflict, say.
fn is_of_a_package(line: &str) -> bool {
    let keys = [
        "name = \"",
        "version = \"",
        "source = \"",
        "checksum = \"",
        " \"",
    ];
    ["[[package]]", "dependencies = [", "]"].contains(&line)
        || keys.iter().any(|key| line.starts_with(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n\n\
        [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry\"\n\n\
        [[package]]\nname = \"d\"\nversion = \"1.0.0\"\n\n\
        [[package]]\nname = \"d\"\nversion = \"2.0.0\"\n\n\
        [[package]]\nname = \"z\"\nversion = \"1.0.0\"\ndependencies = [\n \"a\",\n]\n";

    fn entry(name: &str, dependencies: &[&str]) -> Entry {
        let from = |name: &str| match name {
            "orders-api" => Origin::Path,
            _ => Origin::Workspace,
        };
        let dependencies = dependencies
            .iter()
            .map(|name| ((*name).to_owned(), from(name)))
            .collect();
        Entry {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            dependencies,
            needs: BTreeSet::new(),
        }
    }

    #[test]
    fn new_packages_go_where_cargo_puts_them_and_come_out_again() {
        let added = add(
            LOCK,
            &[
                entry("orders", &["orders-api", "a", "z"]),
                entry("orders-api", &[]),
            ],
        )
        .unwrap();
        let expected = LOCK.replace(
            "[[package]]\nname = \"z\"",
            "[[package]]\nname = \"orders\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n \"orders-api\",\n \"z\",\n]\n\n\
             [[package]]\nname = \"orders-api\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"z\"",
        );
        assert_eq!(added, expected);
        assert_eq!(
            remove(&added, &["orders".to_owned(), "orders-api".to_owned()]).unwrap(),
            (LOCK.to_owned(), false),
            "nobody else depends on z"
        );
    }

    #[test]
    fn what_only_cargo_can_tell_is_left_to_it() {
        assert!(add(LOCK, &[entry("orders", &["not-locked"])]).is_none());
        assert!(
            add(LOCK, &[entry("orders", &["d"])]).is_none(),
            "two versions"
        );
        assert!(add("", &[entry("orders", &[])]).is_none());
        let conflict = "<<<<<<< ours\n";
        let within = LOCK.replace("name = \"z\"", "<<<<<<< ours\nname = \"z\"");
        let patched = format!("{LOCK}\n[[patch.unused]]\nname = \"y\"\nversion = \"1.0.0\"\n");
        for unusual in [conflict, &format!("{conflict}{LOCK}"), &within, &patched] {
            assert!(add(unusual, &[entry("orders", &[])]).is_none(), "{unusual}");
        }
    }

    #[test]
    fn packages_that_move_are_named_and_new_ones_are_not() {
        let after = LOCK.replacen("version = \"1.0.0\"", "version = \"1.0.7\"", 1);
        assert_eq!(moved(LOCK, &after), ["a 1.0.0 to 1.0.7"]);
        let more = format!("{LOCK}\n[[package]]\nname = \"zz\"\nversion = \"1.0.0\"\n");
        assert_eq!(moved(LOCK, &more), [""; 0]);
        assert_eq!(moved(&more, LOCK), ["zz 1.0.0 no longer locked"]);
        let second = format!("{LOCK}\n[[package]]\nname = \"z\"\nversion = \"2.0.0\"\n");
        assert_eq!(
            moved(LOCK, &second),
            [""; 0],
            "a second version moves nothing"
        );
    }

    #[test]
    fn a_dependency_that_is_locked_from_elsewhere_is_left_to_cargo() {
        let lock = "version = 4\n\n\
            [[package]]\nname = \"by-git\"\nversion = \"0.1.0\"\nsource = \"git+https://example.com/kit#0a1b\"\n\n\
            [[package]]\nname = \"by-path\"\nversion = \"0.1.0\"\n\n\
            [[package]]\nname = \"by-registry\"\nversion = \"0.14.2\"\nsource = \"registry+https://example.com/index\"\n";
        let git = |url: &str| Origin::Git(Some(url.to_owned()));
        let registry = |wanted: &str| Origin::Registry(wanted.to_owned());
        let kit = "https://example.com/kit";
        for (name, from, is_known) in [
            ("by-git", git(kit), true),
            ("by-git", git("https://example.com/ki"), false),
            ("by-git", Origin::Git(None), false),
            ("by-git", Origin::Path, false),
            ("by-git", registry("0.1"), false),
            ("by-path", Origin::Path, true),
            ("by-path", git(kit), false),
            ("by-path", registry("0.1"), false),
            ("by-registry", registry("0.14"), true),
            ("by-registry", registry("0.14.2"), true),
            ("by-registry", registry("0.14.3"), false),
            ("by-registry", registry("0.13"), false),
            ("by-registry", registry("1"), false),
            ("by-registry", registry("0"), false),
            ("by-registry", registry(">=0.14"), false),
            ("by-registry", Origin::Path, false),
            ("by-registry", git(kit), false),
            ("by-registry", Origin::Workspace, true),
        ] {
            let mut entry = entry("orders", &[]);
            entry.dependencies.insert(name.to_owned(), from.clone());
            let added = add(lock, &[entry]);
            assert_eq!(added.is_some(), is_known, "{name} {from:?}");
        }
        assert!(satisfies("1.54.1", "1.50") && satisfies("1.0.0", "1"));
        assert!(!satisfies("1.49.9", "1.50") && !satisfies("1.0.0-rc.1", "1"));
    }
}
