//! `boundary` hands everything on. What it hands to is a cargo of the test's own, so that nothing is
//! built: it says how it was called.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::scratch::{Ran, Scratch, repository, xtask};

/// Prints where it runs, then its arguments, each between `<` and `>`, and exits with 3.
const CARGO: &str = "#!/bin/sh\npwd -P\nprintf '<%s>\\n' \"$@\"\necho drift >&2\nexit 3\n";

struct World {
    scratch: Scratch,
}

impl World {
    fn new() -> Self {
        let scratch = Scratch::empty();
        scratch.write("cargo", CARGO);
        let cargo = scratch.root.join("cargo");
        fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
        scratch.write("monolith/src/lib.rs", "");
        Self { scratch }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = xtask(&self.scratch.root.join("monolith"), args);
        command.env("CARGO", self.scratch.root.join("cargo"));
        command
    }
}

fn ran(command: &mut Command) -> Ran {
    command.output().unwrap().into()
}

#[test]
fn every_argument_is_passed_on_as_it_is_from_where_the_caller_stands() {
    let world = World::new();
    let args = [
        "boundary",
        "check",
        "--format",
        "json",
        "--",
        "--update",
        "two words",
        "*",
        "",
    ];
    let ran = ran(&mut world.command(&args));
    let mut lines = ran.out.lines();
    let here = world.scratch.root.join("monolith").canonicalize().unwrap();
    assert_eq!(lines.next(), here.to_str());
    let passed: Vec<_> = lines.collect();
    let manifest = format!("<{}/Cargo.toml>", repository().display());
    let run = [
        "<run>",
        "<-q>",
        "<--release>",
        "<--locked>",
        "<--manifest-path>",
        &manifest,
    ];
    let program = ["<-p>", "<carveout-extract>", "<-->", "<boundary>"];
    let own = [
        "<check>",
        "<--format>",
        "<json>",
        "<-->",
        "<--update>",
        "<two words>",
        "<*>",
        "<>",
    ];
    assert_eq!(passed, [&run[..], &program, &own].concat());
}

#[test]
fn help_is_that_of_the_analysis_and_its_exit_code_is_passed_back() {
    let world = World::new();
    for args in [
        &["boundary", "--help"][..],
        &["boundary", "-h"],
        &["boundary", "rank", "--help"],
    ] {
        let ran = ran(&mut world.command(args));
        assert_eq!(
            (ran.code, ran.err.as_str()),
            (Some(3), "drift\n"),
            "{args:?}"
        );
        let last = format!("<{}>", args.last().unwrap());
        assert_eq!(ran.out.lines().last(), Some(last.as_str()));
    }
}

#[test]
fn without_cargo_it_says_so() {
    let world = World::new();
    let ran = ran(world
        .command(&["boundary", "rank"])
        .env("CARGO", "/none/cargo"));
    assert_eq!(ran.code, Some(crate::refusals::IO));
    assert!(ran.err.contains("cannot run /none/cargo"), "{}", ran.err);
    assert!(
        ran.err.contains("help: put cargo on the PATH"),
        "{}",
        ran.err
    );
}
