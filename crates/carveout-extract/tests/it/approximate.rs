//! The reader that guesses from the syntax, one trap a test.

use std::fs;
use std::path::Path;

use carveout_extract::indexer::Workspace;
use carveout_extract::model::Model;
use carveout_extract::reader::read_approximate;
use tempfile::TempDir;

use crate::indexer_support::{MANIFEST, folder, write};

fn read(folder: &Path) -> Model {
    read_approximate(&Workspace::find(folder).unwrap()).unwrap()
}

/// The package `shop` with these files beside its manifest.
fn shop(files: &[(&str, &str)]) -> (TempDir, Model) {
    let folder = folder(&[("Cargo.toml", MANIFEST)]);
    for (path, text) in files {
        write(folder.path(), path, text);
    }
    let model = read(folder.path());
    (folder, model)
}

/// `from -> what`, for what is no module and stands in another module; sorted.
fn crossing(model: &Model) -> Vec<String> {
    let mut found: Vec<String> = model
        .references
        .iter()
        .filter(|one| {
            let to = model.item(one.to);
            to.kind.name() != "module" && to.module.is_some_and(|module| module != one.from)
        })
        .map(|one| {
            format!(
                "{} -> {}",
                model.module(one.from).path,
                model.item_path(one.to)
            )
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn modules(model: &Model) -> Vec<&str> {
    let mut paths: Vec<&str> = model
        .modules
        .iter()
        .map(|module| module.path.as_str())
        .collect();
    paths.sort_unstable();
    paths
}

#[track_caller]
fn check(lib: &str, expected: &[&str]) {
    let (_folder, model) = shop(&[("src/lib.rs", lib)]);
    assert_eq!(crossing(&model), expected);
}

#[test]
fn it_says_that_it_is_approximate() {
    let (_folder, model) = shop(&[("src/lib.rs", "pub fn f() {}")]);
    assert!(model.origin.approximate);
    assert_eq!(model.origin.tool, "syn");
    assert!(model.gaps[0].contains("approximate"), "{:?}", model.gaps);
}

#[test]
fn imports_are_followed_through_renames_globs_and_re_exports() {
    check(
        "mod a { pub struct S; pub fn f() {} pub mod deep { pub const LIMIT: u8 = 1; } }
         mod b { pub use super::a::{f as renamed, deep::*}; pub use crate::a::S; }
         mod c { use crate::b::*; fn g() -> S { renamed(); let _ = LIMIT; S } }",
        &[
            "shop::b -> shop::a::S",
            "shop::b -> shop::a::f",
            "shop::c -> shop::a::S",
            "shop::c -> shop::a::deep::LIMIT",
            "shop::c -> shop::a::f",
        ],
    );
}

#[test]
fn a_circle_of_globs_ends() {
    check(
        "mod a { pub use super::b::*; pub fn f() {} } mod b { pub use super::a::*; fn g() { f(); nothing(); } }",
        &["shop::b -> shop::a::f"],
    );
}

#[test]
fn variables_hide_functions_but_not_calls_of_them() {
    check(
        "mod a { pub fn user() -> u8 { 1 } pub fn token() -> u8 { 1 } }
         mod b { use super::a::*; fn g(token: u8) -> u8 { let user = user(); user + token } }",
        &["shop::b -> shop::a::user"],
    );
}

#[test]
fn methods_and_fields_are_found_where_types_are_written() {
    check(
        "mod a { pub struct User { pub name: String, pub team: Team } pub struct Team { pub size: u32 }
           impl User { pub fn find() -> Option<Self> { None } pub fn team(&self) -> &Team { &self.team } }
           pub trait Named { fn named(&self) -> u8 { 1 } } impl Named for Team {} }
         mod b { use super::a::{User, Named};
           fn g(user: &User) { user.name.len(); user.team().size; user.team.named(); }
           fn h() -> Option<u32> { let found = User::find()?; Some(found.team.size) }
           fn i() { if let Some(user) = User::find() { user.team(); } unknown().name; } }",
        &[
            "shop::b -> shop::a::Named",
            "shop::b -> shop::a::Named::named",
            "shop::b -> shop::a::Team::size",
            "shop::b -> shop::a::User",
            "shop::b -> shop::a::User::find",
            "shop::b -> shop::a::User::name",
            "shop::b -> shop::a::User::team",
        ],
    );
}

#[test]
fn a_builder_has_a_field_and_a_method_of_one_name() {
    check(
        "mod a { pub struct Builder { pub size: u8 } impl Builder { pub fn new() -> (Self, Vec<u8>) { todo!() }
           pub fn size(self, size: u8) -> Self { self } pub async fn done(&self) -> Result<Done, ()> { todo!() } }
           pub struct Done { pub at: u8 } }
         mod b { async fn g() { let (one, rest) = super::a::Builder::new(); one.size(1).done().await?.at; rest.size(); } }",
        &[
            "shop::b -> shop::a::Builder",
            "shop::b -> shop::a::Builder::done",
            "shop::b -> shop::a::Builder::new",
            "shop::b -> shop::a::Builder::size",
            "shop::b -> shop::a::Done::at",
        ],
    );
    let (_folder, model) = shop(&[(
        "src/lib.rs",
        "struct S { size: u8 } impl S { fn size(&self) -> u8 { self.size } } fn f(s: S) { s.size(); }",
    )]);
    let kinds: Vec<&str> = model
        .references
        .iter()
        .map(|one| model.item(one.to))
        .filter(|item| item.name == "size")
        .map(|item| item.kind.name())
        .collect();
    assert_eq!(kinds, ["field", "method"]);
}

#[test]
fn names_in_the_brackets_of_macros_are_found() {
    check(
        "mod a { pub fn f() -> u8 { 1 } pub const K: u8 = 1; pub enum Kind { One } }
         mod b { use super::a; fn g() { println!(\"{}\", a::f()); odd!(a::K => [super::a::Kind::One; x]); } }
         wrapped! { pub mod c { pub fn h() { super::a::f(); } } }",
        &[
            "shop::b -> shop::a::K",
            "shop::b -> shop::a::Kind",
            "shop::b -> shop::a::Kind::One",
            "shop::b -> shop::a::f",
            "shop::c -> shop::a::f",
        ],
    );
}

#[test]
fn a_table_of_diesel_is_a_module_with_columns() {
    check(
        "mod schema { diesel::table! { users (id) { id -> Integer, name -> Text, } } }
         mod b { use super::schema::users; fn g() { users::table.filter(users::name.eq(1)); users::dsl::id; } }",
        &["shop::b -> shop::schema::users::columns::id", "shop::b -> shop::schema::users::columns::name", "shop::b -> shop::schema::users::table"],
    );
}

#[test]
fn path_attributes_say_where_a_module_is() {
    let (_folder, model) = shop(&[
        (
            "src/lib.rs",
            "#[path = \"odd/file.rs\"] pub mod even; pub mod inline { pub mod leaf; #[path = \"x.rs\"] pub mod y; }",
        ),
        (
            "src/odd/file.rs",
            "pub mod beside; pub fn f() { beside::g() }",
        ),
        ("src/odd/beside.rs", "pub fn g() {}"),
        ("src/inline/leaf.rs", "pub fn h() { super::y::i() }"),
        ("src/inline/x.rs", "pub fn i() {}"),
    ]);
    assert_eq!(
        modules(&model),
        [
            "shop",
            "shop::even",
            "shop::even::beside",
            "shop::inline",
            "shop::inline::leaf",
            "shop::inline::y"
        ]
    );
    assert_eq!(
        crossing(&model),
        [
            "shop::even -> shop::even::beside::g",
            "shop::inline::leaf -> shop::inline::y::i"
        ]
    );
    assert_eq!(model.gaps.len(), 1, "{:?}", model.gaps);
}

#[test]
fn two_targets_of_a_package_are_two_trees() {
    let (_folder, model) = shop(&[
        (
            "src/lib.rs",
            "pub mod shared; pub fn start() { shared::run() }",
        ),
        (
            "src/main.rs",
            "mod shared; mod own; fn main() { shop::start(); shared::run(); own::f() }",
        ),
        ("src/shared.rs", "pub fn run() {}"),
        ("src/own.rs", "pub fn f() { shop::shared::run() }"),
        ("tests/t.rs", "#[test] fn t() { shop::start() }"),
    ]);
    assert_eq!(
        crossing(&model),
        [
            "shop (bin) -> shop (bin)::own::f",
            "shop (bin) -> shop::shared::run",
            "shop (bin) -> shop::start",
            "shop (bin)::own -> shop::shared::run",
            "shop (test t) -> shop::start",
            "shop -> shop::shared::run",
        ]
    );
}

#[test]
fn crates_have_the_names_that_manifests_give_them() {
    let package = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n{rest}")
    };
    let app = package(
        "app",
        "[dependencies]\nstore = { package = \"my-stock\", path = \"../stock\" }\nmy-tools = { path = \"../tools\" }\n",
    );
    let folder = folder(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"app\", \"stock\", \"tools\"]\nexclude = [\"other\"]\n",
        ),
        ("app/Cargo.toml", &app),
        (
            "app/src/lib.rs",
            "pub fn f() { store::count(); my_tools::hammer(); tools::hammer(); ::store::count(); }",
        ),
        ("stock/Cargo.toml", &package("my-stock", "")),
        ("stock/src/lib.rs", "pub fn count() {}"),
        ("tools/Cargo.toml", &package("my-tools", "")),
        ("tools/src/lib.rs", "pub fn hammer() {}"),
        (
            "other/Cargo.toml",
            &format!("{}[workspace]\n", package("other", "")),
        ),
        ("other/src/lib.rs", "pub mod inner { pub fn f() {} }"),
    ]);
    let model = read(&folder.path().join("app/src"));
    assert_eq!(
        crossing(&model),
        ["app -> my-stock::count", "app -> my-tools::hammer"]
    );
    assert_eq!(modules(&model), ["app", "my-stock", "my-tools"]);
    // A workspace within another is one of its own.
    assert_eq!(
        modules(&read(&folder.path().join("other/src"))),
        ["other", "other::inner"]
    );
}

#[test]
fn what_cannot_be_read_is_a_gap_and_the_rest_is_read() {
    let folder = folder(&[
        ("Cargo.toml", MANIFEST),
        (
            "src/lib.rs",
            "mod gone; #[cfg(windows)] mod elsewhere; mod broken; mod latin; mod good; include!(\"inc.rs\");",
        ),
        ("src/broken.rs", "fn f( {"),
        ("src/good.rs", "pub fn g() {}"),
        ("src/inc.rs", "fn included() {}"),
    ]);
    fs::write(folder.path().join("src/latin.rs"), b"// caf\xe9\n").unwrap();
    let model = read(folder.path());
    let gaps = model.gaps.join("\n");
    assert!(
        gaps.contains("src/lib.rs: there is no file for `mod gone`"),
        "{gaps}"
    );
    assert!(
        gaps.contains("src/lib.rs: what it includes with include! is not followed"),
        "{gaps}"
    );
    assert!(gaps.contains("src/broken.rs: "), "{gaps}");
    assert!(gaps.contains("src/latin.rs: it is not UTF-8"), "{gaps}");
    assert!(!gaps.contains("elsewhere"), "{gaps}");
    assert!(gaps.contains("not in the index: src/inc.rs"), "{gaps}");
    assert_eq!(model.gaps.len(), 6, "{gaps}");
    assert!(model.find_module("good").is_ok());
}

#[cfg(unix)]
#[test]
fn links_and_odd_names_do_no_harm() {
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&[
        ("Cargo.toml", MANIFEST),
        (
            "src/lib.rs",
            "pub mod real; #[path = \"loop/loop/linked.rs\"] pub mod linked;",
        ),
        ("src/real.rs", "pub fn f() {}"),
    ]);
    std::os::unix::fs::symlink(".", folder.path().join("src/loop")).unwrap();
    std::os::unix::fs::symlink("real.rs", folder.path().join("src/linked.rs")).unwrap();
    fs::write(
        folder
            .path()
            .join("src")
            .join(std::ffi::OsStr::from_bytes(b"\xff.rs")),
        "fn f() {}",
    )
    .unwrap();
    let model = read(folder.path());
    // One file is one module, under the first name that leads to it.
    assert_eq!(modules(&model), ["shop", "shop::real"]);
}

#[test]
fn positions_are_bytes_whatever_stands_before() {
    let (_folder, model) = shop(&[(
        "src/lib.rs",
        "mod a { pub fn f() {} } /* ä€𝄞 */ mod b { fn g() { /* ü */ super::a::f() } }",
    )]);
    let text = "mod a { pub fn f() {} } /* ä€𝄞 */ mod b { fn g() { /* ü */ super::a::f() } }";
    let place = text.rfind("f()").unwrap();
    let columns: Vec<u32> = model
        .references
        .iter()
        .filter(|one| model.item(one.to).name == "f")
        .map(|one| one.span.start.column)
        .collect();
    assert_eq!(columns, [u32::try_from(place).unwrap()]);
}

#[test]
fn a_byte_order_mark_is_no_gap() {
    let (_folder, model) = shop(&[(
        "src/lib.rs",
        "\u{feff}mod a { pub fn f() {} }\nmod b { fn g() { super::a::f() } }",
    )]);
    assert_eq!(crossing(&model), ["shop::b -> shop::a::f"]);
}
