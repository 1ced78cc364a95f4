//! Injected handles, tasks of the process, and what a derive makes, on the `effects` workspace.

use carveout_extract::boundary;
use carveout_extract::report::{Disposition, Report, Verdict};

use crate::support::{model, module};

fn report(path: &str) -> Report {
    let model = model("effects");
    let found = boundary::report(&model, &[module(&model, path)]);
    found.unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn disposition<'r>(report: &'r Report, path: &str) -> &'r Disposition {
    let found = report.functions.iter().find(|one| one.item == path);
    let found = found.unwrap_or_else(|| panic!("{path} is not used from outside"));
    &found.disposition
}

#[test]
fn an_injected_handle_is_a_port_however_it_is_written() {
    let report = report("effects::handles");
    let ways = [
        "by_object",
        "by_impl",
        "by_generic",
        "by_struct",
        "where_clause",
        "boxed",
    ];
    for way in ways {
        let path = format!("effects::handles::{way}");
        let function = report.functions.iter().find(|one| one.item == path);
        let function = function.unwrap_or_else(|| panic!("{path} is not used from outside"));
        let handle = &function.arguments[0];
        assert_eq!(handle.verdict, Verdict::Drop, "{way}: {handle:?}");
        assert!(
            matches!(function.disposition, Disposition::Rpc { .. }),
            "{way}: {:?}",
            function.disposition
        );
    }
}

#[test]
fn a_task_of_the_process_moves_into_the_service() {
    let report = report("effects::background");
    for task in ["run_worker", "watch"] {
        let found = disposition(&report, &format!("effects::background::{task}"));
        assert!(
            matches!(found, Disposition::Background { .. }),
            "{task}: {found:?}"
        );
    }
    let found = disposition(&report, "effects::background::until_found");
    assert!(matches!(found, Disposition::Rpc { .. }), "{found:?}");
    assert_eq!(report.summary.dispositions.background, 2);
}

#[test]
fn tables_of_entities_are_seen_in_both_forms() {
    let report = report("effects::sql_sea_orm");
    let names: Vec<_> = report.tables.iter().map(|one| one.name.as_str()).collect();
    assert!(
        names.contains(&"users") && names.contains(&"cakes"),
        "{names:?}"
    );
}

/// What the table of types drops is dropped in every list of arguments, and is never sent first.
#[test]
fn a_type_has_one_verdict_in_the_whole_report() {
    for (fixture, modules) in [
        (
            "effects",
            vec![
                "effects::handles",
                "effects::background",
                "effects::sql_rusqlite",
            ],
        ),
        (
            "shop",
            vec!["shop::orders", "shop::mail", "shop::db", "shop::models"],
        ),
        ("mapping", vec!["mapping::unwireable", "mapping::wire"]),
    ] {
        let model = model(fixture);
        for path in modules {
            let report = boundary::report(&model, &[module(&model, path)]).expect("a report");
            for of in &report.types {
                let name = of.item.rsplit("::").next().unwrap_or_default();
                let dropped = of.verdict == Verdict::Drop;
                for function in &report.functions {
                    for value in &function.arguments {
                        let plain = value
                            .rust
                            .trim_start_matches('&')
                            .trim_start_matches("mut ");
                        if plain == name {
                            let verdict = value.verdict == Verdict::Drop;
                            assert_eq!(
                                verdict, dropped,
                                "{path}: {} in {}",
                                value.rust, function.item
                            );
                        }
                    }
                    if let Disposition::Rpc { notes } = &function.disposition
                        && dropped
                    {
                        let sent = format!("{name} is data: it is sent first");
                        assert!(!notes.contains(&sent), "{path}: {}: {sent}", function.item);
                    }
                }
            }
        }
    }
}

#[test]
fn a_crate_is_found_by_the_last_words_of_its_name() {
    let mut model = model("effects");
    for module in &mut model.modules {
        module.path = module.path.replacen("effects", "shop-billing", 1);
    }
    let found = |asked: &str| {
        let found = model
            .find_module(asked)
            .unwrap_or_else(|error| panic!("{asked}: {error}"));
        model.module(found).path.clone()
    };
    assert_eq!(
        found("billing::sql_sea_orm::user"),
        "shop-billing::sql_sea_orm::user"
    );
    assert_eq!(found("handles"), "shop-billing::handles");
    let error = model.find_module("rusqlit").expect_err("no such module");
    assert_eq!(
        error.nearest.first().map(String::as_str),
        Some("shop-billing::sql_rusqlite")
    );
    let error = model.find_module("sea").expect_err("no such module");
    assert!(
        error
            .nearest
            .iter()
            .any(|one| one == "shop-billing::sql_sea_orm"),
        "{error}"
    );
    // The end of a word is no word.
    assert!(model.find_module("illing::handles").is_err());
}
