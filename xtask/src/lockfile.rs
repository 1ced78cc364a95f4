//! `Cargo.lock` for new packages, without asking cargo: everything that a service depends on is
//! locked already, so two entries are written where cargo would write them. A case that is not that
//! plain is left to cargo.

use std::collections::BTreeSet;

/// A package of the workspace as the lock file sees it.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Names of all its dependencies, whatever their kind.
    pub(crate) dependencies: BTreeSet<String>,
}

/// The lock file with `entries` added, or `None` where only cargo can tell: a dependency that is
/// not locked yet, or locked in several versions.
pub(crate) fn add(lock: &str, entries: &[Entry]) -> Option<String> {
    let newline = if lock.contains("\r\n") { "\r\n" } else { "\n" };
    let mut blocks = Blocks::of(lock, newline)?;
    let new: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    for entry in entries {
        for dependency in &entry.dependencies {
            let locked = blocks
                .packages
                .iter()
                .filter(|package| package.name == *dependency)
                .count();
            if locked + usize::from(new.contains(dependency.as_str())) != 1 {
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
                    .iter()
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
        let plain = !packages
            .iter()
            .any(|package| package.text.contains("[metadata]") || package.text.contains("[[patch"));
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

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\nversion = 4\n\n\
        [[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry\"\n\n\
        [[package]]\nname = \"d\"\nversion = \"1.0.0\"\n\n\
        [[package]]\nname = \"d\"\nversion = \"2.0.0\"\n\n\
        [[package]]\nname = \"z\"\nversion = \"1.0.0\"\ndependencies = [\n \"a\",\n]\n";

    fn entry(name: &str, dependencies: &[&str]) -> Entry {
        let dependencies = dependencies.iter().map(|name| (*name).to_owned()).collect();
        Entry {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            dependencies,
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
        assert!(add("<<<<<<< ours\n", &[entry("orders", &[])]).is_none());
    }
}
