//! Answers that a template needs: all that is wrong with them is told at once.

use std::fs;

use crate::refusals::{IO, USAGE, refused};
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
        // The admin port is the next one.
        ("grpc_port = 65535", &["grpc_port = \"65535\" must match"]),
        ("grpc_port = 70000", &["grpc_port = \"70000\" must match"]),
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

#[test]
fn answers_that_are_no_text_or_have_no_end_are_refused_at_once() {
    let scratch = Scratch::repository();
    let args = ["new-service", "orders", "--no-input", "--answers"];
    let said = ["/dev/zero is larger than"];
    let endless = [&args[..], &["/dev/zero"]].concat();
    refused(&scratch, &endless, USAGE, &said);
    let binary = scratch.beside("binary.toml");
    fs::write(&binary, [0xff, 0xfe, 0x00]).unwrap();
    let binary = binary.to_str().unwrap();
    let said = [binary, "UTF-8"];
    refused(&scratch, &[&args[..], &[binary]].concat(), IO, &said);
    scratch.ok(&[&args[..], &["/dev/null", "--dry-run"]].concat());
}
