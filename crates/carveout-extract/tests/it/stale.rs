//! An index of another state of the source is refused: its lines and columns point elsewhere.

use std::path::Path;

use crate::support::{copy, fixture, read};

fn edit(root: &Path, file: &str, change: impl Fn(&str) -> String) {
    let path = root.join(file);
    let text = std::fs::read_to_string(&path).expect("a source file");
    let changed = change(&text);
    assert_ne!(text, changed, "nothing was changed");
    std::fs::write(&path, changed).expect("a write");
}

/// Changes one file of a copy of the fixture, and reads its index.
fn after(name: &str, file: &str, change: impl Fn(&str) -> String) -> String {
    let folder = copy(name);
    edit(folder.path(), file, change);
    let error = read(folder.path()).expect_err("an index of other source");
    assert!(
        error
            .message
            .starts_with("the index is of another state of the source: 1 of "),
        "{error}"
    );
    assert!(error.message.contains(file), "{error}");
    error.message
}

#[test]
fn a_line_in_the_middle() {
    for (name, file) in [
        ("shop", "src/mail/mod.rs"),
        ("python", "shop/mail.py"),
        ("typescript", "src/mail.ts"),
    ] {
        after(name, file, |text| {
            let half = text[..text.len() / 2].rfind('\n').expect("a line") + 1;
            format!("{}\n{}", &text[..half], &text[half..])
        });
    }
}

#[test]
fn a_function_at_the_end() {
    after("shop", "src/jobs.rs", |text| {
        format!("{text}\npub fn more() {{}}\n")
    });
    after("typescript", "src/mail.ts", |text| {
        format!("{text}\nexport function more() {{}}\n")
    });
}

#[test]
fn a_function_that_is_called_otherwise() {
    let message = after("shop", "src/jobs.rs", |text| {
        text.replace("fn retry", "fn again")
    });
    assert!(
        message.contains("src/jobs.rs:47 defines again, in the index retry"),
        "{message}"
    );
    after("python", "shop/mail.py", |text| {
        text.replace("def deliver", "def convey_")
    });
    after("typescript", "src/mail.ts", |text| {
        text.replace("function deliver", "function convey_")
    });
}

/// Every position is what it was, and the call is to something else.
#[test]
fn another_function_of_the_same_length_is_called() {
    let message = after("shop", "src/web/users.rs", |text| {
        text.replace("mail::send_welcome(", "mail::send_receipt(")
    });
    assert!(
        message.contains("src/web/users.rs:28 calls send_receipt, in the index send_welcome"),
        "{message}"
    );
}

/// A re-export gives a function another name; here it stands in a comment, where one of the same length
/// can be put.
#[test]
fn a_function_that_is_called_by_an_alias_is_not_stale() {
    let folder = copy("shop");
    edit(folder.path(), "src/web/users.rs", |text| {
        text.replace("mail::send_welcome(", "mail::send_renamed(")
    });
    let error = read(folder.path()).expect_err("nothing has that name");
    assert!(error.message.contains("calls send_renamed"), "{error}");
    edit(folder.path(), "src/jobs.rs", |text| {
        text.replace(
            "A loop whose function is named and not called.",
            "pub use mail::send_welcome as send_renamed;   ",
        )
    });
    read(folder.path()).expect("it may be called so");
}

#[test]
fn a_word_that_is_longer() {
    after("shop", "src/billing.rs", |text| {
        text.replace("let totals", "let all_totals")
    });
}

#[test]
fn a_line_less() {
    after("shop", "src/config.rs", |text| {
        let last = text.trim_end().rfind('\n').expect("a line");
        text[..last].to_owned()
    });
}

#[test]
fn a_file_that_is_gone() {
    let folder = copy("shop");
    std::fs::remove_file(folder.path().join("src/limits.rs")).expect("a file");
    let error = read(folder.path()).expect_err("a file less");
    assert!(error.message.contains("src/limits.rs is gone"), "{error}");
    assert!(error.help.is_some(), "{error}");
}

#[test]
fn another_workspace_altogether() {
    let index = fixture("shop").join("index.scip");
    let error = carveout_extract::reader::read_scip(&index, &fixture("traps"))
        .expect_err("another workspace");
    assert!(error.message.contains("are not as it saw them"), "{error}");
    let error = carveout_extract::reader::read_scip(&index, Path::new("/nowhere/at/all"))
        .expect_err("no workspace");
    assert!(error.message.contains("are not as it saw them"), "{error}");
}
