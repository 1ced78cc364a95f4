//! rustfmt has nothing to do in a stamped service, whatever the length of its name.

use std::process::Command;

use crate::scratch::Scratch;

/// Words of five letters and a dash, as names are, or one word.
fn name(length: usize, word: usize) -> String {
    let letter = |at: usize| match at % word == word - 1 && at + 1 < length {
        true => '-',
        false => char::from(b'a' + u8::try_from(at % 26).unwrap()),
    };
    (0..length).map(letter).collect()
}

#[test]
fn stamped_code_is_formatted_whatever_the_name() {
    let scratch = Scratch::repository();
    let mut names = vec!["a".to_owned(), name(2, 6)];
    names.extend((4..=40).map(|length| name(length, 6)));
    names.extend([20, 40].map(|length| name(length, 99)));
    for name in &names {
        scratch.ok(&["new-service", name, "--no-input"]);
    }
    let files: Vec<String> = scratch.tree().0.into_keys().collect();
    let code: Vec<&String> = files
        .iter()
        .filter(|file| file.starts_with("services/") && file.ends_with(".rs"))
        .collect();
    assert!(code.len() >= 8 * names.len(), "{code:?}");
    let rustfmt = Command::new("rustfmt")
        .args(["--check", "--edition", "2024"])
        .args(code)
        .current_dir(&scratch.root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&rustfmt.stdout);
    let error = String::from_utf8_lossy(&rustfmt.stderr);
    assert!(rustfmt.status.success(), "{said}{error}");
}
