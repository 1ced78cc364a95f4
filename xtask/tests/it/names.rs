//! Names that would break something later: refused with the reason and with a name that is not.

use crate::foreign::new;
use crate::refusals::{USAGE, refused};
use crate::scratch::Scratch;

#[test]
fn bad_names_are_refused_with_one_that_can_be_had() {
    let scratch = Scratch::repository();
    let long = "a-name-that-goes-on-for-longer-than-forty-characters";
    let form = "lower-case letters and digits";
    for (name, why, better) in [
        ("fn", "a Rust keyword", "fn-service"),
        ("match", "a Rust keyword", "match-service"),
        ("gen", "a Rust keyword", "gen-service"),
        ("service", "a protobuf keyword", "service-service"),
        ("message", "a protobuf keyword", "message-service"),
        ("test", "reserved by cargo", "test-service"),
        ("std", "reserved by cargo", "std-service"),
        ("xtask", "reserved by cargo", "xtask-service"),
        ("google", "the beginning of packages", "google-service"),
        ("con", "a device name on Windows", "con-service"),
        ("yes", "no text in YAML", "yes-service"),
        ("Orders", form, "orders"),
        ("ORDERS", form, "orders"),
        ("orderHistory", form, "order-history"),
        ("order_history", form, "order-history"),
        ("order--history", form, "order-history"),
        ("order history", form, "order-history"),
        ("1orders", form, "orders"),
        ("orders-", form, "orders"),
        ("-orders", form, "orders"),
        ("../orders", form, "orders"),
        ("a/b", form, "a-b"),
        (
            long,
            "at most 40 characters, this one has 52",
            "a-name-that-goes-on-for-longer-than",
        ),
        // Dependencies of this workspace, with - and _ taken for one.
        ("tokio", "the dependency tokio", "tokio-service"),
        (
            "serde-json",
            "the dependency serde_json",
            "serde-json-service",
        ),
        (
            "carveout",
            "the workspace's package carveout",
            "carveout-service",
        ),
        (
            "greeter-api",
            "the workspace's package greeter-api",
            "greeter-service",
        ),
    ] {
        let said = [&format!("{name:?}"), why, &format!("try `{better}`")];
        refused(
            &scratch,
            &["new-service", "--no-input", "--", name],
            USAGE,
            &said,
        );
        scratch.ok(&["new-service", better, "--no-input", "--dry-run"]);
    }
}

#[test]
fn names_of_which_nothing_can_be_kept_are_refused_too() {
    let scratch = Scratch::repository();
    for name in ["..", "42", "---", "日本"] {
        let said = [&format!("{name:?}"), "try a name such as `orders`"];
        let args = ["new-service", "--no-input", "--", name];
        refused(&scratch, &args, USAGE, &said);
    }
    refused(
        &scratch,
        &["new-service", ""],
        USAGE,
        &["needs a name", "try `orders`"],
    );
    refused(&scratch, &["new-service"], USAGE, &["<NAME>"]);
}

/// What is taken is taken under both spellings, and by a service's API too.
#[test]
fn a_package_of_a_foreign_workspace_is_not_shadowed() {
    let scratch =
        Scratch::foreign("[workspace]\nmembers = [\"monolith\", \"tools/*\"]\nresolver = \"3\"\n");
    for (folder, name) in [("stock", "stock_keeper"), ("billing", "billing-api")] {
        let manifest =
            format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n");
        scratch.write(&format!("tools/{folder}/Cargo.toml"), &manifest);
        scratch.write(&format!("tools/{folder}/src/lib.rs"), "");
    }
    for (name, clash) in [
        ("shop", "package shop"),
        ("stock-keeper", "package stock_keeper"),
        ("billing", "package billing-api"),
        // Nothing is locked yet; these will be.
        ("tokio", "dependency tokio"),
        ("h2", "dependency h2"),
        ("carveout-grpc", "dependency carveout-grpc"),
    ] {
        refused(&scratch, &new(name), USAGE, &[name, clash, "try `"]);
    }
    // The kit's own example is nothing that a service depends on.
    scratch.ok(&[&new("greeter")[..], &["--dry-run"]].concat());
}
