//! The counts of a boundary, on workspaces that were counted by hand.

use carveout_extract::model::ItemKind;

use crate::support::{copy, fixture, inbound, model, modules, outbound, read, targets};

#[test]
fn each_fixture_has_an_index_of_its_source() {
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(fixture("")).expect("fixtures").flatten() {
        let root = entry.path();
        if !root.join("index.scip").exists() {
            continue;
        }
        // The reader fails for an index of another state of the source.
        let model = read(&root).unwrap_or_else(|error| panic!("{}: {error}", root.display()));
        assert!(!model.references.is_empty(), "{}", root.display());
        seen.push(entry.file_name().to_string_lossy().into_owned());
    }
    seen.sort();
    assert_eq!(
        seen,
        [
            "effects",
            "mapping",
            "python",
            "shop",
            "traps",
            "typescript"
        ]
    );
}

/// `grep -n mail src/**/*.rs` and a pencil.
#[test]
fn the_boundary_of_mail_is_what_was_counted() {
    let model = model("shop");
    let found = inbound(&model, "shop::mail");
    let expected = [
        ("shop::mail", 15),
        ("shop::mail::MailError", 4),
        ("shop::mail::MailError::Down", 1),
        ("shop::mail::enqueue", 1),
        ("shop::mail::is_address", 3),
        ("shop::mail::send_receipt", 1),
        ("shop::mail::send_reminder", 1),
        ("shop::mail::send_welcome", 3),
    ];
    let expected: Vec<_> = expected.map(|(to, count)| (to.to_owned(), count)).into();
    assert_eq!(targets(&found), expected, "{found:#?}");
    assert_eq!(found.len(), 29);
    let at = |line: &str| assert!(found.iter().any(|one| one == line), "{line} in {found:#?}");
    at("src/jobs.rs:13 shop::jobs::remind -> shop::mail::send_reminder");
    at("src/jobs.rs:44 shop::jobs::valid -> shop::mail::is_address");
    at("src/checkout.rs:17 shop::checkout::place -> shop::mail::enqueue");
    at("tests/checkout.rs:1 shop (test checkout) -> shop::mail");

    let used = targets(&outbound(&model, "shop::mail"));
    let of = |to: &str| used.iter().find(|one| one.0 == to).map(|one| one.1);
    assert_eq!(of("shop::config::CONFIG"), Some(6));
    assert_eq!(of("shop::models::user::User"), Some(6));
    assert_eq!(of("shop::models::user::User::email"), Some(3));
    assert_eq!(of("shop::models::user::User::name"), Some(2));
    assert_eq!(of("shop::models::user::User::locale"), Some(1));
    assert_eq!(of("shop::models::user::User::password_hash"), None);
    assert_eq!(of("shop::schema::outbox::table"), Some(1));
}

#[test]
fn a_library_its_binary_and_its_test_are_three_roots() {
    let model = model("shop");
    let roots: Vec<_> = model
        .modules
        .iter()
        .filter(|one| one.parent.is_none())
        .map(|one| (one.path.as_str(), one.test))
        .collect();
    let expected = [
        ("shop (test checkout)", true),
        ("shop (bin)", false),
        ("shop", false),
    ];
    assert_eq!(roots, expected);
    let main = inbound(&model, "shop::config");
    assert!(main.contains(&"src/main.rs:5 shop (bin)::main -> shop::config::CONFIG".to_owned()));
}

#[test]
fn kinds_are_what_the_source_says() {
    let model = model("shop");
    let kind = |path: &str| {
        let found = model
            .item_ids()
            .find(|(id, _)| model.item_path(*id) == path);
        found.unwrap_or_else(|| panic!("no {path}")).1.kind
    };
    assert_eq!(kind("shop::config::CONFIG"), ItemKind::Static);
    assert_eq!(kind("shop::config::Config"), ItemKind::Type);
    assert_eq!(kind("shop::config::Config::domain"), ItemKind::Field);
    assert_eq!(kind("shop::orders::find"), ItemKind::Function);
    assert_eq!(
        kind("shop::models::user::User::is_active"),
        ItemKind::Method
    );
    assert_eq!(kind("shop::mail::MailError::Down"), ItemKind::Variant);
    assert_eq!(kind("shop::audit::TRAIL"), ItemKind::Static);
}

#[test]
fn every_row_of_the_mapping_is_called_from_web() {
    let model = model("mapping");
    let called: Vec<String> = ["mapping::wire", "mapping::unwireable"]
        .iter()
        .flat_map(|module| targets(&inbound(&model, module)))
        .map(|(to, _)| to)
        .collect();
    let mut rows = 0;
    for (id, item) in model.item_ids() {
        let path = model.item_path(id);
        let of_rows = path.starts_with("mapping::wire") || path.starts_with("mapping::unwireable");
        if item.kind != ItemKind::Function || !of_rows {
            continue;
        }
        rows += 1;
        assert!(called.contains(&path), "nobody calls {path}");
    }
    assert_eq!(rows, 120);
}

#[test]
fn a_partial_index_is_refused_with_the_files_that_lost_most() {
    let folder = copy("shop");
    let root = folder.path();
    std::fs::rename(root.join("partial.scip"), root.join("index.scip")).expect("a file");
    let error = read(root).expect_err("an index without dependencies");
    assert!(
        error.message.starts_with("the index is partial: it knows "),
        "{error}"
    );
    assert!(error.message.contains("src/orders/mod.rs ("), "{error}");
}

#[test]
fn every_module_of_the_shop_is_there_once() {
    let model = model("shop");
    let paths = modules(&model);
    let mut once = paths.clone();
    once.dedup();
    assert_eq!(paths, once);
    assert!(paths.contains(&"shop::web::orders".to_owned()));
}
