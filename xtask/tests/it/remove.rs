//! What remove-service takes out, and what it refuses to.

use std::fs;
use std::os::unix::fs::symlink;

use crate::refusals::{CONFLICT, USAGE, refused};
use crate::scratch::Scratch;

#[test]
fn a_service_that_others_use_stays_unless_forced() {
    let scratch = Scratch::repository();
    scratch.ok(&["new-service", "orders", "--no-input"]);
    scratch.ok(&["new-service", "billing", "--no-input"]);
    let packages = scratch.packages().len();
    let manifest = scratch.read("services/billing/Cargo.toml");
    let said = ["orders is used by billing", "--force"];
    for table in [
        "dependencies",
        "build-dependencies",
        "target.'cfg(unix)'.dev-dependencies",
    ] {
        for dependency in [
            "orders-api = { path = \"../orders/api\" }",
            "renamed = { path = \"../orders/api\", package = \"orders-api\" }",
        ] {
            let (head, rest) = manifest.split_once("[lints]").unwrap();
            let head = match table {
                "dependencies" => {
                    head.replace("[dependencies]", &format!("[dependencies]\n{dependency}"))
                }
                _ => format!("{head}[{table}]\n{dependency}\n\n"),
            };
            scratch.write(
                "services/billing/Cargo.toml",
                &format!("{head}[lints]{rest}"),
            );
            assert_eq!(scratch.packages().len(), packages, "cargo reads it");
            refused(&scratch, &["remove-service", "orders"], CONFLICT, &said);
        }
    }
    scratch.ok(&["remove-service", "orders", "--force"]);
    assert!(!scratch.root.join("services/orders").exists());
}

/// Whatever is not shown to be as it was stamped is somebody's work.
#[test]
fn work_is_removed_by_force_alone_and_listed_first() {
    let stamp = || {
        let scratch = Scratch::repository();
        scratch.ok(&["new-service", "orders", "--no-input"]);
        scratch
    };
    let edit =
        |file: &'static str, text: &'static str| move |scratch: &Scratch| scratch.write(file, text);
    type Change = Box<dyn Fn(&Scratch)>;
    let changes: [(&str, Change); 9] = [
        (
            "changed services/orders/src/domain.rs",
            Box::new(edit("services/orders/src/domain.rs", "// mine\n")),
        ),
        (
            "added services/orders/src/billing/mod.rs",
            Box::new(edit("services/orders/src/billing/mod.rs", "")),
        ),
        (
            "added services/orders/migrations/1.sql",
            Box::new(edit(
                "services/orders/migrations/1.sql",
                "create table t();",
            )),
        ),
        (
            "changed proto/acme/orders/v1/orders.proto",
            Box::new(edit("proto/acme/orders/v1/orders.proto", "// mine\n")),
        ),
        (
            "added proto/acme/orders/v2/orders.proto",
            Box::new(edit("proto/acme/orders/v2/orders.proto", "")),
        ),
        (
            "not stamped: services/orders/ (service.toml",
            Box::new(|scratch| {
                fs::remove_file(scratch.root.join("services/orders/service.toml")).unwrap();
            }),
        ),
        (
            "does not name the service",
            Box::new(|scratch| {
                let text = scratch.read("services/orders/service.toml");
                let other = text.replace("name = \"orders\"", "name = \"billing\"");
                scratch.write("services/orders/service.toml", &other);
            }),
        ),
        // The contract's folder comes from this answer.
        (
            "org = ",
            Box::new(|scratch| {
                let text = scratch.read("services/orders/service.toml");
                let other = text.replace("org = \"acme\"", "org = \"../../crates\"");
                scratch.write("services/orders/service.toml", &other);
            }),
        ),
        (
            "added services/orders/link",
            Box::new(|scratch| {
                symlink("/etc/hostname", scratch.root.join("services/orders/link")).unwrap();
            }),
        ),
    ];
    for (said, change) in &changes {
        let scratch = stamp();
        change(&scratch);
        let said = [said, "--force"];
        refused(&scratch, &["remove-service", "orders"], CONFLICT, &said);
        refused(
            &scratch,
            &["remove-service", "orders", "--dry-run"],
            CONFLICT,
            &said,
        );
        let printed = scratch.ok(&["remove-service", "orders", "--force"]);
        assert!(printed.contains(said[0]), "{printed}");
        assert!(!scratch.root.join("services/orders").exists());
        assert!(scratch.root.join("crates/carveout").exists());
        scratch.assert_locked();
    }
}

#[test]
fn a_folder_that_was_never_stamped_stays() {
    let scratch = Scratch::repository();
    let package = "[package]\nname = \"legacy\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
    scratch.write("services/legacy/Cargo.toml", package);
    scratch.write("services/legacy/src/lib.rs", "");
    let said = ["not stamped: services/legacy/", "--force"];
    refused(&scratch, &["remove-service", "legacy"], CONFLICT, &said);
}

#[test]
fn a_contract_that_others_import_stays_unless_forced() {
    let scratch = Scratch::repository();
    scratch.ok(&["new-service", "orders", "--no-input"]);
    let other = "syntax = \"proto3\";\nimport \"acme/orders/v1/orders.proto\";\n";
    scratch.write("proto/acme/billing/v1/billing.proto", other);
    let said = ["is used by proto/acme/billing/v1/billing.proto", "--force"];
    refused(&scratch, &["remove-service", "orders"], CONFLICT, &said);
}

/// What the service gained since is locked too, and features that only it switched on show in the
/// entries of others.
#[test]
fn the_lock_file_is_as_before_also_after_the_service_gained_dependencies() {
    let scratch = Scratch::repository();
    let before = scratch.read("Cargo.lock");
    scratch.ok(&["new-service", "orders", "--no-input"]);
    let manifest = scratch.read("services/orders/Cargo.toml");
    let gained = "[dependencies]\nh2 = \"0.4\"\nserde_json = { version = \"1\", features = [\"preserve_order\"] }\n";
    let manifest = manifest.replacen("[dependencies]\n", gained, 1);
    scratch.write("services/orders/Cargo.toml", &manifest);
    let lock = scratch.cargo(&["metadata", "--offline", "--format-version", "1"]);
    assert_eq!(lock.code, Some(0), "{}", lock.err);
    scratch.ok(&["remove-service", "orders", "--force"]);
    assert_eq!(scratch.read("Cargo.lock"), before);
}

#[test]
fn removal_undoes_the_stamping_byte_for_byte_and_tells_it_as_json() {
    let scratch = Scratch::repository();
    let before = scratch.tree();
    let stamped = scratch.ok(&["new-service", "orders", "--no-input", "--format", "json"]);
    let stamped: serde_json::Value = serde_json::from_str(&stamped).unwrap();
    assert_eq!(stamped["applied"], true);
    let created = stamped["plan"]["create"].as_array().unwrap();
    assert!(
        created
            .iter()
            .all(|file| scratch.root.join(file.as_str().unwrap()).is_file())
    );
    assert_eq!(scratch.tree().0.len(), before.0.len() + created.len());

    let stamped = scratch.tree();
    let dry = scratch.ok(&["remove-service", "orders", "--dry-run", "--format", "json"]);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&dry).unwrap()["applied"],
        false
    );
    stamped.assert_same(&scratch.tree(), "a dry run");

    let removed = scratch.ok(&["remove-service", "orders", "--format", "json"]);
    let removed: serde_json::Value = serde_json::from_str(&removed).unwrap();
    let folders = serde_json::json!(["services/orders", "proto/acme/orders"]);
    assert_eq!(removed["plan"]["remove"], folders);
    before.assert_same(&scratch.tree(), "afterwards");
}

#[test]
fn a_diff_shows_what_a_run_would_write() {
    let scratch = Scratch::repository();
    let before = scratch.tree();
    let diff = scratch.ok(&["new-service", "orders", "--no-input", "--diff"]);
    assert!(diff.contains("+++ services/orders/src/domain.rs"), "{diff}");
    assert!(diff.contains("+name = \"orders-api\""), "{diff}");
    before.assert_same(&scratch.tree(), "afterwards");
}

/// An empty variable in somebody's script, say: it must not stand for all services.
#[test]
fn a_name_that_is_not_one_folder_removes_nothing() {
    let scratch = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\nresolver = \"3\"\n");
    for name in ["orders", "billing"] {
        scratch.ok(&crate::foreign::new(name));
    }
    for name in [
        "",
        ".",
        "./orders",
        "orders/",
        "orders/api",
        "../services",
        "../monolith",
        "/",
    ] {
        let said = ["there is no service", &format!("{name:?}")];
        refused(&scratch, &["remove-service", name, "--force"], USAGE, &said);
    }
    let said = ["\"ordres\"", "did you mean `orders`?"];
    refused(&scratch, &["remove-service", "ordres"], USAGE, &said);
    let said = ["\"zzz\"", "services: billing, orders"];
    refused(&scratch, &["remove-service", "zzz"], USAGE, &said);
}
