//! What a statement does to a table that it names.

use crate::model::Span;
use crate::syntax::Source;

/// Calls that a query is built of, in diesel and in sea-orm.
const QUERIES: [&str; 38] = [
    "load",
    "load_stream",
    "first",
    "get_result",
    "get_results",
    "execute",
    "filter",
    "or_filter",
    "find",
    "select",
    "count",
    "inner_join",
    "left_join",
    "left_outer_join",
    "order",
    "order_by",
    "then_order_by",
    "limit",
    "offset",
    "exists",
    "into_boxed",
    "group_by",
    "distinct",
    "distinct_on",
    "for_update",
    "eq",
    "ne",
    "eq_any",
    "on",
    "as_select",
    "single_value",
    "find_by_id",
    "all",
    "one",
    "column",
    "find_also_related",
    "find_with_related",
    "is_null",
];

/// What `statement` does to the table that is named at `name`.
pub(super) fn of(source: &Source, statement: Span, name: Span) -> &'static str {
    let mut operation = "names";
    for call in &source.calls {
        if !statement.contains(call.at) {
            continue;
        }
        let given = call.at <= name.start && name.end <= call.span.end;
        // `Entity::insert(…)`: the call's name stands right behind the table's.
        let of_table = call.at.line == name.end.line && call.at.column == name.end.column + 2;
        let writes = match call.name.as_str() {
            "insert_into" | "replace_into" | "insert_or_ignore_into" | "values" if given => {
                "insert"
            }
            "update" | "set" if given => "update",
            "delete" if given => "delete",
            "insert" | "insert_many" | "save" if of_table => "insert",
            "update" | "update_many" if of_table => "update",
            "delete" | "delete_many" | "delete_by_id" if of_table => "delete",
            "find" | "find_by_id" | "find_related" if of_table => "select",
            called if QUERIES.contains(&called) => "select",
            _ => "names",
        };
        operation = worse(operation, writes);
    }
    operation
}

/// The one that says more of the two. An insert that updates on a conflict is an insert.
pub(super) fn worse(one: &'static str, other: &'static str) -> &'static str {
    let rank = |operation| match operation {
        "names" => 0,
        "select" => 1,
        "update" => 2,
        "delete" => 3,
        _ => 4,
    };
    if rank(other) > rank(one) { other } else { one }
}
