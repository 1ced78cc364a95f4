//! Whether a file still is what the index saw.
//!
//! An index has no hash of what it saw, so this goes by what stands where it says. Aliases, `Self` and
//! what macros make are called otherwise than their symbols, and may be.

use std::collections::HashSet;

use scip::types::descriptor::Suffix;

use super::decode::RawDocument;
use super::fresh::Text;
use super::symbol::Parsed;

/// Words after which a name is defined, in Rust, Python and TypeScript.
const DEFINES: [&str; 14] = [
    "class",
    "const",
    "def",
    "enum",
    "fn",
    "function",
    "interface",
    "let",
    "mod",
    "static",
    "struct",
    "trait",
    "type",
    "union",
];

/// Where the text is not what the index says; `None` if it is everywhere.
pub(super) fn why_stale(
    document: &RawDocument,
    text: &Text,
    parsed: &[Option<Parsed>],
) -> Option<String> {
    for occurrence in &document.occurrences {
        let line = occurrence.range[0] + 1;
        let Some(span) = text.span(occurrence.range, document.encoding) else {
            return Some(format!(":{line} is shorter than it was"));
        };
        let (from, to) = (text.offset(span.start), text.offset(span.end));
        // A module that is a file has all of it for its range, or around it.
        if occurrence.definition && from == 0 {
            let whole = occurrence
                .enclosing
                .filter(|around| around[0] != around[2])
                .or(Some(occurrence.range).filter(|range| range[0] != range[2]));
            if let Some(whole) = whole {
                let end = text.span(whole, document.encoding).map(|span| span.end);
                if end.is_none_or(|end| text.offset(end) != text.text.len()) {
                    return Some(" is longer or shorter than it was".to_owned());
                }
            }
        }
        if span.start.line != span.end.line || from == to {
            continue;
        }
        if splits_a_word(&text.text, from) || splits_a_word(&text.text, to) {
            return Some(format!(":{line} has other names"));
        }
        let Some(parsed) = occurrence
            .symbol
            .filter(|_| occurrence.definition)
            .and_then(|symbol| parsed[symbol as usize].as_ref())
        else {
            continue;
        };
        // A derive is called otherwise than the function that makes it.
        if parsed.is_macro() {
            continue;
        }
        let last = parsed.rest.last().map(|part| &part.name);
        let Some(name) = last.or(parsed.modules.last()) else {
            continue;
        };
        let there = text.slice(span).trim_start_matches("r#");
        let name = name.trim_start_matches("r#");
        if there != name && is_name(there) && is_after_a_keyword(&text.text[..from]) {
            return Some(format!(":{line} defines {there}, in the index {name}"));
        }
    }
    None
}

/// The first call of a function by a name that is neither its own nor one that something in the
/// workspace was imported as: what an edit leaves that keeps every length.
pub(super) fn why_called_otherwise(
    document: &RawDocument,
    text: &Text,
    parsed: &[Option<Parsed>],
    aliases: &HashSet<&str>,
) -> Option<String> {
    document.occurrences.iter().find_map(|occurrence| {
        let symbol = occurrence.symbol.filter(|_| !occurrence.definition)?;
        let function = parsed[symbol as usize].as_ref()?.rest.last()?;
        if function.suffix != Suffix::Method {
            return None;
        }
        let span = text.span(occurrence.range, document.encoding)?;
        let there = text.slice(span).trim_start_matches("r#");
        let is_called = text.text[text.offset(span.end)..].starts_with('(');
        let is_other = there != function.name.trim_start_matches("r#");
        if !is_called || !is_other || !is_name(there) || aliases.contains(there) {
            return None;
        }
        let (line, name) = (occurrence.range[0] + 1, &function.name);
        Some(format!(":{line} calls {there}, in the index {name}"))
    })
}

/// What `use … as NAME` calls things, in one file.
pub(super) fn aliases(text: &str) -> impl Iterator<Item = &str> {
    text.split(" as ").skip(1).map(|rest| {
        let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// Whether `at` is between two characters of one word.
fn splits_a_word(text: &str, at: usize) -> bool {
    let Some((before, after)) = text.split_at_checked(at) else {
        return true;
    };
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    before.ends_with(is_part) && after.starts_with(is_part)
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|character| character.is_alphanumeric() || character == '_')
}

fn is_after_a_keyword(before: &str) -> bool {
    // Lines that a program wrote may be endless, and no keyword is.
    const ENOUGH: usize = 24;
    let start = before.floor_char_boundary(before.len().saturating_sub(ENOUGH));
    let near = before[start..].rsplit('\n').next().unwrap_or_default();
    let word = near.trim_end();
    near.len() != word.len()
        && word
            .rsplit(|character: char| !character.is_alphanumeric())
            .next()
            .is_some_and(|word| DEFINES.contains(&word))
}
