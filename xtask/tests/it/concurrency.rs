//! Several runs at once take turns, and none loses what another did.

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
                .spawn()
                .unwrap()
        })
        .collect();
    for mut process in running {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(scratch.tree(), before);
}
