//! `boundaries.baseline.toml`: the uses that are against a boundary and were there before it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::file::{TextFile, shown};
use super::key::{KINDS, Key, did_you_mean, kind, nearest};
use crate::error::{Error, Result};

/// What this program writes, and the only one that it reads.
pub(crate) const SCHEMA: i64 = 1;

/// The entries with their counts. No file is no entries: `check` never makes one, so a lost baseline
/// lets nothing pass.
#[derive(Debug, Default)]
pub(crate) struct Baseline {
    pub(crate) entries: BTreeMap<Key, Entry>,
    /// What stands before the first entry, to be kept.
    pub(crate) head: Option<String>,
}

/// A tolerated key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) count: u32,
    /// Why it was let in after the baseline was first made.
    pub(crate) reason: Option<String>,
    /// Its line in the file.
    pub(crate) line: u32,
    /// Comments of its own on the lines above, to be kept with it.
    pub(crate) comments: Vec<String>,
    /// A comment at the end of its line.
    pub(crate) remark: Option<String>,
}

#[derive(Deserialize)]
struct Versioned {
    schema: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[expect(dead_code, reason = "read before, by `Versioned`")]
    schema: i64,
    entries: Vec<Spanned<WrittenEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    from: Spanned<String>,
    to: Spanned<String>,
    kind: Spanned<String>,
    count: Spanned<i64>,
    reason: Option<Spanned<String>>,
}

impl Baseline {
    /// Reads `path`; a file that is not there has no entries.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        match TextFile::read(path)? {
            Some(file) => Self::parse(&file),
            None => Ok(Self::default()),
        }
    }

    pub(crate) fn parse(file: &TextFile) -> Result<Self> {
        let malformed = |error| file.malformed(&error);
        // The version first: what another one's entries look like, this program cannot know.
        let versioned: Versioned = toml::from_str(&file.text).map_err(malformed)?;
        version(file, versioned.schema)?;
        let written: Written = toml::from_str(&file.text).map_err(malformed)?;
        let mut baseline = Self {
            entries: BTreeMap::new(),
            head: head(&file.text),
        };
        let lines: Vec<&str> = file.text.lines().collect();
        for entry in written.entries {
            let span = entry.span();
            let (key, mut read) = checked(file, entry)?;
            read.comments = comments(&lines, read.line);
            read.remark = remark(file.text.get(span.end..).unwrap_or_default());
            let line = read.line;
            if let Some(first) = baseline.entries.insert(key, read) {
                let message = format!("line {} has an entry of these names already", first.line);
                return Err(file.error(&span, message).help(format!(
                    "keep one, with the larger count, and let `boundary check` say whether it is true (line {line})"
                )));
            }
        }
        Ok(baseline)
    }

    /// How many uses are tolerated.
    pub(crate) fn uses(&self) -> u64 {
        let counts = self.entries.values().map(|entry| u64::from(entry.count));
        counts.sum()
    }
}

fn version(file: &TextFile, schema: Option<Spanned<i64>>) -> Result<()> {
    let Some(schema) = schema else {
        let message = format!("{} has no `schema`", shown(&file.path));
        return Err(Error::usage(message).help(format!("the first line is `schema = {SCHEMA}`")));
    };
    if *schema.get_ref() == SCHEMA {
        return Ok(());
    }
    let message = format!(
        "the baseline is of schema {}, and carveout-extract {} reads {SCHEMA}",
        schema.get_ref(),
        env!("CARGO_PKG_VERSION")
    );
    let error = file.error(&schema.span(), message);
    Err(error.help("use the version that wrote it; its release notes say how a baseline moves on"))
}

fn checked(file: &TextFile, entry: Spanned<WrittenEntry>) -> Result<(Key, Entry)> {
    let line = file.line(entry.span().start);
    let entry = entry.into_inner();
    for name in [&entry.from, &entry.to] {
        if name.get_ref().trim().is_empty() {
            return Err(file.error(&name.span(), "an empty name"));
        }
        if name.get_ref().contains(['*', '?']) {
            let message = format!("`{}` has a wildcard", name.get_ref());
            let help = "a baseline names each use: a wildcard would let new ones in unseen";
            return Err(file.error(&name.span(), message).help(help));
        }
    }
    let Some(known) = kind(entry.kind.get_ref()) else {
        let kinds = KINDS.map(|kind| kind.name());
        let near = did_you_mean(&nearest(entry.kind.get_ref(), kinds));
        let message = format!("`{}` is no kind of item{near}", entry.kind.get_ref());
        let help = format!("the kinds are {}", kinds.join(", "));
        return Err(file.error(&entry.kind.span(), message).help(help));
    };
    let count = u32::try_from(*entry.count.get_ref()).ok();
    let Some(count) = count.filter(|count| *count > 0) else {
        let message = format!("a count of {} is no count", entry.count.get_ref());
        let help = "an entry that is gone is taken out: `boundary check --update` does it";
        return Err(file.error(&entry.count.span(), message).help(help));
    };
    if let Some(reason) = entry.reason.as_ref()
        && reason.get_ref().trim().is_empty()
    {
        return Err(file.error(&reason.span(), "an empty reason"));
    }
    let key = Key {
        from: entry.from.into_inner(),
        to: entry.to.into_inner(),
        kind: known,
    };
    let entry = Entry {
        count,
        reason: entry.reason.map(Spanned::into_inner),
        line,
        ..Entry::default()
    };
    Ok((key, entry))
}

/// What stands above the array of entries, if the version is there as well.
fn head(text: &str) -> Option<String> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let key = line.split('=').next().unwrap_or_default().trim();
        if key == "entries" {
            let head = text.get(..at)?;
            return head.contains("schema").then(|| head.to_owned());
        }
        at += line.len();
    }
    None
}

/// The comments right above `line`.
fn comments(lines: &[&str], line: u32) -> Vec<String> {
    let above = lines.get(..line as usize - 1).unwrap_or_default();
    let mut found: Vec<String> = above
        .iter()
        .rev()
        .map(|line| line.trim())
        .take_while(|line| line.starts_with('#'))
        .map(str::to_owned)
        .collect();
    found.reverse();
    found
}

fn remark(after: &str) -> Option<String> {
    let rest = after.lines().next()?.trim_start_matches([',', ' ', '\t']);
    rest.starts_with('#').then(|| rest.trim_end().to_owned())
}
