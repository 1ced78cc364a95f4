//! Files that say something else than what was meant: the file, the line, and what to write.

use super::world::{World, declare, file, read};
use crate::error::Kind;

/// Each of `said` is in the error that `declared` gets.
#[track_caller]
fn refused(declared: &str, said: &[&str]) {
    let error = World::shop().rules(declared).unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    let text = error.to_string();
    for said in said {
        assert!(text.contains(said), "no {said:?} in: {text}");
    }
}

fn orders(rest: &str) -> String {
    format!("[[module]]\npath = \"shop::orders\"\n{rest}\n")
}

#[test]
fn wildcards_are_refused_with_the_reason() {
    let why = "allows what nobody has looked at";
    refused(
        &orders("public = [\"*\"]"),
        &["boundaries.toml:3: `*`", why],
    );
    refused(&orders("public = [\"Order::*\"]"), &["`Order::*`", why]);
    refused(
        &orders("public = []\nused_by = [\"shop::*\"]"),
        &[":4:", why],
    );
    refused(
        &orders("public = []\nuses = [\"shop::w??\"]"),
        &[":4:", why],
    );
    refused(
        "[[module]]\npath = \"shop::*\"\npublic = []\n",
        &[":2:", why],
    );
}

#[test]
fn unknown_names_get_the_nearest() {
    refused(
        &orders("public = []\npubic = []"),
        &[":4:", "pubic", "`public`"],
    );
    refused(
        &orders("public = [\"place_ordr\"]"),
        &[":3:", "did you mean `place_order`"],
    );
    refused(
        &orders("public = [\"zzz\"]"),
        &[":3:", "no item `zzz`", "renamed or removed"],
    );
    refused(
        &orders("public = [\"User\"]"),
        &["`shop::users::User` is elsewhere", "re-exported"],
    );
    refused(
        &orders("public = [\"shop::orders::Order\"]"),
        &["from its module on", "write `Order`"],
    );
    refused(
        &orders("public = [\"db\"]"),
        &["`db` is a module", "name the items"],
    );
    refused(
        &orders("public = []\nused_by = [\"shop::wbe\"]"),
        &[":4:", "shop::web"],
    );
    refused(
        &orders("public = []\nuses = [\"web\"]"),
        &["write `shop::web`"],
    );
    refused(
        "[[module]]\npath = \"shop::ordesr\"\npublic = []",
        &[":2:", "shop::orders"],
    );
    refused(
        "[[module]]\npath = \"orders\"\npublic = []",
        &["write `shop::orders`"],
    );
    refused("tests = \"skip\"\n", &[":1:", "skip", "`ignore`"]);
}

#[test]
fn what_is_said_twice_is_refused() {
    let twice = orders("public = []") + &orders("public = []");
    refused(&twice, &[":5:", "declared twice", "line 2"]);
    refused(
        &orders("public = [\"Order\",\n\"Order\"]"),
        &[":4:", "public twice", "line 3"],
    );
    refused(
        &orders("public = [\"Order\", \"Order::total\"]"),
        &["`Order` stands for `Order::total` too"],
    );
    let web = "used_by = [\"shop::web\", \"shop::web::admin\"]";
    refused(
        &orders(&format!("public = []\n{web}")),
        &["`shop::web` stands for `shop::web::admin` too"],
    );
    refused(
        &orders("public = []\nuses = [\"shop::orders::db\"]"),
        &["may always use itself", "out of `uses`"],
    );
    for (first, second) in [
        ("shop::orders", "shop::orders::db"),
        ("shop::orders::db", "shop::orders"),
    ] {
        let nested = format!(
            "[[module]]\npath = \"{first}\"\npublic = []\n[[module]]\npath = \"{second}\"\npublic = []\n"
        );
        refused(
            &nested,
            &[":5:", "`shop::orders::db` is inside of `shop::orders`"],
        );
    }
}

#[test]
fn what_is_missing_is_refused() {
    refused("", &["declares no module", "--init"]);
    refused("# nothing\n", &["declares no module", "--init"]);
    refused(&orders(""), &["missing field `public`"]);
    refused(&orders("public = [\"\"]"), &["an empty name"]);
    refused(&orders("public = \"Order\""), &[":3:", "expected"]);
    refused("[[module]\n", &["boundaries.toml:1:"]);
}

#[test]
fn a_path_may_have_what_syntax_alone_does_not_see() {
    let made_by_a_macro = orders("public = [\"made_by_a_macro\"]");
    let exact = World::shop().rules(&made_by_a_macro);
    assert!(exact.is_err());
    let approximate = World::shop().approximate().rules(&made_by_a_macro);
    assert_eq!(approximate.unwrap().boundaries.len(), 1);
}

#[track_caller]
fn unreadable(baseline: &str, said: &[&str]) {
    let error = read(baseline).unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    let text = error.to_string();
    for said in said {
        assert!(text.contains(said), "no {said:?} in: {text}");
    }
}

fn entry(rest: &str) -> String {
    format!("schema = 1\nentries = [\n    {{ from = \"shop::web\", {rest} }},\n]\n")
}

#[test]
fn a_baseline_that_was_edited_badly_is_refused() {
    unreadable("entries = []", &["no `schema`", "schema = 1"]);
    unreadable("schema = \"1\"\nentries = []", &[":1:", "expected"]);
    unreadable(
        "schema = 2\nuses = { new = \"format\" }",
        &["boundaries.baseline.toml:1:", "of schema 2", "reads 1"],
    );
    unreadable("schema = 1", &["missing field `entries`"]);
    unreadable(
        &entry("to = \"a\", kind = \"function\""),
        &[":3:", "missing field `count`"],
    );
    unreadable(
        &entry("to = \"a\", kind = \"function\", count = 0"),
        &[":3:", "a count of 0", "--update"],
    );
    unreadable(
        &entry("to = \"a\", kind = \"function\", count = -2"),
        &["a count of -2"],
    );
    unreadable(
        &entry("to = \"a\", kind = \"functon\", count = 1"),
        &["`function`", "the kinds are"],
    );
    unreadable(
        &entry("to = \"a\", kind = \"module\", count = 1"),
        &["no kind of item"],
    );
    unreadable(
        &entry("to = \"a::*\", kind = \"type\", count = 1"),
        &["`a::*` has a wildcard"],
    );
    unreadable(
        &entry("to = \"\", kind = \"type\", count = 1"),
        &["an empty name"],
    );
    unreadable(
        &entry("to = \"a\", kind = \"type\", count = 1, line = 7"),
        &[":3:", "unknown field `line`"],
    );
    unreadable(
        &entry("to = \"a\", kind = \"type\", count = 1, reason = \" \""),
        &["an empty reason"],
    );
    let twice = "{ from = \"a\", to = \"b\", kind = \"type\", count = 1 },\n";
    unreadable(
        &format!("schema = 1\nentries = [\n{twice}{twice}]"),
        &[":4:", "line 3 has an entry"],
    );
    unreadable(
        "schema = 1\nentries = [\n<<<<<<< HEAD\n=======\n>>>>>>> other\n]\n",
        &[":3:", "a merge that is not done", "both sides"],
    );
}

#[test]
fn declarations_keep_the_line_that_they_stand_on() {
    let declared = declare("# one\n\n[[module]]\npath = \"shop::orders\"\npublic = []\n").unwrap();
    assert_eq!(declared.file.line(declared.modules[0].path.span().start), 4);
    assert_eq!(file("x", "a\nb").line(2), 2);
}
