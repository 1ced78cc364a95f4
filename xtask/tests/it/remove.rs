//! What remove-service takes out, and what it refuses to.

use crate::scratch::Scratch;

#[test]
fn a_service_that_others_use_stays_unless_forced() {
    let scratch = Scratch::repository();
    scratch.ok(&["new-service", "orders", "--no-input"]);
    scratch.ok(&["new-service", "billing", "--no-input"]);
    let manifest = scratch.read("services/billing/Cargo.toml");
    let uses = manifest.replace(
        "[dependencies]\n",
        "[dependencies]\norders-api = { path = \"../orders/api\" }\n",
    );
    scratch.write("services/billing/Cargo.toml", &uses);
    let before = scratch.tree();
    let ran = scratch.run(&["remove-service", "orders"]);
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    assert!(ran.err.contains("orders is used by billing"), "{}", ran.err);
    assert_eq!(scratch.tree(), before);
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
    assert_eq!(scratch.tree().len(), before.len() + created.len());

    let dry = scratch.ok(&["remove-service", "orders", "--dry-run", "--format", "json"]);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&dry).unwrap()["applied"],
        false
    );
    assert!(scratch.root.join("services/orders").exists());

    let removed = scratch.ok(&["remove-service", "orders", "--format", "json"]);
    let removed: serde_json::Value = serde_json::from_str(&removed).unwrap();
    let folders = serde_json::json!(["services/orders", "proto/acme/orders"]);
    assert_eq!(removed["plan"]["remove"], folders);
    assert_eq!(scratch.tree(), before);
}

#[test]
fn a_diff_shows_what_a_run_would_write() {
    let scratch = Scratch::repository();
    let before = scratch.tree();
    let diff = scratch.ok(&["new-service", "orders", "--no-input", "--diff"]);
    assert!(diff.contains("+++ services/orders/src/domain.rs"), "{diff}");
    assert!(diff.contains("+name = \"orders-api\""), "{diff}");
    assert_eq!(scratch.tree(), before);
}
