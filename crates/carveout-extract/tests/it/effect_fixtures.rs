//! The right effect of each function of the `effects` workspace, which its documentation says.

use std::collections::HashMap;

use carveout_extract::boundary::function_effects;
use carveout_extract::report::Effect;

use crate::support::{fixture, model};

#[test]
fn every_read_is_proved_and_every_write_is_called_one() {
    let model = model("effects");
    let mut texts: HashMap<String, Vec<String>> = HashMap::new();
    let mut counted = (0, 0);
    let mut wrong = Vec::new();
    for function in function_effects(&model, &[]).expect("effects") {
        let lines = texts.entry(function.place.file.clone()).or_insert_with(|| {
            let text = std::fs::read_to_string(fixture("effects").join(&function.place.file));
            text.expect("a file").lines().map(str::to_owned).collect()
        });
        let above = lines[..function.place.line as usize - 1].iter().rev();
        let mut above = above.map(|line| line.trim());
        let said = above
            .by_ref()
            .find(|line| !line.starts_with("#["))
            .and_then(|line| line.strip_prefix("/// "));
        let reads = match said.and_then(|said| said.split([':', ' ']).next()) {
            Some("read") => true,
            Some("write") => false,
            _ => continue,
        };
        counted = (
            counted.0 + usize::from(reads),
            counted.1 + usize::from(!reads),
        );
        if reads != (function.effect == Effect::Read) {
            let reason = function.reason.map(|reason| reason.what);
            wrong.push(format!(
                "{} is {:?}: {reason:?}",
                function.path, function.effect
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(counted.0 >= 75 && counted.1 >= 100, "{counted:?}");
}

#[test]
fn a_write_says_which_call_makes_it_one() {
    let model = model("effects");
    let effects = function_effects(&model, &[]).expect("effects");
    let reason = |path: &str| {
        let found = effects.iter().find(|one| one.path == path);
        let reason = found.and_then(|one| one.reason.as_ref());
        reason
            .unwrap_or_else(|| panic!("no reason for {path}"))
            .what
            .clone()
    };
    assert_eq!(
        reason("effects::files::noted"),
        "calls std::fs::write, of which nothing is known"
    );
    assert_eq!(
        reason("effects::callbacks::with_writing"),
        "calls std::fs::write, of which nothing is known, in effects::callbacks::stored"
    );
    assert_eq!(
        reason("effects::traits::of_nobody"),
        "calls effects::traits::Nobody::get, which nothing in the workspace implements, in effects::traits::Nobody::get"
    );
    assert_eq!(
        reason("effects::sql_sqlx::call"),
        "calls charge_all in SQL, which may do anything"
    );
    assert_eq!(
        reason("effects::mutation::Cart::add"),
        "changes self, which is its caller's"
    );
}
