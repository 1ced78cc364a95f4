//! Answers that a template needs: all that is wrong with them is told at once.

use std::fs;

use crate::refusals::{USAGE, refused};
use crate::scratch::Scratch;

#[test]
fn answers_that_are_wrong_or_missing_are_all_listed_at_once() {
    let scratch = Scratch::repository();
    let answers = scratch.beside("answers.toml");
    let file = answers.to_str().unwrap();
    let with_file = ["new-service", "orders", "--no-input", "--answers", file];
    for (text, said) in [
        ("ownr = \"team\"", &["ownr", "did you mean `owner`"][..]),
        ("owner = [1]", &["owner must be a text"]),
        ("owner = ", &["answers.toml"]),
        (
            "owner = \"Team A\"\norg = \"9\"\ngrpc_port = \"x\"",
            &["owner = ", "org = ", "grpc_port = "],
        ),
        ("alerts = \"perhaps\"", &["must be true or false"]),
        ("kit_source = \"ftp\"", &["must be one of workspace, git"]),
    ] {
        fs::write(&answers, text).unwrap();
        refused(&scratch, &with_file, USAGE, said);
    }

    let foreign = Scratch::foreign("[workspace]\nmembers = [\"monolith\"]\n");
    let said = ["org is not answered", "owner is not answered", "--owner"];
    // Nobody is asked where nobody can be seen to type, and nobody who does not want to be.
    for args in [
        &["new-service", "orders"][..],
        &["new-service", "orders", "--no-input"],
    ] {
        refused(&foreign, args, USAGE, &said);
    }
}
