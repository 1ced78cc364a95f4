//! Text in the environment reaches a text field as it is, whatever else it looks like.

use crate::world::World;

const TEXTS: &[&str] = &[
    "",
    " ",
    "123",
    "-1",
    "1e5",
    "0x10",
    "true",
    "false",
    "null",
    "a=b",
    " spaced ",
    "\"quoted\"",
    "'single'",
    "[1, 2]",
    "{ a = 1 }",
    "2026-01-01",
    "a,b",
    "#",
    "\\n",
    "line\nbreak",
    "nan",
    "inf",
    "grpc.port=1",
    "é",
];

#[test]
fn text_arrives_as_it_was_set() {
    for text in TEXTS {
        let by_env = World::new()
            .env("ORDERS__SERVICE__GREETING", text)
            .env("ORDERS__SERVICE__CURRENCY", text)
            .env("ORDERS__SERVICE__PASSWORD", text)
            .env("ORDERS__TELEMETRY__LEVELS__TOWER", text)
            .read();
        let by_set = World::new()
            .set(&format!("service.greeting={text}"))
            .set(&format!("service.currency={text}"))
            .set(&format!("service.password={text}"))
            .set(&format!("telemetry.levels.tower={text}"))
            .read();
        for read in [by_env, by_set] {
            let service = read.service.get();
            assert_eq!(service.greeting, *text, "a text");
            assert_eq!(service.currency.as_deref(), Some(*text), "an optional text");
            assert_eq!(service.password.expose(), text, "a secret");
            assert_eq!(
                read.telemetry.get().levels["tower"],
                *text,
                "an entry of a map"
            );
        }
    }
}

/// A print-out quotes any text so that it reads back.
#[test]
fn printed_text_reads_back() {
    for text in TEXTS {
        let printed = World::new()
            .env("ORDERS__SERVICE__GREETING", text)
            .read()
            .config
            .print();
        assert_eq!(
            World::new()
                .default_toml(&printed)
                .read()
                .service
                .get()
                .greeting,
            *text,
            "{printed}"
        );
    }
}
