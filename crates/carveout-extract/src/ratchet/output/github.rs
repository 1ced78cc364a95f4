use std::fmt::Write;

use super::{BASELINE, Id, Outcome, STALE, id};

/// Workflow commands, which a pull request shows beside the line. The code host shows ten errors of
/// a step; the text in the log has all of them.
///
/// `prefix` is the workspace's folder in the repository, with `/` at its end, or nothing.
pub(crate) fn github(outcome: &Outcome<'_>, prefix: &str) -> String {
    let mut out = String::new();
    for new in &outcome.verdict.new {
        let mut message = outcome.sentence(new);
        let places = &new.uses.places;
        for (file, line) in places.iter().skip(1) {
            let _ = write!(message, "\nalso {}:{line}", outcome.path(*file));
        }
        if let Some((file, line)) = places.first() {
            let file = format!("{prefix}{}", outcome.path(*file));
            annotation(&mut out, &file, *line, id(new), &message);
        }
    }
    for stale in &outcome.verdict.stale {
        let message = outcome.stale_sentence(stale);
        let file = format!("{prefix}{BASELINE}");
        annotation(&mut out, &file, stale.line, STALE, &message);
    }
    if let Some(note) = outcome.approximate() {
        let _ = writeln!(out, "::notice title=boundary check::{}", message(note));
    }
    let (new, stale) = (outcome.verdict.new.len(), outcome.verdict.stale.len());
    let _ = writeln!(out, "boundary check: {new} new, {stale} stale");
    out
}

fn annotation(out: &mut String, file: &str, line: u32, rule: Id, text: &str) {
    let _ = writeln!(
        out,
        "::error file={},line={line},title={}::{}",
        property(file),
        property(rule.id),
        message(&format!("{text}\n{}", rule.help))
    );
}

/// What ends a command or a line is written in percent; the runner turns it back.
fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// In a property, what ends a property too.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
