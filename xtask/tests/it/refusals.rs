//! Bad input: one clear error that names it and a way out, the documented code, nothing written.

use std::fs;
use std::process::Command;

use crate::scratch::{Scratch, differences, xtask};

const IO: i32 = 1;
const USAGE: i32 = 2;
const CONFLICT: i32 = 4;

/// Runs what has to be refused with `code`, with each of `said` in the error, and with no change.
fn refused(scratch: &Scratch, args: &[&str], code: i32, said: &[&str]) {
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
    assert_eq!(
        differences(&before, &scratch.tree()),
        Vec::<String>::new(),
        "{args:?}"
    );
    assert!(
        !scratch.root.join(".carveout").exists(),
        "{args:?} left its stage behind"
    );
}

#[test]
fn names_that_would_break_something_later() {
    let scratch = Scratch::repository();
    let long = "a-name-that-goes-on-for-longer-than-forty-characters";
    for (name, said) in [
        ("match", "a Rust keyword"),
        ("service", "a protobuf keyword"),
        ("test", "reserved by cargo"),
        ("con", "Windows"),
        ("yes", "YAML"),
        ("Orders", "try `orders`"),
        ("order_history", "try `order-history`"),
        ("order--history", "try `order-history`"),
        ("1orders", "try `orders`"),
        ("orders-", "try `orders`"),
        ("-orders", ""),
        ("ordérs", "lower-case letters"),
        ("a/b", "lower-case letters"),
        ("..", "lower-case letters"),
        ("", "needs a name"),
        (long, "at most 40 characters"),
        ("tokio", "try `tokio-service`"),
        ("serde-json", "try `serde-json-service`"),
        ("carveout", "try `carveout-service`"),
        ("greeter-api", "greeter"),
    ] {
        refused(
            &scratch,
            &["new-service", "--no-input", name],
            USAGE,
            &[said],
        );
    }
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
    refused(&foreign, &["new-service", "orders"], USAGE, &said);
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
}

/// A file system of the test's own; `None` where mounting is not permitted.
struct Mount(std::path::PathBuf);

impl Mount {
    fn tmpfs(scratch: &Scratch, options: &str) -> Option<Self> {
        let place = scratch.beside("mount");
        fs::create_dir_all(&place).unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(&place)
            .output();
        let done = mount.is_ok_and(|output| output.status.success());
        if !done {
            eprintln!("skipped: only root may mount a file system of {options}");
        }
        done.then(|| Self(place))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

const SMALL: &str = "[workspace]\nmembers = [\"monolith\"]\n\n\
                     [workspace.metadata.carveout]\norg = \"shop\"\nowner = \"all\"\n";

#[test]
fn a_full_disk_leaves_the_workspace_as_it_was() {
    let scratch = Scratch::foreign(SMALL);
    let Some(mount) = Mount::tmpfs(&scratch, "size=48k") else {
        return;
    };
    crate::scratch::copy(&scratch.root, &mount.0);
    let before = crate::scratch::tree(&mount.0);
    let output = xtask(&mount.0, &["new-service", "orders"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(IO), "{said}");
    assert!(said.contains("No space left"), "{said}");
    assert_eq!(
        differences(&before, &crate::scratch::tree(&mount.0)),
        Vec::<String>::new()
    );
}

#[test]
fn a_read_only_tree_is_said_to_be_one() {
    let scratch = Scratch::foreign(SMALL);
    let Some(mount) = Mount::tmpfs(&scratch, "size=1m") else {
        return;
    };
    crate::scratch::copy(&scratch.root, &mount.0);
    let remount = Command::new("mount")
        .args(["-o", "remount,ro"])
        .arg(&mount.0)
        .status();
    assert!(remount.unwrap().success());
    let output = xtask(&mount.0, &["new-service", "orders"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(IO), "{said}");
    assert!(said.contains("Read-only file system"), "{said}");
}
