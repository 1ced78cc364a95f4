//! The stamped alerts, as Prometheus evaluates them.

use std::fs;
use std::process::Command;

use crate::scratch::{Ran, Scratch};

/// Calls of an hour, each series a hundred a minute: what pages its owner and what does not.
const CASES: [(&str, &str, bool); 7] = [
    ("all is well", "", false),
    (
        "callers that leave",
        r#"rpc_response_status_code="CANCELLED""#,
        false,
    ),
    (
        "callers that send what is no protobuf",
        r#"rpc_response_status_code="INTERNAL", rpc_fault="caller""#,
        false,
    ),
    (
        "callers with a time-out of nothing",
        r#"rpc_response_status_code="DEADLINE_EXCEEDED", rpc_fault="caller""#,
        false,
    ),
    (
        "callers with an encoding that there is not",
        r#"rpc_response_status_code="UNIMPLEMENTED", rpc_fault="caller""#,
        false,
    ),
    (
        "answers of NOT_FOUND",
        r#"rpc_response_status_code="NOT_FOUND""#,
        false,
    ),
    (
        "faults of the server",
        r#"rpc_response_status_code="INTERNAL""#,
        true,
    ),
];

#[test]
fn what_callers_do_does_not_page_and_what_the_server_does_pages() {
    if Command::new("promtool").arg("--version").output().is_err() {
        let required = std::env::var_os("CARVEOUT_REQUIRE_TOOLS").is_some_and(|value| value == "1");
        assert!(!required, "promtool is not installed (.ci/install-tools)");
        eprintln!("skipped: promtool is not installed (.ci/install-tools)");
        return;
    }
    let scratch = Scratch::repository();
    scratch.ok(&["new-service", "orders", "--with", "alerts", "--no-input"]);
    let deploy = scratch.root.join("services/orders/deploy");
    promtool(&["check", "rules"], &deploy.join("alerts.yaml"));

    let calls = r#"rpc_server_call_duration_seconds_count{job="orders", namespace="shop", rpc_method="acme.orders.v1.OrdersService/GetItem", "#;
    let mut tests = String::from("rule_files: [alerts.yaml]\nevaluation_interval: 1m\ntests:\n");
    for (name, labels, pages) in CASES {
        tests += &format!(
            "  - name: {name}\n    interval: 1m\n    input_series:\n      - series: 'up{{job=\"orders\"}}'\n        values: 1x90\n      - series: '{calls}rpc_response_status_code=\"OK\"}}'\n        values: 0+100x90\n"
        );
        if !labels.is_empty() {
            tests += &format!("      - series: '{calls}{labels}}}'\n        values: 0+100x90\n");
        }
        // The number of pages; a query without a result has no sample.
        let samples = if pages {
            "[{ labels: '{}', value: 1 }]"
        } else {
            "[]"
        };
        tests += &format!(
            "    promql_expr_test:\n      - expr: count(ALERTS{{severity=\"page\", alertstate=\"firing\"}})\n        eval_time: 70m\n        exp_samples: {samples}\n"
        );
    }
    let file = deploy.join("alerts.test.yaml");
    fs::write(&file, tests).unwrap();
    promtool(&["test", "rules"], &file);
}

fn promtool(args: &[&str], file: &std::path::Path) {
    let output = Command::new("promtool").args(args).arg(file).output();
    let ran = Ran::from(output.unwrap());
    assert_eq!(ran.code, Some(0), "{args:?}: {}{}", ran.out, ran.err);
}
