//! Edits to a workspace manifest that somebody else wrote: one entry more or less, and every other
//! byte as it was.

use toml_edit::{Array, Document, Item};

use crate::error::{Error, Result};

/// Adds `member` to `[workspace] members`. In a sorted list it goes to its place, else to the end.
pub(crate) fn add_member(manifest: &str, member: &str) -> Result<String> {
    let document = document(manifest)?;
    let Some(array) = members(&document) else {
        return insert_key(manifest, &document, member);
    };
    let entry = format!("{quote}{member}{quote}", quote = quote_of(manifest, array));
    let spans: Vec<_> = array.iter().filter_map(|value| value.span()).collect();
    let names: Vec<&str> = array.iter().filter_map(|value| value.as_str()).collect();
    let edited = match (spans.first(), spans.last()) {
        (Some(first), Some(last)) => {
            // The way from the one entry to the next is the list's own style; one on its own says
            // it by what is before it.
            let before = array.span().map_or(first.start, |span| span.start + 1);
            let lead = &manifest[before..first.start];
            let gap = match spans.get(1) {
                Some(second) => gap_of(&manifest[first.end..second.start]),
                None if lead.contains('\n') => format!(",{}", last_line(lead)),
                None => ", ".to_owned(),
            };
            let place = if names.is_sorted() {
                names.partition_point(|name| *name < member)
            } else {
                names.len()
            };
            match spans.get(place) {
                Some(next) => splice(manifest, next.start, &format!("{entry}{gap}")),
                None => splice(manifest, last.end, &format!("{gap}{entry}")),
            }
        }
        _ => {
            let end = array
                .span()
                .ok_or_else(|| broken("it has no place for members"))?
                .end
                - 1;
            splice(manifest, end, &entry)
        }
    };
    verified(manifest, edited, |members| members.push(member.to_owned()))
}

/// Takes `member` out of `[workspace] members`: the inverse of [`add_member`].
pub(crate) fn remove_member(manifest: &str, member: &str) -> Result<String> {
    let document = document(manifest)?;
    let array = members(&document).ok_or_else(|| broken("it has no members"))?;
    let spans: Vec<_> = array.iter().filter_map(|value| value.span()).collect();
    let place = array
        .iter()
        .position(|value| value.as_str() == Some(member))
        .ok_or_else(|| broken("it does not have that member"))?;
    let here = spans[place].clone();
    let cut = match (
        place.checked_sub(1).map(|before| &spans[before]),
        spans.get(place + 1),
    ) {
        // The last one goes with the way that leads to it, any other with the way that leads on.
        (Some(before), None) => before.end..here.end,
        (_, Some(next)) => here.start..next.start,
        (None, None) => here,
    };
    let edited = format!("{}{}", &manifest[..cut.start], &manifest[cut.end..]);
    verified(manifest, edited, |members| {
        members.retain(|other| other != member)
    })
}

/// A manifest without a list of members gets one, right below its `[workspace]`.
fn insert_key(manifest: &str, document: &Document<String>, member: &str) -> Result<String> {
    let newline = if manifest.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let header = document
        .get("workspace")
        .and_then(Item::as_table)
        .and_then(|table| table.span());
    let header = header.ok_or_else(|| {
        broken("its [workspace] is not a table of its own")
            .help(format!("add members = [\"{member}\"] to it"))
    })?;
    let line_end = manifest[header.start..]
        .find('\n')
        .map(|at| header.start + at + 1);
    let line = format!("members = [\"{member}\"]{newline}");
    let edited = match line_end {
        Some(at) => splice(manifest, at, &line),
        None => format!("{manifest}{newline}{line}"),
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

fn quote_of(manifest: &str, array: &Array) -> char {
    let first = array.iter().next().and_then(|value| value.span());
    first.map_or('"', |span| {
        if manifest[span].starts_with('\'') {
            '\''
        } else {
            '"'
        }
    })
}

/// The comma and the white space between two entries, without the comments that stand there.
fn gap_of(between: &str) -> String {
    if between.contains('\n') {
        format!(",{}", last_line(between))
    } else {
        between.to_owned()
    }
}

/// The last line break in `text` and what follows it.
fn last_line(text: &str) -> &str {
    let at = text.rfind('\n').map_or(0, |at| {
        if text[..at].ends_with('\r') {
            at - 1
        } else {
            at
        }
    });
    &text[at..]
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
            "[workspace]\nmembers = [\n\t\"z\",\n\t\"a\",\n\t\"services/m\" # last\n]\n[package]\nname = \"x\"\n",
        );
        round_trip(
            "[workspace]\r\nmembers = [\r\n  \"a\",\r\n]\r\n",
            "[workspace]\r\nmembers = [\r\n  \"a\",\r\n  \"services/m\",\r\n]\r\n",
        );
        round_trip(
            "[workspace]\nmembers = [\n  \"a\", \"b\",\n  \"c\",\n]\n",
            "[workspace]\nmembers = [\n  \"a\", \"b\",\n  \"c\", \"services/m\",\n]\n",
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
    }
}
