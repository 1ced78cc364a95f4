//! Reads single values, with their lines, out of files in several languages.

use std::path::Path;

/// A value and its line, from one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) line: usize,
    pub(super) says: String,
}

pub(super) struct File {
    lines: Vec<String>,
}

impl File {
    pub(super) fn read(root: &Path, name: &str) -> Option<Self> {
        let text = std::fs::read_to_string(root.join(name)).ok()?;
        let lines = text.lines().map(str::to_owned).collect();
        Some(Self { lines })
    }

    /// Lines without comments, with their numbers.
    fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.lines.iter().enumerate();
        lines
            .map(|(index, line)| (index + 1, line.as_str()))
            .filter(|(_, line)| !line.trim_start().starts_with('#'))
    }

    /// The values of a key of YAML, however deep it is.
    pub(super) fn values(&self, key: &str) -> Vec<Found> {
        self.numbered()
            .filter_map(|(line, text)| value(line, text, key))
            .collect()
    }

    /// The values of `key` in the mapping `parent`, at any depth.
    pub(super) fn below(&self, parent: &str, key: &str) -> Vec<Found> {
        let opens = |(_, text): &(usize, &str)| text.trim() == format!("{parent}:");
        let mut found = Vec::new();
        for (line, text) in self.numbered().filter(opens) {
            let inside = self.numbered().skip_while(|(other, _)| *other <= line);
            let inside = inside
                .take_while(|(_, other)| other.trim().is_empty() || indent(other) > indent(text));
            // The first one: labels and the like have names of their own.
            found.extend(
                inside
                    .filter_map(|(line, text)| value(line, text, key))
                    .next(),
            );
        }
        found
    }

    /// The value of `key` in the items of lists that are named `name`.
    pub(super) fn of_item(&self, name: &str, key: &str) -> Vec<Found> {
        let lines: Vec<(usize, &str)> = self.numbered().collect();
        let starts = |text: &str| text.trim_start().starts_with("- ");
        let mut found = Vec::new();
        for (index, (_, text)) in lines
            .iter()
            .enumerate()
            .filter(|(_, (_, text))| starts(text))
        {
            let rest = lines[index + 1..].iter();
            let rest = rest.take_while(|(_, other)| indent(other) > indent(text));
            let item: Vec<_> = std::iter::once(&lines[index]).chain(rest).collect();
            let get = |key: &str| item.iter().find_map(|(line, text)| value(*line, text, key));
            if get("name").is_some_and(|it| it.says == name) {
                found.extend(get(key));
            }
        }
        found
    }

    /// What follows `prefix`, as far as the characters are `part` of it; comments too.
    pub(super) fn after(&self, prefix: &str, part: impl Fn(char) -> bool) -> Vec<Found> {
        let mut found = Vec::new();
        for (index, text) in self.lines.iter().enumerate() {
            for (at, _) in text.match_indices(prefix) {
                let says = text[at + prefix.len()..].chars().take_while(|c| part(*c));
                found.push(Found {
                    line: index + 1,
                    says: says.collect(),
                });
            }
        }
        found
    }

    /// What stands before `suffix` in names of environment variables; comments too.
    pub(super) fn prefixes(&self, suffix: &str) -> Vec<Found> {
        let mut found = Vec::new();
        for (index, text) in self.lines.iter().enumerate() {
            let part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
            for word in text.split(|c| !part(c)) {
                let prefix = word.split_once(suffix).map(|(prefix, _)| prefix);
                found.extend(prefix.filter(|it| !it.is_empty()).map(|prefix| Found {
                    line: index + 1,
                    says: prefix.to_owned(),
                }));
            }
        }
        found
    }

    /// The number at the end of each comparison with a rate of faults.
    pub(super) fn budgets(&self) -> Vec<Found> {
        let compares = |text: &str| text.contains("faults:ratio_rate") && text.contains("} > ");
        let lines = self.numbered().filter(|(_, text)| compares(text));
        let number = |(line, text): (usize, &str)| {
            let says = text.split_whitespace().next_back()?.to_owned();
            Some(Found { line, says })
        };
        lines.filter_map(number).collect()
    }

    /// A setting of a TOML file.
    pub(super) fn setting(&self, section: &str, key: &str) -> Option<Found> {
        let header = format!("[{section}]");
        let inside = self
            .numbered()
            .skip_while(|(_, text)| text.trim() != header)
            .skip(1);
        inside
            .take_while(|(_, text)| !text.trim_start().starts_with('['))
            .find_map(|(line, text)| {
                let (name, value) = text.split_once('=')?;
                let says = value.split('#').next()?.trim().to_owned();
                (name.trim() == key).then_some(Found { line, says })
            })
    }
}

pub(super) fn yaml_files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".yaml")).collect();
    names.sort();
    names
}

fn value(line: usize, text: &str, key: &str) -> Option<Found> {
    let text = text.trim_start();
    let text = text.strip_prefix("- ").unwrap_or(text);
    let says = text.strip_prefix(key)?.strip_prefix(':')?;
    let says = says.split(" #").next().unwrap_or(says).trim();
    let says = says.trim_matches(['"', '\'']);
    let found = Found {
        line,
        says: says.to_owned(),
    };
    (!says.is_empty()).then_some(found)
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}
