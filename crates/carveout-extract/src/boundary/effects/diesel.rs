//! What a statement that is built of calls does, in diesel and in sea-orm, and whether a call that
//! takes SQL was given any that could be read.

use super::Effects;
use crate::model::{Item, Reference, Span};
use crate::report::Effect;
use crate::syntax::Source;

/// What a call of a database's interface does; `None` if it only reads, or only builds.
pub(super) fn effect(
    effects: &Effects<'_>,
    source: Option<&Source>,
    reference: &Reference,
    item: &Item,
    queries: &[Span],
) -> Option<(Effect, String)> {
    let name = item.name.as_str();
    let at = reference.span.start;
    let call = source.and_then(|source| source.calls.iter().find(|call| call.at == at));
    let statement = source.and_then(|source| source.statement(at));
    let says = |word: &str| {
        let statement = source.zip(statement);
        statement.is_some_and(|(source, span)| {
            let inside = |at| span.contains(at);
            source
                .calls
                .iter()
                .any(|call| call.name == word && inside(call.at))
        })
    };
    let table = || {
        let span = call.map(|call| call.span).or(statement)?;
        let inside = effects.cut.references_of(reference.file).iter();
        let mut tables = inside
            .filter(|one| span.contains(one.span.start) && one.span.start >= at)
            .filter_map(|one| effects.known.schema.table(one.to));
        tables.next().map(str::to_owned)
    };
    let named = |verb: &str| match table() {
        Some(table) => format!("{verb} {table}"),
        None => format!("{verb} (the table is not named here)"),
    };
    match name {
        "insert_into" => {
            let conflict = says("on_conflict_do_nothing") || says("do_nothing");
            let updates = says("do_update") && !sets_itself(effects, source, statement, reference);
            let effect = if conflict || updates {
                Effect::IdempotentWrite
            } else {
                Effect::Write
            };
            Some((effect, named("INSERT INTO")))
        }
        "replace_into" | "insert_or_ignore_into" => {
            Some((Effect::IdempotentWrite, named("REPLACE INTO")))
        }
        "update" | "update_many" => {
            let itself = sets_itself(effects, source, statement, reference);
            let effect = if itself {
                Effect::Write
            } else {
                Effect::IdempotentWrite
            };
            Some((effect, named("UPDATE")))
        }
        "save_changes" => Some((Effect::IdempotentWrite, named("UPDATE"))),
        "delete" | "delete_by_id" | "delete_many" => {
            Some((Effect::IdempotentWrite, named("DELETE FROM")))
        }
        "insert" | "insert_many" | "save" if item.package.starts_with("sea-") => {
            Some((Effect::Write, named("INSERT INTO")))
        }
        // `HasQuery::query` of diesel takes no SQL.
        "query" if item.package.starts_with("diesel") => None,
        "sql_query" | "batch_execute" | "simple_query" | "query" | "query_as" | "query_scalar"
        | "query_with" | "raw_sql" | "execute_unprepared" | "query_one" | "query_opt"
        | "query_row" | "prepare" | "prepare_cached" | "from_string" | "execute_batch" => {
            let read =
                call.is_some_and(|call| queries.iter().any(|query| call.span.encloses(query)));
            (!read).then(|| {
                (
                    Effect::Write,
                    "runs SQL that is not written there".to_owned(),
                )
            })
        }
        "run_pending_migrations" | "up" | "revert_last_migration" => {
            Some((Effect::Write, "changes the database's schema".to_owned()))
        }
        "load" | "load_stream" | "first" | "get_result" | "get_results" | "load_iter" | "one"
        | "all" | "count" | "fetch" | "fetch_one" | "fetch_all" | "fetch_optional" | "paginate"
        | "stream" => Some((Effect::Read, "reads from a database".to_owned())),
        _ => None,
    }
}

/// Whether a column is named twice in what is set: once to be set, and once for its value.
fn sets_itself(
    effects: &Effects<'_>,
    source: Option<&Source>,
    statement: Option<Span>,
    reference: &Reference,
) -> bool {
    let Some((source, statement)) = source.zip(statement) else {
        return true;
    };
    let set = source.calls.iter().filter(|call| {
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
            if effects.known.schema.table(one.to).is_some()
                && item.symbol.contains("/columns/")
                && item.symbol.ends_with('#')
            {
                if columns.contains(&one.to) {
                    return true;
                }
                columns.push(one.to);
            }
        }
        false
    })
}
