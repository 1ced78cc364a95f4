//! Indexes of other languages, by their own indexers, counted by hand.

use carveout_extract::model::{ItemKind, Model};

use crate::support::{inbound, model, module, modules, targets};

fn kind(model: &Model, path: &str) -> ItemKind {
    let found = model
        .item_ids()
        .find(|(id, _)| model.item_path(*id) == path);
    found.unwrap_or_else(|| panic!("no {path}")).1.kind
}

fn counted(lines: &[String]) -> Vec<String> {
    let count = |(to, times): (String, usize)| format!("{times} {to}");
    targets(lines).into_iter().map(count).collect()
}

#[test]
fn a_python_project_has_its_modules() {
    let model = model("python");
    let expected = [
        "shop",
        "shop.config",
        "shop.mail",
        "shop.models",
        "shop.orders",
        "shop.orders.placing",
        "shop.orders.pricing",
        "tests",
        "tests.test_orders",
    ];
    assert_eq!(modules(&model), expected);
    let orders = model.module(module(&model, "shop.orders"));
    let file = orders.file.expect("its __init__.py");
    assert_eq!(model.file(file).path, "shop/orders/__init__.py");
    assert_eq!(model.file(file).language, "python");
    assert!(model.module(module(&model, "tests.test_orders")).test);
    for asked in ["orders", "shop.orders", "shop/orders", "shop::orders"] {
        let found = model.find_module(asked).expect(asked);
        assert_eq!(model.module(found).path, "shop.orders", "{asked}");
    }
    let missing = model.find_module("shop.order").expect_err("no such module");
    assert_eq!(
        missing.nearest.first().map(String::as_str),
        Some("shop.orders")
    );
}

#[test]
fn python_references_are_what_was_counted() {
    let model = model("python");
    let expected = [
        "5 shop.mail",
        "2 shop.mail.Outbox",
        "1 shop.mail.Outbox.put",
        "1 shop.mail.deliver",
        "1 shop.mail.send_welcome",
    ];
    assert_eq!(counted(&inbound(&model, "shop.mail")), expected);
    // `from . import pricing` is the module beside, though the index calls it `pricing` alone.
    let pricing = inbound(&model, "shop.orders.pricing");
    let expected = ["3 shop.orders.pricing", "2 shop.orders.pricing.total"];
    assert_eq!(counted(&pricing), expected, "{pricing:#?}");
    let line = "shop/mail.py:11 shop.mail.send_welcome -> shop.config.Settings.domain";
    assert!(inbound(&model, "shop.config").contains(&line.to_owned()));
}

#[test]
fn python_kinds_are_what_the_source_says() {
    let model = model("python");
    assert_eq!(kind(&model, "shop.mail.send_welcome"), ItemKind::Function);
    assert_eq!(kind(&model, "shop.mail.Outbox"), ItemKind::Type);
    assert_eq!(kind(&model, "shop.mail.Outbox.put"), ItemKind::Method);
    assert_eq!(kind(&model, "shop.mail.Outbox.waiting"), ItemKind::Field);
    assert_eq!(kind(&model, "shop.config.CURRENCY"), ItemKind::Constant);
    assert_eq!(kind(&model, "shop.config.settings"), ItemKind::Static);
    let (_, put) = model
        .item_ids()
        .find(|(_, item)| item.path == "Outbox.put")
        .expect("a method");
    let owner = model.item(put.owner.expect("a class"));
    assert_eq!(owner.path, "Outbox");
}

#[test]
fn a_typescript_project_has_a_module_for_each_file() {
    let model = model("typescript");
    let expected = [
        "src",
        "src/config.ts",
        "src/mail.ts",
        "src/models.ts",
        "src/orders",
        "src/orders/index.ts",
        "src/orders/placing.test.ts",
        "src/orders/placing.ts",
        "src/orders/pricing.ts",
        "src/page.tsx",
    ];
    assert_eq!(modules(&model), expected);
    assert!(
        model
            .module(module(&model, "src/orders/placing.test.ts"))
            .test
    );
    for (asked, path) in [
        ("src/mail.ts", "src/mail.ts"),
        ("mail", "src/mail.ts"),
        ("orders/pricing", "src/orders/pricing.ts"),
        ("orders", "src/orders"),
    ] {
        let found = model.find_module(asked).expect(asked);
        assert_eq!(model.module(found).path, path, "{asked}");
    }
}

#[test]
fn typescript_references_are_what_was_counted() {
    let model = model("typescript");
    let expected = [
        "4 src/mail.ts",
        "3 src/mail.ts/deliver",
        "1 src/mail.ts/sendWelcome",
    ];
    assert_eq!(counted(&inbound(&model, "src/mail.ts")), expected);
    let orders = counted(&inbound(&model, "src/orders"));
    assert_eq!(
        orders,
        ["1 src/orders/index.ts", "2 src/orders/placing.ts/place"]
    );
    let models = inbound(&model, "src/models.ts");
    let line = "src/orders/placing.ts:13 src/orders/placing.ts/place -> src/models.ts/Basket.count";
    assert!(models.contains(&line.to_owned()), "{models:#?}");
    let line = "src/page.tsx:5 src/page.tsx/buy -> src/models.ts/Line.sku";
    assert!(models.contains(&line.to_owned()), "{models:#?}");
}

#[test]
fn typescript_kinds_are_what_the_source_says() {
    let model = model("typescript");
    assert_eq!(kind(&model, "src/mail.ts/sendWelcome"), ItemKind::Function);
    assert_eq!(kind(&model, "src/mail.ts/sent"), ItemKind::Static);
    assert_eq!(kind(&model, "src/config.ts/CURRENCY"), ItemKind::Constant);
    assert_eq!(kind(&model, "src/models.ts/Basket"), ItemKind::Type);
    assert_eq!(kind(&model, "src/models.ts/Basket.add"), ItemKind::Method);
    assert_eq!(kind(&model, "src/models.ts/Line.sku"), ItemKind::Field);
}

/// Both indexers count a column in UTF-16 and do not say so.
#[test]
fn a_column_after_an_emoji_is_one_of_bytes() {
    for (name, file, to) in [
        ("python", "shop/mail.py", "shop.models.User.greeting"),
        ("typescript", "src/mail.ts", "src/mail.ts/greeting"),
    ] {
        let model = model(name);
        let found = model
            .references
            .iter()
            .find(|one| model.file(one.file).path == file && model.item_path(one.to) == to)
            .expect("a call");
        let text = std::fs::read_to_string(model.root.join(file)).expect("source");
        let line = text
            .lines()
            .nth(found.span.start.line as usize)
            .expect("a line");
        let there = line.get(found.span.start.column as usize..found.span.end.column as usize);
        assert_eq!(there, Some("greeting"), "{name}");
    }
}
