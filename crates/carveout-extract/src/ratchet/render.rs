use std::fmt::Write;

use super::baseline::{Baseline, Entry, SCHEMA};
use super::key::Key;

/// What a baseline begins with when nobody has written anything else there.
const HEAD: &str = "\
# Uses that boundaries.toml does not allow and that were there before it, by `boundary check`.
# It gets shorter and never longer: `boundary check --update` takes out what is gone. An entry is
# added by `--update --allow-growth REASON` only, and has the reason beside it.
";

/// The baseline as a file: one line an entry, by `from`, then `to`, then `kind`.
///
/// A line says everything, so that a diff can be read without what is around it. No total and no
/// alignment: a change touches the lines that it is about, and two branches seldom the same one.
pub(crate) fn render(baseline: &Baseline) -> String {
    let mut text = match &baseline.head {
        Some(head) => head.clone(),
        None => format!("{HEAD}schema = {SCHEMA}\n\n"),
    };
    text.push_str("entries = [\n");
    for (key, entry) in &baseline.entries {
        for comment in &entry.comments {
            let _ = writeln!(text, "    {comment}");
        }
        line(&mut text, key, entry);
    }
    text.push_str("]\n");
    text
}

fn line(text: &mut String, key: &Key, entry: &Entry) {
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "    {{ from = {}, to = {}, kind = {}, count = {}",
        quoted(&key.from),
        quoted(&key.to),
        quoted(key.kind),
        entry.count
    );
    if let Some(reason) = &entry.reason {
        let _ = write!(text, ", reason = {}", quoted(reason));
    }
    text.push_str(" },");
    if let Some(remark) = &entry.remark {
        let _ = write!(text, " {remark}");
    }
    text.push('\n');
}

/// A basic string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
