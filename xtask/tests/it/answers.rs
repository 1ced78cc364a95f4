//! Answers that a template needs: all that is wrong with them is told at once.

use std::fs;

use crate::refusals::{CONFLICT, IO, USAGE, refused};
use crate::scratch::{Scratch, repository};

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
fn answers_that_would_break_the_workspace_are_refused() {
    let scratch = Scratch::repository();
    let port = scratch.read("services/greeter/service.toml");
    let port = port.lines().find_map(|line| line.strip_prefix("grpc = "));
    let port: u32 = port.unwrap().parse().unwrap();
    let answers = scratch.beside("answers.toml");
    let file = answers.to_str().unwrap();
    let with_file = ["new-service", "orders", "--no-input", "--answers", file];
    for (text, code, said) in [
        ("org = \"self\"", USAGE, "a Rust keyword"),
        ("org = \"message\"", USAGE, "a protobuf keyword"),
        ("org = \"google\"", USAGE, "contracts import"),
        (
            &format!("owner = \"{}\"", "a".repeat(64)),
            USAGE,
            "owner = ",
        ),
        (&format!("grpc_port = {port}"), CONFLICT, "has port"),
        (&format!("grpc_port = {}", port - 1), CONFLICT, "has port"),
        (&format!("grpc_port = {}", port + 1), CONFLICT, "has port"),
        ("kit_source = \"path\"", USAGE, "location"),
        ("kit_source = \"git\"", USAGE, "location"),
        ("kit_location = \"../kit\"", USAGE, "without its source"),
        (
            "kit_source = \"path\"\nkit_location = \"../kit\"",
            USAGE,
            "is not a checkout of the kit",
        ),
    ] {
        fs::write(&answers, text).unwrap();
        refused(&scratch, &with_file, code, &[said]);
    }
    let relative = ["--kit-source", "path", "--kit-location", "."];
    let here = [&["new-service", "orders", "--no-input"][..], &relative].concat();
    scratch.ok(&here);
    scratch.assert_locked();
    assert!(
        scratch
            .read("services/orders/Cargo.toml")
            .contains(scratch.root.to_str().unwrap())
    );
}

/// Whatever the answers, the workspace is one that cargo takes, or nothing was written.
#[test]
fn any_answers_give_a_workspace_that_cargo_takes_or_change_nothing() {
    const WORDS: [&str; 22] = [
        "a", "api", "self", "crate", "message", "store", "rpc", "domain", "item", "config", "test",
        "acme", "google", "grpc", "greeter", "tonic", "v1", "async", "x9", "", "Shop", "a-b",
    ];
    let seed = std::env::var("CARVEOUT_SEED").map_or(20_261_201, |seed| seed.parse().unwrap());
    // A generator of numbers that needs no package: splitmix64, by Steele, Lea and Flood (2014).
    let mut state: u64 = seed;
    let mut below = move |end: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    };
    let kit = repository();
    let kit = kit.to_str().unwrap();
    let long = "a".repeat(64);
    let (mut accepted, mut refused) = (0, 0);
    let scratch = Scratch::repository();
    for round in 0..40 {
        let name = WORDS[below(WORDS.len())];
        let name = match below(2) {
            0 => name.to_owned(),
            _ => format!("{name}-{}", WORDS[below(WORDS.len())]),
        };
        let word = WORDS[below(WORDS.len())];
        let mut answers = toml_edit::DocumentMut::new();
        for (key, values) in [
            ("org", &[word, "acme", &long][..]),
            ("owner", &[word, "web", &long]),
            ("grpc_port", &["25450", "0", "65534", "40000", "x"]),
            ("kit_source", &["workspace", "path", "git", "registry"]),
            (
                "kit_location",
                &["", ".", "/none", kit, "file:///none", "\"", "{{ x }}"],
            ),
        ] {
            if below(4) == 0 {
                answers[key] = toml_edit::value(values[below(values.len())]);
            }
        }
        let file = scratch.beside("answers.toml");
        fs::write(&file, answers.to_string()).unwrap();
        let args = [
            "new-service",
            &name,
            "--no-input",
            "--answers",
            file.to_str().unwrap(),
        ];
        let before = scratch.tree();
        let ran = scratch.run(&args);
        let case = format!("seed {seed}, round {round}: {name:?} {answers}{}", ran.err);
        if ran.code == Some(0) {
            let ran =
                scratch.cargo(&["metadata", "--locked", "--offline", "--format-version", "1"]);
            assert_eq!(ran.code, Some(0), "{case}{}", ran.err);
            accepted += 1;
            scratch.ok(&["remove-service", &name]);
        } else {
            refused += 1;
        }
        before.assert_same(&scratch.tree(), &case);
    }
    assert!(
        accepted > 5 && refused > 5,
        "{accepted} accepted, {refused} refused"
    );
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
