//! Bad input: one clear error that names it and a way out, the documented code, nothing written.

use crate::scratch::Scratch;

pub(crate) const IO: i32 = 1;
pub(crate) const USAGE: i32 = 2;
pub(crate) const CONFLICT: i32 = 4;

/// Runs what has to be refused with `code`, with each of `said` in the error, and with no change.
#[track_caller]
pub(crate) fn refused(scratch: &Scratch, args: &[&str], code: i32, said: &[&str]) {
    let before = scratch.tree();
    let ran = scratch.run(args);
    assert_eq!(ran.code, Some(code), "{args:?}: {}{}", ran.out, ran.err);
    for said in said {
        assert!(
            ran.err.contains(said),
            "{args:?} does not say {said:?}: {}",
            ran.err
        );
    }
    before.assert_same(&scratch.tree(), &format!("{args:?}"));
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let scratch = Scratch::repository();
    let new = |more: &[&'static str]| [&["new-service", "orders", "--no-input"], more].concat();
    refused(
        &scratch,
        &new(&["--template", "servcie"]),
        USAGE,
        &["servcie", "did you mean `service`"],
    );
    refused(
        &scratch,
        &new(&["--template", "./none"]),
        USAGE,
        &["./none"],
    );
    refused(
        &scratch,
        &new(&["--with", "alert"]),
        USAGE,
        &["\"alert\"", "did you mean `alerts`"],
    );
    refused(&scratch, &new(&["--verify", "chekc"]), USAGE, &["chekc"]);
    refused(&scratch, &new(&["--frobnicate"]), USAGE, &["--frobnicate"]);
    refused(
        &scratch,
        &new(&["--answers", "/none.toml"]),
        IO,
        &["/none.toml"],
    );
    refused(
        &scratch,
        &["remove-service", "gretter"],
        USAGE,
        &["gretter", "did you mean `greeter`"],
    );
    refused(
        &scratch,
        &["new-servcie", "orders"],
        USAGE,
        &["new-service"],
    );
}

#[test]
fn a_folder_that_is_taken_is_left_alone() {
    let scratch = Scratch::repository();
    refused(
        &scratch,
        &["new-service", "greeter"],
        CONFLICT,
        &["greeter is there already"],
    );
    scratch.write("services/orders/notes.txt", "mine");
    refused(
        &scratch,
        &["new-service", "orders"],
        CONFLICT,
        &["orders is there already"],
    );
    scratch.write("services/plain", "a file");
    refused(
        &scratch,
        &["new-service", "plain"],
        CONFLICT,
        &["plain is there already"],
    );
    scratch.write("proto/acme/billing/v1/billing.proto", "mine");
    refused(
        &scratch,
        &["new-service", "billing"],
        CONFLICT,
        &["proto/acme/billing"],
    );
}

#[test]
fn places_where_nothing_can_be_stamped() {
    let empty = Scratch::empty();
    refused(
        &empty,
        &["new-service", "orders"],
        USAGE,
        &["not inside a cargo workspace"],
    );
    let broken = Scratch::foreign("[workspace\nmembers = []\n");
    refused(&broken, &["new-service", "orders"], IO, &["Cargo.toml"]);
    let excluding = Scratch::foreign(
        "[workspace]\nmembers = [\"monolith\"]\nexclude = [\"services\"]\n\
         [workspace.metadata.carveout]\norg = \"shop\"\nowner = \"all\"\n",
    );
    refused(
        &excluding,
        &["new-service", "orders"],
        CONFLICT,
        &["excludes", "\"services\""],
    );
}

/// cargo-generate would put nothing in its place.
#[test]
fn a_template_that_names_what_nobody_answers_renders_nothing() {
    let scratch = Scratch::repository();
    let readme = "templates/service/README.md";
    let text = scratch.read(readme) + "Written by {{ author }}.\n";
    scratch.write(readme, &text);
    refused(
        &scratch,
        &["new-service", "orders", "--no-input"],
        IO,
        &[readme, "Unknown variable", "author"],
    );
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let scratch = Scratch::repository();
    let ran = scratch.run(&["new-service", "Orders", "--format", "json"]);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!(
        (ran.code, &error["code"]),
        (Some(USAGE), &serde_json::json!(USAGE))
    );
    assert!(
        error["error"].as_str().unwrap().contains("Orders"),
        "{error}"
    );
    assert_eq!(error["help"], "try `orders`");

    // A command line that cannot be parsed too, whose format is not known yet.
    for format in [&["--format", "json"][..], &["--format=json"]] {
        let ran = scratch.run(&[&["new-service", "orders", "--frobnicate"], format].concat());
        let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!((ran.code, error["code"].as_i64()), (Some(USAGE), Some(2)));
        assert!(error["error"].as_str().unwrap().contains("--frobnicate"));
    }
}
