//! What a statement does that is built of calls, or given as SQL.

use super::facts::Is;
use super::{Effects, direct::Body};
use crate::model::{Item, ItemKind, Position, Reference, Span};
use crate::report::Effect;

/// What a call that begins a change does: `insert_into`, `update`, `delete`.
pub(super) fn change(
    effects: &Effects<'_>,
    body: &Body<'_>,
    reference: &Reference,
    item: &Item,
) -> (Effect, String) {
    let at = reference.span.start;
    let statement = body.source.statement(at);
    let says = |word: &str| {
        let inside = |at| statement.is_some_and(|span| span.contains(at));
        let mut calls = body.source.calls.iter();
        calls.any(|call| call.name == word && inside(call.at))
    };
    let table = table(effects, body, reference, statement);
    let named = |verb: &str| match &table {
        Some(table) => format!("{verb} {table}"),
        None => format!("{verb} (the table is not named here)"),
    };
    let itself = || sets_itself(effects, body, statement, reference);
    match item.name.as_str() {
        "update" | "update_many" | "save_changes" => match itself() {
            true => (Effect::Write, named("UPDATE")),
            false => (Effect::IdempotentWrite, named("UPDATE")),
        },
        "delete" | "delete_by_id" | "delete_many" => {
            (Effect::IdempotentWrite, named("DELETE FROM"))
        }
        "replace_into" | "insert_or_ignore_into" => {
            (Effect::IdempotentWrite, named("REPLACE INTO"))
        }
        _ => {
            let conflict = says("on_conflict_do_nothing") || says("do_nothing");
            let updates = says("do_update") && !itself();
            match conflict || updates {
                true => (Effect::IdempotentWrite, named("INSERT INTO")),
                false => (Effect::Write, named("INSERT INTO")),
            }
        }
    }
}

/// Whether the statement around a call begins with one that changes, which says what it does.
pub(super) fn is_told(effects: &Effects<'_>, body: &Body<'_>, at: Position) -> bool {
    let Some(statement) = body.source.statement(at) else {
        return false;
    };
    let facts = &effects.cut.world.facts;
    let references = effects.cut.references_of(body.file);
    let inside = references
        .iter()
        .filter(|one| statement.contains(one.span.start));
    inside
        .map(|one| effects.cut.model.item(one.to))
        .any(|item| item.module.is_none() && facts.say(Is::Changes, item))
}

/// The table that a call is given, or that stands before it.
fn table(
    effects: &Effects<'_>,
    body: &Body<'_>,
    reference: &Reference,
    statement: Option<Span>,
) -> Option<String> {
    let at = reference.span.start;
    let call = body.source.calls.iter().find(|call| call.at == at);
    let span = call.map(|call| call.span).or(statement)?;
    let inside = effects.cut.references_of(body.file).iter();
    let tables = inside.filter(|one| span.contains(one.span.start));
    let mut tables = tables.filter_map(|one| effects.known.schema.table(one.to));
    tables.next().map(str::to_owned)
}

/// Whether a column is named twice in what is set: once to be set, and once for its value.
fn sets_itself(
    effects: &Effects<'_>,
    body: &Body<'_>,
    statement: Option<Span>,
    reference: &Reference,
) -> bool {
    let Some(statement) = statement else {
        return true;
    };
    let set = body.source.calls.iter().filter(|call| {
        matches!(call.name.as_str(), "set" | "col_expr") && statement.contains(call.at)
    });
    set.into_iter().any(|call| {
        let mut columns = Vec::new();
        let given = effects
            .cut
            .references_of(reference.file)
            .iter()
            .filter(|one| call.at <= one.span.start && one.span.end <= call.span.end);
        for one in given {
            let item = effects.cut.model.item(one.to);
            let is_column = item.symbol.contains("/columns/") && item.symbol.ends_with('#');
            if effects.known.schema.table(one.to).is_some() && is_column {
                if columns.contains(&one.to) {
                    return true;
                }
                columns.push(one.to);
            }
        }
        false
    })
}

/// Why a call that runs SQL is a write, if what it runs is not known. The effect of known SQL
/// is a sign at its text.
pub(super) fn sql(effects: &Effects<'_>, body: &Body<'_>, span: Span) -> Option<String> {
    if body.queries.iter().any(|at| span.contains(*at)) {
        return None;
    }
    // A constant or a variable that holds the text.
    let inside = effects.cut.references_of(body.file).iter();
    let mut constants = inside.filter(|one| {
        span.contains(one.span.start) && effects.cut.model.item(one.to).kind == ItemKind::Constant
    });
    if constants.any(|one| effects.constant_sql(one.to)) {
        return None;
    }
    let call = body.calls().find(|call| call.span == span);
    let named = call.into_iter().flat_map(|call| &call.arguments);
    let mut named = named.filter_map(|argument| match &argument.root {
        crate::syntax::Root::Name(name) => Some(name.as_str()),
        _ => None,
    });
    let known = named.any(|name| body.holds_sql(effects, name));
    (!known).then(|| "runs SQL that is not written there".to_owned())
}

/// Words that make a part of a statement more than a query.
const WORDS: [&str; 22] = [
    "insert", "update", "delete", "merge", "replace", "truncate", "drop", "alter", "create",
    "call", "copy", "into", "grant", "revoke", "lock", "listen", "notify", "vacuum", "set", "do",
    "execute", "attach",
];

/// Why a statement that is put together of parts is a write, if it is not proved to be a query.
pub(super) fn part(
    effects: &Effects<'_>,
    body: &Body<'_>,
    item: &Item,
    at: Position,
) -> Option<(Effect, String)> {
    let write = |why: &str| Some((Effect::Write, why.to_owned()));
    let literal = body.calls().find(|call| call.at == at).and_then(|call| {
        let first = call.arguments.first()?;
        let mut literals = body.source.literals.iter();
        literals.find(|literal| literal.span == first.span)
    });
    let Some(literal) = literal else {
        return write("puts a part into SQL that is not written there");
    };
    let text = literal.value.to_ascii_lowercase();
    let begins = ["select", "with", "values"];
    if item.name != "push"
        && item.name != "push_unseparated"
        && !begins
            .iter()
            .any(|word| text.trim_start().starts_with(word))
    {
        return write("begins a statement that is no query");
    }
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut words = text.split(|letter: char| !is_word(letter));
    if text.contains(';') || words.any(|word| WORDS.contains(&word)) {
        return write("puts a part into SQL that may change something");
    }
    let facts = &effects.cut.world.facts;
    let called = text.match_indices('(').filter_map(|(at, _)| {
        let before = text[..at].trim_end();
        let name = before.rsplit(|letter: char| !is_word(letter)).next()?;
        (!name.is_empty()).then_some(name)
    });
    const KEYWORDS: [&str; 14] = [
        "in", "and", "or", "not", "where", "from", "select", "as", "over", "on", "using", "filter",
        "by", "join",
    ];
    let mut unknown =
        called.filter(|name| !KEYWORDS.contains(name) && !facts.name(Is::SqlReads, name));
    match unknown.next() {
        Some(name) => Some((
            Effect::Write,
            format!("calls {name} in SQL, of which nothing is known"),
        )),
        None => Some((Effect::Read, "reads from a database".to_owned())),
    }
}
