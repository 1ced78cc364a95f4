//! services/greeter is what the template renders, and the check sees it when it is not.

use crate::scratch::Scratch;

#[test]
fn greeter_is_what_the_template_renders() {
    let scratch = Scratch::repository();
    scratch.ok(&["golden", "--check"]);
}

/// A clone has more services, crates and other answers. The tests copy only the project's own files, so
/// that none of these makes them fail.
#[test]
fn what_the_owner_of_a_clone_adds_is_no_part_of_the_project() {
    let clone = Scratch::repository();
    let manifest = clone.read("Cargo.toml");
    let owned = manifest.replace("org = \"acme\"", "org = \"shop\"");
    assert_ne!(owned, manifest);
    clone.write("Cargo.toml", &owned);
    clone.ok(&["new-service", "orders", "--no-input"]);
    let orders = clone.read("services/orders/Cargo.toml");
    let needs = orders.replacen("[dependencies]\n", "[dependencies]\ntempfile = \"3\"\n", 1);
    clone.write("services/orders/Cargo.toml", &needs);
    let package = "[package]\nname = \"utils\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
    clone.write("crates/utils/Cargo.toml", package);
    clone.write("crates/utils/src/lib.rs", "");
    let ran = clone.cargo(&["metadata", "--offline", "--format-version", "1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);

    let project = Scratch::empty();
    project.copy_of_project(&clone.root);
    project.assert_locked();
    Scratch::repository()
        .tree()
        .assert_same(&project.tree(), "the project");
}

#[test]
fn a_template_a_rendering_or_a_file_too_many_is_drift_and_golden_mends_it() {
    let template = "templates/service/src/store.rs";
    let changes: [(&str, &str); 3] = [
        (template, "// changed\n"),
        ("services/greeter/src/store.rs", "// changed\n"),
        ("services/greeter/src/extra.rs", "// extra\n"),
    ];
    for (file, text) in changes {
        let scratch = Scratch::repository();
        let before = scratch.tree();
        scratch.write(file, text);
        let drifted = scratch.tree();
        let check = scratch.run(&["golden", "--check"]);
        assert_eq!(check.code, Some(3), "{file}: {}", check.err);
        assert!(check.out.contains(text.trim()), "{file}: {}", check.out);
        assert!(check.err.contains("cargo xtask golden"), "{}", check.err);
        drifted.assert_same(&scratch.tree(), "a check");

        scratch.ok(&["golden"]);
        scratch.ok(&["golden", "--check"]);
        let mut now = scratch.tree();
        if file == template {
            let rendering = "services/greeter/src/store.rs";
            assert_eq!(now.0[rendering], text.as_bytes());
            for changed in [file, rendering] {
                now.0.insert(changed.to_owned(), before.0[changed].clone());
            }
        }
        before.assert_same(&now, file);
    }
}
