//! The source that an index speaks of, and whether it still is what the index saw.

use std::path::Path;

use super::decode::Raw;
use super::identifiers::rust_identifiers;
use super::stale::{aliases, why_called_otherwise, why_stale};
use super::symbol::Parsed;
use crate::error::{Error, Result};
use crate::model::{Position, Span};

/// A file's text with the places of its lines.
pub(super) struct Text {
    pub(super) text: String,
    lines: Vec<usize>,
    /// Whether a column is the same in every encoding.
    ascii: bool,
}

const UTF16: i32 = 2;
const UTF32: i32 = 3;

impl Text {
    pub(super) fn new(text: String) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        Self {
            ascii: text.is_ascii(),
            text,
            lines,
        }
    }

    fn line(&self, line: u32) -> Option<&str> {
        let start = *self.lines.get(line as usize)?;
        let end = self
            .lines
            .get(line as usize + 1)
            .map_or(self.text.len(), |end| end - 1);
        self.text.get(start..end)
    }

    /// The byte column of what an index calls `column`.
    fn column(&self, line: u32, column: u32, encoding: i32) -> Option<u32> {
        // An index ends a whole file at the line after its last.
        let Some(text) = self.line(line) else {
            return (line as usize == self.lines.len() && column == 0).then_some(0);
        };
        let width = |character: char| match encoding {
            UTF16 => character.len_utf16(),
            UTF32 => 1,
            _ => character.len_utf8(),
        };
        if self.ascii || !matches!(encoding, UTF16 | UTF32) {
            return (column as usize <= text.len()).then_some(column);
        }
        let (mut counted, mut bytes) = (0, 0);
        for character in text.chars() {
            if counted >= column as usize {
                break;
            }
            counted += width(character);
            bytes += character.len_utf8();
        }
        (counted >= column as usize).then_some(u32::try_from(bytes).ok()?)
    }

    pub(super) fn span(&self, range: [u32; 4], encoding: i32) -> Option<Span> {
        let at = |line, column| {
            let column = self.column(line, column, encoding)?;
            Some(Position { line, column })
        };
        Some(Span {
            start: at(range[0], range[1])?,
            end: at(range[2], range[3])?,
        })
    }

    /// Where the byte at `offset` is.
    pub(super) fn position(&self, offset: u32) -> Position {
        let after = self.lines.partition_point(|line| *line <= offset as usize);
        let line = after.saturating_sub(1);
        let column = offset as usize - self.lines.get(line).copied().unwrap_or_default();
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn offset(&self, at: Position) -> usize {
        let start = self.lines.get(at.line as usize).copied();
        start.map_or(self.text.len(), |start| start + at.column as usize)
    }

    /// Where the path that `span` is the last part of begins: of `run` in `shop::jobs::run`, `shop`.
    pub(super) fn path_start(&self, span: Span) -> &str {
        let end = self.offset(span.end).min(self.text.len());
        let is_path = |character: char| character.is_alphanumeric() || "_:#".contains(character);
        let Some(before) = self.text.get(..end) else {
            return "";
        };
        let path = before.trim_end_matches(is_path).len();
        let first = before[path..].split("::").next().unwrap_or_default();
        first.rsplit(':').next().unwrap_or_default()
    }

    pub(super) fn slice(&self, span: Span) -> &str {
        self.text
            .get(self.offset(span.start)..self.offset(span.end))
            .unwrap_or_default()
    }
}

/// The source of every document. A file that is gone, or is not what it was, is an error.
pub(super) fn load(raw: &Raw, parsed: &[Option<Parsed>], root: &Path) -> Result<Vec<Text>> {
    let mut texts = Vec::with_capacity(raw.documents.len());
    let mut stale = Vec::new();
    for document in &raw.documents {
        // It is hopeless, and a hostile index may go on for millions.
        if stale.len() > 1000 {
            break;
        }
        let path = root.join(&document.path);
        let text = match std::fs::read(&path).map(String::from_utf8) {
            Ok(Ok(text)) => Text::new(text),
            Ok(Err(_)) => {
                let message = format!(
                    "{} is not UTF-8, so no position in it is sure",
                    path.display()
                );
                return Err(Error::index(message));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                stale.push(format!("{} is gone", document.path));
                continue;
            }
            Err(error) => return Err(Error::io("read", &path, error)),
        };
        if let Some(why) = why_stale(document, &text, parsed) {
            stale.push(format!("{}{why}", document.path));
        }
        texts.push(text);
    }
    if stale.is_empty() {
        stale = called_otherwise(raw, &texts, parsed);
    }
    if stale.is_empty() {
        return Ok(texts);
    }
    let named: Vec<&str> = stale.iter().map(String::as_str).collect();
    let message = format!(
        "the index is of another state of the source: {} of {} files are not as it saw them ({})",
        stale.len(),
        raw.documents.len(),
        some_of(&named)
    );
    Err(Error::index(message).help("index this checkout again: `carveout-extract boundary index`"))
}

/// In Rust, where a function is called by its own name or by one that an import gives it.
fn called_otherwise(raw: &Raw, texts: &[Text], parsed: &[Option<Parsed>]) -> Vec<String> {
    let documents = raw.documents.iter().zip(texts);
    let rust = documents.filter(|(document, _)| document.path.ends_with(".rs"));
    let aliases = rust
        .clone()
        .flat_map(|(_, text)| aliases(&text.text))
        .collect();
    rust.filter_map(|(document, text)| {
        let why = why_called_otherwise(document, text, parsed, &aliases)?;
        Some(format!("{}{why}", document.path))
    })
    .collect()
}

/// The first few, and how many more.
pub(super) fn some_of(names: &[&str]) -> String {
    const FEW: usize = 3;
    let shown = names[..names.len().min(FEW)].join(", ");
    match names.len().saturating_sub(FEW) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Identifiers of Rust's source that the index has an occurrence for, and all of them; the files that
/// have the fewest first.
pub(super) fn resolved(raw: &Raw, texts: &[Text]) -> (usize, usize, Vec<String>) {
    let (mut known, mut all) = (0, 0);
    let mut files = Vec::new();
    for (document, text) in raw.documents.iter().zip(texts) {
        if document.language != "rust" {
            continue;
        }
        let mut starts: Vec<usize> = document
            .occurrences
            .iter()
            .filter_map(|occurrence| text.span(occurrence.range, document.encoding))
            .map(|span| text.offset(span.start))
            .collect();
        starts.sort_unstable();
        let identifiers = rust_identifiers(&text.text);
        let found = identifiers
            .iter()
            .filter(|start| starts.binary_search(start).is_ok())
            .count();
        files.push((identifiers.len() - found, &document.path));
        known += found;
        all += identifiers.len();
    }
    files.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let worst = files
        .iter()
        .take(3)
        .map(|(missing, path)| format!("{path} ({missing})"));
    (known, all, worst.collect())
}
