//! The real rust-analyzer, on a workspace that it indexes in seconds.

use std::collections::BTreeSet;
use std::process::Command;

use carveout_extract::indexer::Workspace;
use carveout_extract::model::Model;
use carveout_extract::reader::{read_approximate, read_scip};

use crate::indexer_support::{err, folder, has_rust_analyzer, out};

const FILES: [(&str, &str); 7] = [
    (
        "stock/tests/counts.rs",
        "#[test]\nfn counts() {\n    my_stock::count::Count::new(1);\n}\n",
    ),
    (
        "Cargo.toml",
        "[workspace]\nmembers = [\"shop\", \"stock\"]\nresolver = \"2\"\n",
    ),
    (
        "stock/Cargo.toml",
        "[package]\nname = \"my-stock\"\nversion = \"0.3.0\"\nedition = \"2021\"\n",
    ),
    (
        "stock/src/lib.rs",
        "pub mod count;\npub use count::Count as Amount;\n\n\
         pub trait Keep {\n    type Of;\n    fn keep(&self) -> Option<u32>;\n    fn twice(&self) -> u32 {\n        self.keep().unwrap_or_default() * 2\n    }\n}\n\n\
         pub enum Place {\n    Shelf,\n    Box { number: u32 },\n    Heap(count::Count),\n}\n",
    ),
    (
        "stock/src/count.rs",
        "use super::{Keep, Place};\n\npub const LIMIT: u32 = 3;\npub static NAME: &str = \"stock\";\n\npub struct Count {\n    pub number: u32,\n}\n\n\
         impl Count {\n    pub fn new(number: u32) -> Self {\n        Self { number }\n    }\n}\n\n\
         impl Keep for Count {\n    type Of = Place;\n    fn keep(&self) -> Option<u32> {\n        Some(self.number + LIMIT)\n    }\n}\n\n\
         impl<'a> From<&'a Place> for Count {\n    fn from(place: &'a Place) -> Self {\n        match place {\n            \
         Place::Shelf => Count::new(0),\n            Place::Box { number } => Count { number: *number },\n            \
         Place::Heap(count) => Count::new(count.number),\n        }\n    }\n}\n",
    ),
    (
        "shop/Cargo.toml",
        "[package]\nname = \"shop\"\nversion = \"1.2.3\"\nedition = \"2021\"\n\n[dependencies]\nstore = { package = \"my-stock\", path = \"../stock\" }\n",
    ),
    (
        "shop/src/lib.rs",
        "#[path = \"till_2.rs\"]\npub mod till;\n\npub mod shelf {\n    use store::{count, Amount, Keep as _};\n\n    \
         pub fn sell(amount: Amount) -> u32 {\n        let one = count::Count::new(count::LIMIT);\n        \
         super::till::ring(one.number + amount.number + amount.twice())\n    }\n}\n",
    ),
];

const TILL: (&str, &str) = (
    "shop/src/till_2.rs",
    "use crate::shelf;\n\npub fn ring(price: u32) -> u32 {\n    println!(\"{}\", store::count::NAME);\n    price\n}\n\npub fn all() -> u32 {\n    \
     shelf::sell(store::Amount::new(1))\n}\n",
);

/// A reference from one module to another: line by line, in both readers.
fn crossing(model: &Model) -> BTreeSet<String> {
    let crossing = model.references.iter().filter(|one| {
        let to = model.item(one.to);
        to.module.is_some_and(|module| module != one.from)
    });
    let written = crossing.map(|one| {
        let (file, at) = (&model.file(one.file).path, one.span.start);
        let (from, to) = (&model.module(one.from).path, model.item_path(one.to));
        let symbol = &model.item(one.to).symbol;
        format!(
            "{file}:{}:{} {from} -> {to} {symbol}",
            at.line + 1,
            at.column + 1
        )
    });
    written.collect()
}

fn defined(model: &Model) -> BTreeSet<&str> {
    let defined = model.items.iter().filter(|item| item.definition.is_some());
    defined.map(|item| item.symbol.as_str()).collect()
}

/// What the syntax says without doubt is the same as what the compiler's front end says, symbol by
/// symbol and place by place: a baseline that was made with one reader holds for the other.
#[test]
fn the_approximate_reader_agrees_with_rust_analyzer_where_types_are_written() {
    if !has_rust_analyzer() {
        return;
    }
    let mut files = FILES.to_vec();
    files.push(TILL);
    let folder = folder(&files);
    let run = Command::new(env!("CARGO_BIN_EXE_carveout-extract"))
        .args(["boundary", "index", "--workspace"])
        .arg(folder.path().join("shop/src"))
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", err(&run));
    let workspace = Workspace::find(folder.path()).unwrap();
    let exact = read_scip(out(&run).trim().as_ref(), &workspace.root).unwrap();
    let guessed = read_approximate(&workspace).unwrap();
    assert_eq!(defined(&guessed), defined(&exact));
    assert_eq!(crossing(&guessed), crossing(&exact));
    assert!(crossing(&exact).len() > 30, "{:#?}", crossing(&exact));
    let paths = |model: &Model| -> BTreeSet<String> {
        model
            .modules
            .iter()
            .map(|module| module.path.clone())
            .collect()
    };
    assert_eq!(paths(&guessed), paths(&exact));
}

#[test]
fn a_workspace_that_does_not_compile_has_no_index() {
    if !has_rust_analyzer() {
        return;
    }
    let lost: String = (0..20)
        .map(|at| format!("pub fn f{at}() -> gone::Type {{ gone::make({at}).unknown().more() }}\n"))
        .collect();
    let folder = folder(&[
        (
            "Cargo.toml",
            "[package]\nname = \"lost\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        ),
        ("src/lib.rs", &lost),
    ]);
    let run = Command::new(env!("CARGO_BIN_EXE_carveout-extract"))
        .args(["boundary", "index", "--workspace"])
        .arg(folder.path())
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(4), "{}", err(&run));
    assert!(err(&run).contains("the index is partial"), "{}", err(&run));
    assert_eq!(out(&run), "");
}
