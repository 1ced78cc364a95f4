//! What a cut would do to the world: effects, tables, transactions, loops and entry points, on the shop,
//! whose functions say in their documentation what they do.

use std::collections::BTreeMap;

use carveout_extract::boundary;
use carveout_extract::report::{Effect, Report};

use crate::support::{model, module};

fn report(path: &str) -> Report {
    let model = model("shop");
    let found = boundary::report(&model, &[module(&model, path)]);
    found.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The effect of each function that is used from outside, by its name.
fn effects(report: &Report) -> BTreeMap<&str, Effect> {
    let functions = report.functions.iter();
    functions
        .map(|function| {
            let name = function.item.rsplit("::").next().unwrap_or_default();
            (name, function.effect)
        })
        .collect()
}

/// `file operation` of each touch, in order.
fn touches(report: &Report, table: &str) -> (Vec<String>, Vec<String>) {
    let table = report.tables.iter().find(|one| one.name == table);
    let table = table.unwrap_or_else(|| panic!("no such table in {:?}", report.tables));
    let written = |touch: &carveout_extract::report::Touch| {
        format!("{} {} {}", touch.place.file, touch.operation, touch.by)
    };
    (
        table.touched.iter().map(written).collect(),
        table.others.iter().map(written).collect(),
    )
}

#[test]
fn statements_of_diesel_say_what_a_function_does() {
    let report = report("shop::orders");
    let effects = effects(&report);
    assert_eq!(effects["find"], Effect::Read);
    assert_eq!(effects["of_user"], Effect::Read);
    assert_eq!(effects["save"], Effect::Write);
    assert_eq!(effects["set_state"], Effect::IdempotentWrite);
    let save = report
        .functions
        .iter()
        .find(|one| one.item.ends_with("::save"));
    let evidence = &save.expect("save").evidence;
    assert!(
        evidence.iter().any(|one| one.what == "INSERT INTO orders"),
        "{evidence:?}"
    );
}

#[test]
fn sql_in_strings_says_what_a_function_does() {
    let report = report("shop::limits");
    let effects = effects(&report);
    assert_eq!(effects["take"], Effect::Write);
    assert_eq!(effects["reset"], Effect::IdempotentWrite);
    let (touched, others) = touches(&report, "publish_limits");
    let file = "src/limits.rs";
    assert_eq!(
        touched,
        [
            format!("{file} select sql"),
            format!("{file} update sql"),
            format!("{file} insert sql")
        ]
    );
    assert_eq!(others, ["src/web/admin.rs select sql"]);
    let (touched, others) = touches(&report, "users");
    assert_eq!(touched, [format!("{file} select sql")]);
    assert!(
        others.contains(&"src/web/users.rs insert diesel".to_owned()),
        "{others:?}"
    );
}

#[test]
fn what_leaves_the_process_or_changes_a_static_is_a_write() {
    assert_eq!(effects(&report("shop::billing"))["charge"], Effect::Write);
    assert_eq!(
        effects(&report("shop::billing"))["open_amount"],
        Effect::Read
    );
    assert_eq!(effects(&report("shop::audit"))["record"], Effect::Write);
}

#[test]
fn a_transaction_over_both_sides_is_split() {
    let orders = report("shop::orders");
    let within: Vec<_> = orders
        .transactions
        .iter()
        .map(|one| one.within.as_str())
        .collect();
    assert_eq!(within, ["shop::checkout::place"]);
    assert_eq!(orders.transactions[0].crosses, ["shop::orders::save"]);
    assert!(orders.transactions[0].suggestion.contains("outbox"));
    // It is all inside of a cut around both, and nothing crosses.
    assert!(
        report("shop::checkout")
            .transactions
            .iter()
            .all(|one| one.within.starts_with("shop::checkout"))
    );
    assert!(report("shop::audit").transactions.is_empty());
}

#[test]
fn a_call_in_a_loop_and_the_way_to_it_are_counted() {
    let billing = report("shop::billing");
    let looped: Vec<_> = billing
        .cost
        .loops
        .iter()
        .map(|one| (one.within.as_str(), one.function.as_str(), one.loops))
        .collect();
    assert!(
        looped.contains(&("shop::checkout::invoice_all", "shop::billing::invoice", 1)),
        "{looped:?}"
    );
    let depth = &billing.cost.depth;
    assert!(!depth.is_empty());
    for entry in depth {
        assert_eq!(entry.depth, entry.path.len() - 1);
        assert!(
            entry
                .path
                .last()
                .is_some_and(|last| last.starts_with("shop::billing")),
            "{entry:?}"
        );
    }
}
