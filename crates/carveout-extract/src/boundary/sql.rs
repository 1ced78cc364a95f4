//! Which tables a string of SQL touches, how, and whether doing it twice would be noticed.
//!
//! A string is SQL if it begins as a statement does and parses as one. English begins so too ("select
//! an option from the menu" is a query of the table `the`), so that a doubtful string counts only if it is
//! given to a call that takes SQL, is written as SQL is, or names a table that is known.

mod dialects;
mod statement;

use std::collections::HashSet;

pub(super) use statement::Use;

use crate::report::Effect;

/// What a string is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sql {
    /// Not SQL.
    No,
    /// Statements.
    Statements {
        /// The tables, each with what is done to it.
        uses: Vec<Use>,
        /// What the statements do to the world, at the worst.
        effect: Effect,
        /// Their first words: `INSERT INTO users`.
        summary: String,
        /// The functions of the database that they call.
        functions: Vec<String>,
        /// Whether all of the text is known, and not only what stands around `{}`.
        whole: bool,
    },
    /// SQL that no dialect parses, so that its tables are not known.
    Unparsed,
}

/// Calls and macros that take SQL.
const TAKERS: [&str; 38] = [
    "query",
    "query_as",
    "query_scalar",
    "query_unchecked",
    "query_as_unchecked",
    "query_scalar_unchecked",
    "query_with",
    "query_as_with",
    "query_one",
    "query_opt",
    "query_row",
    "query_raw",
    "query_map",
    "query_drop",
    "query_iter",
    "query_first",
    "sql_query",
    "sql",
    "raw_sql",
    "execute",
    "execute_batch",
    "batch_execute",
    "simple_query",
    "execute_unprepared",
    "exec",
    "exec_drop",
    "prepare",
    "prepare_cached",
    "prepare_typed",
    "fetch",
    "fetch_one",
    "fetch_all",
    "fetch_optional",
    "from_string",
    "from_sql_and_values",
    "raw_query",
    "query_batch",
    "push_sql",
];

/// Macros and functions whose strings people read.
const READ_BY_PEOPLE: [&str; 29] = [
    "info_span",
    "debug_span",
    "error_span",
    "warn_span",
    "trace_span",
    "info",
    "debug",
    "warn",
    "error",
    "trace",
    "event",
    "log",
    "println",
    "eprintln",
    "print",
    "eprint",
    "panic",
    "expect",
    "unwrap_or_else",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "bail",
    "anyhow",
    "ensure",
    "context",
    "unreachable",
    "todo",
];

/// What stands for a part of the text that is only known when it runs.
const HOLE: &str = "carveout_hole";

/// Whether a call or macro of this name takes SQL.
pub(super) fn takes_sql(name: &str) -> bool {
    TAKERS.contains(&name)
}

/// What `text` is, which is given to the call or macro `given_to`.
pub(super) fn read(text: &str, given_to: &str, known: &HashSet<String>) -> Sql {
    let Some(shape) = Shape::of(text) else {
        return Sql::No;
    };
    if READ_BY_PEOPLE.contains(&given_to) {
        return Sql::No;
    }
    let certain = shape.shouted || takes_sql(given_to);
    let Some((statements, whole)) = parse(text) else {
        return if certain { Sql::Unparsed } else { Sql::No };
    };
    let mut found = statement::read(&statements);
    if !certain && !found.uses.iter().any(|one| known.contains(&one.table)) {
        return Sql::No;
    }
    let named = found.uses.len();
    found.uses.retain(|one| !one.table.contains(HOLE));
    Sql::Statements {
        summary: shape.summary(&found.uses),
        whole: whole && found.uses.len() == named,
        uses: found.uses,
        effect: found.effect,
        functions: found.functions,
    }
}

/// The statements, and whether they are all there is. What `format!` fills in is taken for a name,
/// else for nothing, which hides what a filled-in clause would touch.
fn parse(text: &str) -> Option<(Vec<sqlparser::ast::Statement>, bool)> {
    if let Some(statements) = dialects::parse(text) {
        return Some((statements, true));
    }
    if !text.contains('{') {
        return None;
    }
    let named = dialects::parse(&fill(text, HOLE)).map(|statements| (statements, true));
    named.or_else(|| dialects::parse(&fill(text, "")).map(|statements| (statements, false)))
}

/// The words that a statement begins with.
struct Shape {
    verb: String,
    /// Whether its keywords are written in capitals, as SQL's are and English's are not.
    shouted: bool,
}

impl Shape {
    fn of(text: &str) -> Option<Self> {
        let text = without_comments(text);
        let mut words = text
            .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'))
            .filter(|word| !word.is_empty());
        let first = words.next()?;
        let verb = first.to_ascii_lowercase();
        let partners: &[&str] = match verb.as_str() {
            "select" => &["from"],
            "insert" | "replace" => &["into"],
            "update" => &["set"],
            "delete" => &["from"],
            "with" => &["as"],
            "merge" => &["into"],
            "truncate" => &["table", ""],
            "create" | "alter" | "drop" => &["table", "index", "view", "trigger", "function"],
            _ => return None,
        };
        let partner = words.find(|word| partners.iter().any(|one| word.eq_ignore_ascii_case(one)));
        let partner = match partner {
            Some(word) => word,
            // A query of no table is one only where SQL is expected.
            None if verb == "select" || verb == "truncate" => "from",
            None => return None,
        };
        let shout = |word: &str| word.chars().all(|letter| letter.is_ascii_uppercase());
        Some(Self {
            shouted: shout(first) && shout(partner),
            verb,
        })
    }

    fn summary(&self, uses: &[Use]) -> String {
        let main = uses
            .iter()
            .find(|one| one.operation != "select")
            .or(uses.first());
        match main {
            Some(one) => match one.operation {
                "insert" => format!("INSERT INTO {}", one.table),
                "update" => format!("UPDATE {}", one.table),
                "delete" => format!("DELETE FROM {}", one.table),
                "select" => format!("SELECT FROM {}", one.table),
                _ => format!("{} {}", self.verb.to_ascii_uppercase(), one.table),
            },
            None => self.verb.to_ascii_uppercase(),
        }
    }
}

fn without_comments(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '(');
        let rest = if let Some(line) = text.strip_prefix("--") {
            line.split_once('\n').map(|(_, rest)| rest)
        } else if let Some(block) = text.strip_prefix("/*") {
            block.split_once("*/").map(|(_, rest)| rest)
        } else {
            return text;
        };
        text = rest.unwrap_or_default();
    }
}

/// The text of `format!` with `with` in each place of `{…}`.
fn fill(text: &str, with: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' if letters.next_if_eq(&'{').is_some() => filled.push('{'),
            '}' if letters.next_if_eq(&'}').is_some() => filled.push('}'),
            '{' => {
                for skipped in letters.by_ref() {
                    if skipped == '}' {
                        break;
                    }
                }
                filled.push_str(with);
            }
            _ => filled.push(letter),
        }
    }
    filled
}

#[cfg(test)]
mod tests;
