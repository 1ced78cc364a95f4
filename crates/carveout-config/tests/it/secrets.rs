//! A secret prints nowhere, and can be read from a file.

use carveout_config::Secret;

use crate::world::World;

#[test]
fn nothing_prints_a_secret() {
    let world = World::new().file("token", "hunter2").default_toml(
        "[service]\npassword = { file = \"DIR/token\" }\nspare = \"hunter2\"\npin = \"424242\"\n",
    );
    let read = world.read();
    let service = read.service.get();
    assert_eq!(service.password.expose(), "hunter2");
    assert_eq!(
        service.spare.as_ref().map(|spare| spare.expose().as_str()),
        Some("hunter2")
    );
    assert_eq!(*service.pin.expose(), 424_242);
    let serialised = figment::value::Value::serialize(&*service).expect("it serialises");
    for shown in [
        format!("{service:?}"),
        format!("{:?}", read.service),
        format!("{serialised:?}"),
        read.config.print(),
    ] {
        assert!(
            !shown.contains("hunter2") && !shown.contains("424242"),
            "{shown}"
        );
        assert!(shown.contains("[redacted]"), "{shown}");
    }
    assert_eq!(service.password.to_string(), "[redacted]");
}

#[test]
fn one_line_break_is_no_part_of_a_secret() {
    for (content, expected) in [
        ("hunter2\n", "hunter2"),
        ("hunter2\r\n", "hunter2"),
        (" hunter2 ", " hunter2 "),
        ("a\nb\n\n", "a\nb\n"),
    ] {
        let world = World::new()
            .file("token", content)
            .env("ORDERS__SERVICE__PASSWORD__FILE", "DIR/token");
        assert_eq!(world.read().service.get().password.expose(), expected);
    }
}

#[test]
fn the_last_source_decides_between_text_and_file() {
    let world = World::new()
        .file("token", "from file")
        .default_toml("[service]\npassword = \"text\"\n");
    assert_eq!(world.read().service.get().password.expose(), "text");
    let world = world.profile("prod", "[service]\npassword = { file = \"DIR/token\" }\n");
    assert_eq!(world.read().service.get().password.expose(), "from file");
    let world = world.env("ORDERS__SERVICE__PASSWORD", "from env");
    assert_eq!(world.read().service.get().password.expose(), "from env");
}

/// A profile for a laptop need not have the file that production mounts.
#[test]
fn a_file_that_is_overridden_is_not_read() {
    let world = World::new()
        .default_toml("[service]\npassword = { file = \"DIR/nowhere\" }\n")
        .profile("dev", "[service]\npassword = \"dev\"\n");
    assert_eq!(world.read().service.get().password.expose(), "dev");
}

#[test]
fn empty_text_is_not_set() {
    let world = World::new()
        .default_toml("[service]\npassword = \"x\"\n")
        .env("ORDERS__SERVICE__PASSWORD", "");
    let service = world.read().service.get();
    assert!(!service.password.is_set());
    assert_eq!(
        format!("{:?} {}", service.password, service.password),
        "[not set] [not set]"
    );
}

/// The mark that stands for a secret must not become the secret when the defaults are read back.
#[test]
fn a_default_does_not_come_back_as_its_mark() {
    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(default)]
    struct Section {
        token: Secret,
    }
    impl Default for Section {
        fn default() -> Self {
            Self {
                token: Secret::new("built in".to_owned()),
            }
        }
    }
    let mut loader = carveout_config::Loader::read(carveout_config::Sources::new("orders"));
    let section = loader.section::<Section>("section");
    loader.finish().expect("nothing is wrong");
    assert_eq!(section.get().token.expose(), "built in");
}
