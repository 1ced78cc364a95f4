//! Several runs at once take turns, and none loses what another did.

use std::process::Stdio;

use crate::foreign::new;
use crate::scratch::{Scratch, xtask};

#[test]
fn services_stamped_at_the_same_time_are_all_there() {
    let scratch = Scratch::repository();
    let by_hand = scratch
        .read("Cargo.toml")
        .replace("\"services/*\"", "\"services/greeter\"");
    scratch.write("Cargo.toml", &by_hand);
    let before = scratch.tree();

    let names = ["orders", "billing", "stock", "search"];
    let running: Vec<_> = names
        .iter()
        .map(|name| {
            xtask(&scratch.root, &["new-service", name, "--no-input"])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    let manifest = scratch.read("Cargo.toml");
    for name in names {
        assert!(
            manifest.contains(&format!("\"services/{name}\"")),
            "{manifest}"
        );
    }
    scratch.assert_locked();

    let running: Vec<_> = names
        .iter()
        .map(|name| {
            xtask(&scratch.root, &["remove-service", name])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    before.assert_same(&scratch.tree(), "all removed");
}

#[test]
fn of_two_that_want_the_same_name_one_gets_it() {
    let scratch = Scratch::repository();
    let run = || {
        let mut command = xtask(&scratch.root, &["new-service", "orders", "--no-input"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let mut codes = [run(), run()].map(|mut process| process.wait().unwrap().code());
    codes.sort();
    assert_eq!(codes, [Some(0), Some(4)]);
    scratch.assert_locked();
}

/// The first one's cargo writes the lock file while the others wait.
#[test]
fn a_workspace_without_a_lock_file_gets_one_with_all_of_them() {
    let scratch = Scratch::foreign(
        "[workspace]\nmembers = [\"monolith\", \"services/*\"]\nresolver = \"3\"\n",
    );
    let names = ["orders", "billing"];
    let running = names.map(|name| {
        let mut command = xtask(&scratch.root, &new(name));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    });
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    scratch.assert_locked();
    let packages = scratch.packages();
    assert!(
        names.iter().all(|name| packages.contains(*name)),
        "{packages:?}"
    );
}
