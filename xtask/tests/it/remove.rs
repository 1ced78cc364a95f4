//! What remove-service takes out, and what it refuses to.

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
        scratch.ok(&["new-service", name, "--org", "shop", "--owner", "web"]);
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
