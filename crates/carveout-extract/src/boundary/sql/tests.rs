use std::collections::HashSet;

use super::{Sql, read};
use crate::report::Effect;

fn known(names: &[&str]) -> HashSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// `select users, insert posts`, and the effect.
fn check(text: &str, given_to: &str) -> (String, Effect) {
    match read(text, given_to, &known(&[])) {
        Sql::Statements {
            uses,
            effect,
            whole,
            ..
        } => {
            let mut uses: Vec<_> = uses
                .iter()
                .map(|one| format!("{} {}", one.operation, one.table))
                .collect();
            uses.sort();
            let rest = if whole { "" } else { " …" };
            (format!("{}{rest}", uses.join(", ")), effect)
        }
        other => (format!("{other:?}"), Effect::Read),
    }
}

fn touches(text: &str) -> String {
    check(text, "query").0
}

fn effect(text: &str) -> Effect {
    check(text, "query").1
}

#[test]
fn each_statement_names_its_tables() {
    assert_eq!(
        touches("SELECT a FROM users u JOIN posts p ON p.u = u.id"),
        "select posts, select users"
    );
    assert_eq!(
        touches("INSERT INTO users (a) SELECT b FROM posts"),
        "insert users, select posts"
    );
    assert_eq!(
        touches("UPDATE users SET a = 1 FROM posts WHERE posts.u = users.id"),
        "select posts, update users"
    );
    assert_eq!(
        touches("DELETE FROM users USING posts WHERE posts.u = users.id"),
        "delete users, select posts"
    );
    assert_eq!(
        touches("DELETE FROM users WHERE id IN (SELECT u FROM posts)"),
        "delete users, select posts"
    );
    assert_eq!(touches("CREATE TABLE users (id int)"), "names users");
    assert_eq!(touches("TRUNCATE TABLE users"), "delete users");
    assert_eq!(
        touches("UPDATE a SET b = 1; DELETE FROM c"),
        "delete c, update a"
    );
}

#[test]
fn a_common_table_expression_is_no_table_and_what_it_changes_is() {
    let text = "WITH old AS (DELETE FROM users RETURNING id) SELECT * FROM old, posts";
    assert_eq!(touches(text), "delete users, select posts");
    assert_eq!(
        touches(
            "WITH RECURSIVE up AS (SELECT * FROM users UNION SELECT * FROM up) SELECT * FROM up"
        ),
        "select users"
    );
    assert_eq!(touches("SELECT * FROM generate_series(1, 3)"), "");
    assert_eq!(
        touches("WITH users AS (SELECT * FROM users) SELECT * FROM users"),
        "select users"
    );
}

#[test]
fn names_lose_their_schema_their_quotes_and_their_case() {
    assert_eq!(touches(r#"SELECT * FROM public."Users""#), "select users");
    assert_eq!(touches("SELECT * FROM `Users`"), "select users");
    assert_eq!(touches("SELECT * FROM [Users]"), "select users");
}

#[test]
fn placeholders_of_every_dialect_are_understood() {
    for placeholder in ["$1", "?", "?1", ":name", "@p"] {
        let text = format!(
            "SELECT * FROM users WHERE id = {placeholder} AND b IN ({placeholder}, {placeholder})"
        );
        assert_eq!(touches(&text), "select users", "{placeholder}");
        let text = format!("INSERT INTO users (a, b) VALUES ({placeholder},{placeholder})");
        assert_eq!(touches(&text), "insert users", "{placeholder}");
    }
    assert_eq!(
        touches("SELECT data->>'a:b?' FROM users WHERE at > now()::date"),
        "select users"
    );
}

#[test]
fn english_is_not_sql() {
    let menu = "select an option from the menu";
    assert_eq!(read(menu, "", &known(&["users"])), Sql::No);
    assert_eq!(read("Update the settings", "", &known(&["the"])), Sql::No);
    assert_eq!(
        read("SELECT x FROM users", "info", &known(&["users"])),
        Sql::No
    );
    assert!(matches!(
        read(menu, "sql_query", &known(&[])),
        Sql::Statements { .. }
    ));
    assert!(matches!(
        read("select id from users", "", &known(&["users"])),
        Sql::Statements { .. }
    ));
    assert!(matches!(
        read("SELECT id FROM users", "", &known(&[])),
        Sql::Statements { .. }
    ));
}

#[test]
fn what_does_not_parse_is_said_and_not_guessed() {
    assert_eq!(check("SELECT FROM WHERE users (", "").0, "Unparsed");
    assert_eq!(check("select from where users (", "").0, "No");
    assert_eq!(check("SELECT a FROM {} WHERE b = $1", "format").0, " …");
    assert_eq!(
        check("SELECT a FROM users WHERE b = {id}", "format").0,
        "select users"
    );
    assert_eq!(
        check("SELECT a FROM users {} LIMIT $1 OFFSET $2", "format").0,
        "select users"
    );
    assert_eq!(
        check("SELECT a FROM users GROUP BY id {} LIMIT $1", "format").0,
        "select users …"
    );
    let deep = format!(
        "SELECT {}1{} FROM users",
        "(".repeat(5000),
        ")".repeat(5000)
    );
    assert_eq!(touches(&deep), "Unparsed");
}

#[test]
fn doing_it_twice_is_noticed_or_not() {
    assert_eq!(effect("SELECT * FROM users"), Effect::Read);
    assert_eq!(effect("SELECT * FROM users FOR UPDATE"), Effect::Write);
    assert_eq!(effect("SELECT * INTO copies FROM users"), Effect::Write);
    assert_eq!(effect("INSERT INTO users (a) VALUES (1)"), Effect::Write);
    assert_eq!(
        effect("INSERT INTO users (a) VALUES (1) ON CONFLICT DO NOTHING"),
        Effect::IdempotentWrite
    );
    assert_eq!(
        effect("INSERT INTO users (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = EXCLUDED.b"),
        Effect::IdempotentWrite
    );
    assert_eq!(
        effect("INSERT INTO users (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET b = users.b + 1"),
        Effect::Write
    );
    assert_eq!(
        effect("REPLACE INTO users (a) VALUES (1)"),
        Effect::IdempotentWrite
    );
    assert_eq!(
        effect("INSERT OR IGNORE INTO users (a) VALUES (1)"),
        Effect::IdempotentWrite
    );
    assert_eq!(
        effect("UPDATE users SET a = 1, b = now() WHERE a = 2"),
        Effect::IdempotentWrite
    );
    assert_eq!(effect("UPDATE users SET a = a + 1"), Effect::Write);
    assert_eq!(effect("DELETE FROM users"), Effect::IdempotentWrite);
    assert_eq!(effect("DROP TABLE users"), Effect::Write);
    assert_eq!(
        effect("WITH x AS (INSERT INTO a VALUES (1)) SELECT 1 FROM b"),
        Effect::Write
    );
}

#[test]
fn functions_are_named_for_what_is_known_of_them() {
    let called = |text: &str| match read(text, "query", &known(&[])) {
        Sql::Statements { functions, .. } => functions,
        other => panic!("{other:?}"),
    };
    assert_eq!(called("SELECT nextval('ids')"), ["nextval"]);
    assert_eq!(
        called("SELECT 1 FROM users WHERE lower(name) = pg_catalog.upper($1)"),
        ["lower", "upper"]
    );
    assert_eq!(called("SELECT app.lower(name) FROM users"), ["app.lower"]);
    assert_eq!(called("SELECT * FROM purge_all(3)"), ["purge_all"]);
    assert_eq!(called("SELECT name FROM users"), [""; 0]);
}
