//! Edits to a workspace manifest that somebody else wrote: one entry more or less, and every other
//! byte as it was.

use std::ops::Range;

use toml_edit::{Array, Document, Item};

use crate::error::{Error, Result};

/// Adds `member` to `[workspace] members`. In a sorted list it goes to its place, else to the end.
pub(crate) fn add_member(manifest: &str, member: &str) -> Result<String> {
    let document = document(manifest)?;
    let Some(array) = members(&document) else {
        return insert_key(manifest, &document, member);
    };
    let list = List::of(manifest, array)?;
    let quote = if manifest[list.start..].starts_with('\'') {
        '\''
    } else {
        '"'
    };
    let entry = format!("{quote}{member}{quote}");
    let names: Vec<&str> = array.iter().filter_map(|value| value.as_str()).collect();
    let place = if names.is_sorted() {
        names.partition_point(|name| *name < member)
    } else {
        names.len()
    };
    let edited = match list.is_lines(manifest) {
        true => list.insert_line(manifest, &entry, place),
        false => list.insert_inline(manifest, &entry, place),
    };
    verified(manifest, edited, |members| members.push(member.to_owned()))
}

/// Takes `member` out of `[workspace] members`: the inverse of [`add_member`].
pub(crate) fn remove_member(manifest: &str, member: &str) -> Result<String> {
    let document = document(manifest)?;
    let array = members(&document).ok_or_else(|| broken("it has no members"))?;
    let list = List::of(manifest, array)?;
    let place = array
        .iter()
        .position(|value| value.as_str() == Some(member))
        .ok_or_else(|| broken("it does not have that member"))?;
    let edited = match list.is_lines(manifest) {
        true => list.remove_line(manifest, place),
        false => list.remove_inline(manifest, place),
    };
    verified(manifest, edited, |members| {
        members.retain(|other| other != member)
    })
}

/// Where a list and its entries are in the text.
struct List {
    /// Of the first entry, or of the closing bracket.
    start: usize,
    end: usize,
    open: usize,
    entries: Vec<Range<usize>>,
}

impl List {
    fn of(manifest: &str, array: &Array) -> Result<Self> {
        let span = array.span();
        let span = span.ok_or_else(|| broken("it has no place for members"))?;
        let entries: Vec<_> = array.iter().filter_map(|value| value.span()).collect();
        debug_assert!(manifest[span.clone()].starts_with('['));
        Ok(Self {
            open: span.start + 1,
            end: span.end - 1,
            start: entries.first().map_or(span.end - 1, |first| first.start),
            entries,
        })
    }

    /// Whether each entry has a line of its own.
    fn is_lines(&self, manifest: &str) -> bool {
        let starts = self.entries.iter().map(|entry| entry.start);
        let ends = self.entries.iter().map(|entry| entry.end);
        let mut gaps = std::iter::once(self.open)
            .chain(ends)
            .zip(starts.chain([self.end]));
        !self.entries.is_empty() && gaps.all(|(from, to)| manifest[from..to].contains('\n'))
    }

    /// A comment belongs to the entry on its line, or to the one below it. So a new entry goes right
    /// below the line of the one before it, and a first one right below the bracket.
    fn insert_line(&self, manifest: &str, entry: &str, place: usize) -> String {
        let newline = if manifest.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let indent = &manifest[line_start(manifest, self.start)..self.start];
        let Some(before) = place.checked_sub(1).map(|place| &self.entries[place]) else {
            let line = format!("{indent}{entry},{newline}");
            return splice(manifest, line_end(manifest, self.open), &line);
        };
        let below = line_end(manifest, before.end);
        if manifest[before.end..].trim_start().starts_with(',') {
            return splice(manifest, below, &format!("{indent}{entry},{newline}"));
        }
        let added = splice(manifest, below, &format!("{indent}{entry}{newline}"));
        splice(&added, before.end, ",")
    }

    /// The line goes, comment and all; a list whose last entry had no comma has none after it.
    fn remove_line(&self, manifest: &str, place: usize) -> String {
        let here = &self.entries[place];
        let line = line_start(manifest, here.start)..line_end(manifest, here.end);
        let has_comma = manifest[here.end..].trim_start().starts_with(',');
        let cut = format!("{}{}", &manifest[..line.start], &manifest[line.end..]);
        match place.checked_sub(1).map(|place| &self.entries[place]) {
            Some(before) if !has_comma && cut[before.end..].starts_with(',') => {
                format!("{}{}", &cut[..before.end], &cut[before.end + 1..])
            }
            _ => cut,
        }
    }

    /// The way from the one entry to the next is the list's own style.
    fn insert_inline(&self, manifest: &str, entry: &str, place: usize) -> String {
        let gap = match self.entries.as_slice() {
            [first, second, ..] => &manifest[first.end..second.start],
            _ => ", ",
        };
        // What is said between the first two is said of them.
        let gap = match gap.contains('#') {
            true => ", ",
            false => gap,
        };
        match (self.entries.get(place), self.entries.last()) {
            (Some(next), _) => splice(manifest, next.start, &format!("{entry}{gap}")),
            (None, Some(last)) => splice(manifest, last.end, &format!("{gap}{entry}")),
            (None, None) => splice(manifest, self.end, entry),
        }
    }

    /// The last one goes with the way that leads to it, any other with the way that leads on.
    fn remove_inline(&self, manifest: &str, place: usize) -> String {
        let here = &self.entries[place];
        let before = place.checked_sub(1).map(|place| &self.entries[place]);
        let cut = match (before, self.entries.get(place + 1)) {
            (Some(before), None) => before.end..here.end,
            (_, Some(next)) => here.start..next.start,
            (None, None) => here.clone(),
        };
        format!("{}{}", &manifest[..cut.start], &manifest[cut.end..])
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Where the next line begins.
fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}

/// A manifest without a list of members gets one, right below its `[workspace]`, or above the first
/// of its `[workspace.…]`.
fn insert_key(manifest: &str, document: &Document<String>, member: &str) -> Result<String> {
    let newline = if manifest.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let table = document.get("workspace").and_then(Item::as_table);
    let table = table.ok_or_else(|| {
        broken("its [workspace] is not a table of its own")
            .help(format!("add members = [\"{member}\"] to it"))
    })?;
    let line = format!("members = [\"{member}\"]{newline}");
    let edited = if table.is_dotted() || table.is_implicit() {
        let keys = table.iter().filter_map(|(key, _)| table.key(key)?.span());
        let first = keys.map(|key| key.start).min();
        let first = first.ok_or_else(|| broken("it has no place for members"))?;
        let text = match table.is_dotted() {
            true => format!("workspace.{line}"),
            false => format!("[workspace]{newline}{line}{newline}"),
        };
        splice(manifest, line_start(manifest, first), &text)
    } else {
        let header = table.span().map_or(0, |header| header.start);
        match manifest[header..].contains('\n') {
            true => splice(manifest, line_end(manifest, header), &line),
            false => format!("{manifest}{newline}{line}"),
        }
    };
    verified(manifest, edited, |members| members.push(member.to_owned()))
}

/// Parses the result again: the members are the old ones and the change, and nothing else differs.
fn verified(before: &str, after: String, change: impl FnOnce(&mut Vec<String>)) -> Result<String> {
    let list = |text: &str| -> Result<Vec<String>> {
        let document = document(text)?;
        Ok(members(&document)
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect())
    };
    let (mut expected, mut got) = (list(before)?, list(&after)?);
    change(&mut expected);
    expected.sort();
    got.sort();
    if expected != got {
        return Err(broken(
            "its list of members is written in a way that cannot be edited safely",
        ));
    }
    Ok(after)
}

fn members(document: &Document<String>) -> Option<&Array> {
    document.get("workspace")?.get("members")?.as_array()
}

fn document(manifest: &str) -> Result<Document<String>> {
    Document::parse(manifest.to_owned()).map_err(|error| broken(error.to_string().trim_end()))
}

fn broken(why: &str) -> Error {
    Error::failed(format!("cannot edit the workspace's Cargo.toml: {why}"))
}

fn splice(text: &str, at: usize, insert: &str) -> String {
    format!("{}{insert}{}", &text[..at], &text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adding gives exactly `after`, and removing gives `before` back.
    #[track_caller]
    fn round_trip(before: &str, after: &str) {
        let added =
            add_member(before, "services/m").unwrap_or_else(|error| panic!("{}", error.message));
        assert_eq!(added, after);
        assert_eq!(
            remove_member(&added, "services/m").unwrap_or_else(|error| panic!("{}", error.message)),
            before
        );
    }

    #[test]
    fn lists_keep_their_style() {
        round_trip(
            "[workspace]\nmembers = [\"a\", \"z\"]\n",
            "[workspace]\nmembers = [\"a\", \"services/m\", \"z\"]\n",
        );
        round_trip(
            "[workspace]\nmembers = [\"a\"]",
            "[workspace]\nmembers = [\"a\", \"services/m\"]",
        );
        round_trip(
            "[workspace]\nmembers = ['z', 'a']\n",
            "[workspace]\nmembers = ['z', 'a', 'services/m']\n",
        );
        round_trip(
            "[workspace]\nmembers=[\"a\",\"z\"]\n",
            "[workspace]\nmembers=[\"a\",\"services/m\",\"z\"]\n",
        );
        round_trip(
            "workspace.members = [ \"a\" ]\n",
            "workspace.members = [ \"a\", \"services/m\" ]\n",
        );
        round_trip(
            "workspace = { members = [\"a\"], resolver = \"3\" }\n",
            "workspace = { members = [\"a\", \"services/m\"], resolver = \"3\" }\n",
        );
        round_trip(
            "[workspace]\nmembers = []\n",
            "[workspace]\nmembers = [\"services/m\"]\n",
        );
    }

    #[test]
    fn lines_comments_and_commas_keep_their_place() {
        round_trip(
            "[workspace]\nmembers = [\n    \"a\",  # first\n    \"z\",\n    # the end\n]\n",
            "[workspace]\nmembers = [\n    \"a\",  # first\n    \"services/m\",\n    \"z\",\n    # the end\n]\n",
        );
        round_trip(
            "[workspace]\nmembers = [\n\t\"z\",\n\t\"a\" # last\n]\n[package]\nname = \"x\"\n",
            "[workspace]\nmembers = [\n\t\"z\",\n\t\"a\", # last\n\t\"services/m\"\n]\n[package]\nname = \"x\"\n",
        );
        round_trip(
            "[workspace]\r\nmembers = [\r\n  \"a\",\r\n]\r\n",
            "[workspace]\r\nmembers = [\r\n  \"a\",\r\n  \"services/m\",\r\n]\r\n",
        );
        round_trip(
            "[workspace]\nmembers = [ # all\n  # about z\n  \"z\",\n]\n",
            "[workspace]\nmembers = [ # all\n  \"services/m\",\n  # about z\n  \"z\",\n]\n",
        );
        round_trip(
            "[workspace]\nmembers = [\n  \"a\",\n  # about z\n  \"z\"\n]\n",
            "[workspace]\nmembers = [\n  \"a\",\n  \"services/m\",\n  # about z\n  \"z\"\n]\n",
        );
        round_trip(
            "[workspace]\nmembers = [\n  \"a\", \"b\",\n  \"c\",\n]\n",
            "[workspace]\nmembers = [\n  \"a\", \"b\",\n  \"c\", \"services/m\",\n]\n",
        );
    }

    #[test]
    fn a_comment_is_not_said_twice() {
        round_trip(
            "[workspace]\nmembers = [\n  \"a\", # the first\n  \"b\", \"c\",\n]\n",
            "[workspace]\nmembers = [\n  \"a\", # the first\n  \"b\", \"c\", \"services/m\",\n]\n",
        );
    }

    #[test]
    fn a_manifest_without_members_gets_a_list() {
        let added = add_member("[workspace]\nresolver = \"3\"\n", "services/m").unwrap();
        assert_eq!(
            added,
            "[workspace]\nmembers = [\"services/m\"]\nresolver = \"3\"\n"
        );
        assert_eq!(
            add_member("[workspace]", "services/m").unwrap(),
            "[workspace]\nmembers = [\"services/m\"]\n"
        );
        let sections = "# ours\n[workspace.metadata.a]\nb = 1\n[workspace.dependencies]\n";
        assert_eq!(
            add_member(sections, "services/m").unwrap(),
            sections.replacen(
                "ours\n",
                "ours\n[workspace]\nmembers = [\"services/m\"]\n\n",
                1
            )
        );
        assert_eq!(
            add_member("# ours\nworkspace.resolver = \"2\"\n", "services/m").unwrap(),
            "# ours\nworkspace.members = [\"services/m\"]\nworkspace.resolver = \"2\"\n"
        );
    }
}
