//! The SQL in a file's strings, and in the files that it includes.

use std::collections::HashSet;
use std::path::PathBuf;

use super::Cut;
use super::sql::{self, Sql};
use crate::model::{FileId, Position};

/// A string that is SQL.
pub(super) struct Query {
    /// Where it is.
    pub(super) at: Position,
    /// As it is written.
    pub(super) text: String,
    /// What it says.
    pub(super) sql: Sql,
}

/// Macros whose argument is a file of SQL.
const INCLUDES: [&str; 5] = [
    "include_str",
    "query_file",
    "query_file_as",
    "query_file_scalar",
    "query_file_unchecked",
];

/// The SQL of a file. `known` are names of tables, in lower case.
pub(super) fn of_file(cut: &Cut<'_>, file: FileId, known: &HashSet<String>) -> Vec<Query> {
    let Some(source) = cut.sources.get(file) else {
        return Vec::new();
    };
    let literals = source.literals.iter();
    let queries = literals.filter_map(|literal| {
        let given_to = literal.given_to.as_str();
        let at = literal.span.start;
        let (sql, text) = if INCLUDES.contains(&given_to) && literal.value.ends_with(".sql") {
            match included(cut, file, &literal.value) {
                Some(text) => (sql::read(&text, "query", known), text),
                None => (Sql::Unparsed, literal.value.clone()),
            }
        } else {
            let sql = sql::read(&literal.value, given_to, known);
            (sql, literal.value.clone())
        };
        (sql != Sql::No).then_some(Query { at, text, sql })
    });
    queries.collect()
}

/// The file that a macro names: beside the source, else beside a manifest above it.
fn included(cut: &Cut<'_>, file: FileId, name: &str) -> Option<String> {
    let source = PathBuf::from(&cut.model.file(file).path);
    source.ancestors().skip(1).find_map(|folder| {
        let path = cut.model.root.join(folder).join(name);
        std::fs::read_to_string(path).ok()
    })
}

/// Whether a file may have SQL in it: a look at its text that costs less than to parse it.
pub(super) fn may_have_sql(cut: &Cut<'_>, file: FileId, names: Option<&HashSet<String>>) -> bool {
    let file = cut.model.file(file);
    if file.language != "rust" {
        return false;
    }
    let Ok(text) = std::fs::read_to_string(cut.model.root.join(&file.path)) else {
        return false;
    };
    let text = text.to_ascii_lowercase();
    if text.contains(".sql\"") {
        return true;
    }
    const VERBS: [&str; 8] = [
        "select", "insert", "update", "delete", "replace", "merge", "truncate", "alter",
    ];
    let verb = VERBS.iter().any(|verb| text.contains(verb));
    verb && names.is_none_or(|names| names.iter().any(|name| text.contains(name.as_str())))
}
