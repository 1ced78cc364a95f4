//! What makes an index say less, or something else, than one would think.

use carveout_extract::model::ItemKind;

use crate::support::{copy, inbound, model, modules, outbound, read, targets};

fn has(lines: &[String], line: &str) {
    assert!(lines.iter().any(|one| one == line), "{line} in {lines:#?}");
}

#[test]
fn members_nested_workspaces_and_inline_modules_are_modules() {
    let expected = [
        "storage",
        "storage::keys",
        "tables",
        "tool",
        "traps-app",
        "traps-app (bin extra)",
        "traps-app (bin)",
        "traps-app (bin)::shared",
        "traps-app (test whole)",
        "traps-app::by_include",
        "traps-app::by_macro",
        "traps-app::by_path",
        "traps-app::by_path::child",
        "traps-app::generics",
        "traps-app::inline",
        "traps-app::inline::deep",
        "traps-app::inline::deep::deeper",
        "traps-app::inline::sibling",
        "traps-app::inline::tests",
        "traps-app::names",
        "traps-app::renamed",
        "traps-app::reexports",
        "traps-app::reexports::facade",
        "traps-app::rows",
        "traps-app::texts",
    ];
    let mut expected: Vec<String> = expected.map(str::to_owned).into();
    expected.sort();
    assert_eq!(modules(&model("traps")), expected);
}

#[test]
fn what_two_targets_define_is_told_apart() {
    let model = model("traps");
    let lines = inbound(&model, "traps-app");
    // The library's `run` by its name, from a binary that has a `run` of its own.
    has(
        &lines,
        "app/src/main.rs:8 traps-app (bin)::run -> traps-app::run",
    );
    has(
        &lines,
        "app/src/bin/extra.rs:4 traps-app (bin extra)::main -> traps-app::run",
    );
    has(
        &lines,
        "app/tests/whole.rs:3 traps-app (test whole)::runs -> traps-app::run",
    );
    has(&lines, "app/src/main.rs:5 traps-app (bin) -> traps-app");
    let own = outbound(&model, "traps-app (bin)::shared");
    has(
        &own,
        "app/src/shared.rs:4 traps-app (bin)::shared::limit -> traps-app (bin)::run",
    );
    let runs = targets(&inbound(&model, "traps-app"));
    assert!(runs.contains(&("traps-app::run".to_owned(), 3)), "{runs:?}");
}

#[test]
fn a_path_attribute_does_not_move_a_module() {
    let model = model("traps");
    let module = model.find_module("by_path").expect("a module");
    let file = model.module(module).file.expect("a file");
    assert_eq!(model.file(file).path, "app/src/elsewhere/odd.rs");
}

#[test]
fn an_include_is_a_stated_gap() {
    let gaps = model("traps").gaps;
    let gap = "what include! brings in is not in the index: app/src/by_include.rs";
    assert!(gaps.iter().any(|one| one == gap), "{gaps:?}");
}

#[test]
fn a_file_that_no_cfg_compiles_is_a_stated_gap() {
    let model = model("traps");
    let gap = model
        .gaps
        .iter()
        .find(|gap| gap.contains("app/src/absent.rs"));
    assert!(gap.is_some(), "{:?}", model.gaps);
    let seen = model.items.iter().any(|item| item.name == "nobody_sees_me");
    assert!(!seen, "a cfg that is off");
}

#[test]
fn what_a_macro_makes_has_the_path_that_it_is_used_by() {
    let model = model("traps");
    let paths: Vec<String> = model
        .item_ids()
        .map(|(id, _)| model.item_path(id))
        .collect();
    for path in [
        "traps-app::by_macro::Requests",
        "traps-app::by_macro::Requests::read",
        "traps-app::by_macro::from_nowhere",
        "traps-app::rows::users",
        "traps-app::rows::users::table",
        "traps-app::rows::invoices::table::filter",
    ] {
        assert!(paths.iter().any(|one| one == path), "{path} in {paths:#?}");
    }
    let found = model.items.iter().find(|item| item.name == "from_nowhere");
    assert!(found.is_some_and(|item| item.definition.is_none()));
}

#[test]
fn without_proc_macros_an_index_is_partial() {
    let folder = copy("traps");
    let root = folder.path();
    let without = root.join("without-proc-macros.scip");
    std::fs::rename(without, root.join("index.scip")).expect("a file");
    let error = read(root).expect_err("no tables");
    assert!(error.message.contains("app/src/rows.rs ("), "{error}");
}

#[test]
fn renamed_and_path_dependencies_are_called_as_they_are() {
    let model = model("traps");
    let lines = outbound(&model, "traps-app::renamed");
    has(
        &lines,
        "app/src/renamed.rs:6 traps-app::renamed::fetch -> storage::get",
    );
    has(
        &lines,
        "app/src/renamed.rs:6 traps-app::renamed::fetch -> storage::keys::Key::next",
    );
    has(
        &lines,
        "app/src/renamed.rs:10 traps-app::renamed::sharp -> tool::sharpen",
    );
}

#[test]
fn a_reexport_is_what_it_exports() {
    let model = model("traps");
    let lines = inbound(&model, "traps-app::inline");
    let depth = "traps-app::inline::deep::deeper::depth";
    let by = "traps-app::reexports::through_the_facade";
    has(&lines, &format!("app/src/reexports.rs:12 {by} -> {depth}"));
    let lines = inbound(&model, "traps-app::generics");
    let by = "traps-app::reexports::through_a_glob";
    has(
        &lines,
        &format!("app/src/reexports.rs:16 {by} -> traps-app::generics::Pair::describe"),
    );
}

#[test]
fn an_operator_is_named_with_the_spaces_around_it() {
    let model = model("traps");
    let sum: Vec<_> = model
        .references
        .iter()
        .filter(|one| {
            let within = one.within.map(|item| model.item_path(item));
            within.as_deref() == Some("traps-app::by_macro::sum")
                && model.item(one.to).name == "add"
        })
        .collect();
    assert_eq!(sum.len(), 6, "two pluses, as rust-analyzer counts");
}

#[test]
fn self_is_the_type_and_names_in_strings_are_none() {
    let model = model("traps");
    let key = inbound(&model, "storage::keys");
    assert!(
        key.iter().all(|line| !line.contains("texts.rs")),
        "{key:#?}"
    );
    let twice = model
        .items
        .iter()
        .filter(|item| item.kind == ItemKind::Type && item.path == "Key");
    let used: Vec<_> = twice
        .filter(|item| {
            let id = model.item_ids().find(|(_, one)| one.symbol == item.symbol);
            let id = id.expect("itself").0;
            model.references.iter().any(|one| one.to == id)
        })
        .collect();
    assert_eq!(used.len(), 1, "{used:#?}");
}

#[test]
fn a_column_counts_bytes() {
    let model = model("traps");
    let found = model
        .references
        .iter()
        .find(|one| model.item_path(one.to) == "traps-app::names::Größe::höhe")
        .expect("a field that is read");
    // After two letters of two bytes and one of four.
    assert_eq!((found.span.start.line, found.span.start.column), (9, 22));
    assert_eq!(found.span.end.column - found.span.start.column, 5);
}
