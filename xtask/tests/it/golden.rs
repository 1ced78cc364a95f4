//! services/greeter is what the template renders, and the check sees it when it is not.

use crate::scratch::{Scratch, differences};

#[test]
fn greeter_is_what_the_template_renders() {
    let scratch = Scratch::repository();
    scratch.ok(&["golden", "--check"]);
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
        let check = scratch.run(&["golden", "--check"]);
        assert_eq!(check.code, Some(3), "{file}: {}", check.err);
        assert!(check.out.contains(text.trim()), "{file}: {}", check.out);
        assert!(check.err.contains("cargo xtask golden"), "{}", check.err);

        scratch.ok(&["golden"]);
        scratch.ok(&["golden", "--check"]);
        let different = differences(&before, &scratch.tree());
        let expected: &[&str] = match file == template {
            true => &["services/greeter/src/store.rs", template],
            false => &[],
        };
        assert_eq!(different, expected, "{file}");
    }
}
