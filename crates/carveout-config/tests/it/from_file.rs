//! A value in a file of its own is part of the configuration: its mistakes, its reload.

use std::str::FromStr;

use carveout_config::{FromFile, Loader, Reload, Sources};
use serde::{Deserialize, Serialize};

/// One number a line.
#[derive(Clone, Debug, Default, PartialEq)]
struct Numbers(Vec<u32>);

impl FromStr for Numbers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |(index, line): (usize, &str)| {
            line.parse()
                .map_err(|_| format!("line {}: {line:?} is no number", index + 1))
        };
        let numbers: Result<_, _> = text.lines().enumerate().map(number).collect();
        numbers.map(Numbers)
    }
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Section {
    numbers_file: FromFile<Numbers>,
}

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new(numbers: &str) -> Self {
        let world = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        world.write(numbers);
        world
    }

    fn write(&self, numbers: &str) {
        std::fs::write(self.path(), numbers).unwrap();
    }

    fn path(&self) -> String {
        let path = self.dir.path().join("numbers");
        path.to_str().unwrap().to_owned()
    }

    fn loader(&self, path: &str) -> Loader {
        Loader::read(Sources::new("orders").set(format!("list.numbers_file={path}")))
    }

    fn mistake(&self, path: &str) -> String {
        let mut loader = self.loader(path);
        let _ = loader.section::<Section>("list");
        loader.finish().err().unwrap().to_string()
    }
}

#[test]
fn it_is_read_printed_as_its_path_and_reloaded_when_it_changes() {
    let world = World::new("1\n2\n");
    let mut loader = world.loader(&world.path());
    let section = loader.section::<Section>("list");
    let config = loader.finish().unwrap();
    assert_eq!(section.get().numbers_file.get(), &Numbers(vec![1, 2]));
    assert!(config.print().contains(&world.path()), "{}", config.print());

    let Reload::Unchanged = config.reload().unwrap() else {
        panic!("nothing has changed")
    };
    world.write("3\n");
    let Reload::Applied { sections } = config.reload().unwrap() else {
        panic!("the file has changed")
    };
    assert_eq!(sections, ["list"]);
    assert_eq!(section.get().numbers_file.get(), &Numbers(vec![3]));
    world.write("four\n");
    let error = config.reload().unwrap_err().to_string();
    assert!(error.contains("line 1: \"four\" is no number"), "{error}");
    assert_eq!(section.get().numbers_file.get(), &Numbers(vec![3]));
}

#[test]
fn its_mistakes_name_the_key_the_file_and_the_fix() {
    let world = World::new("1\nx\n");
    let path = world.path();
    let folder = world.dir.path().to_str().unwrap();
    for (given, said) in [
        (path.as_str(), "line 2: \"x\" is no number"),
        ("/no/such/file", "mount the file, or correct the path"),
        (folder, "name a file inside it"),
    ] {
        let mistake = world.mistake(given);
        for part in ["list.numbers_file", given, said] {
            assert!(mistake.contains(part), "{part}: {mistake}");
        }
    }
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(world.mistake(&path).contains("is not UTF-8 text"));
    let number = world.mistake("7");
    assert!(number.contains("list.numbers_file"), "{number}");
}

#[test]
fn no_path_is_the_default() {
    let mut loader = Loader::read(Sources::new("orders"));
    let section = loader.section::<Section>("list");
    loader.finish().unwrap();
    assert_eq!(section.get().numbers_file.get(), &Numbers::default());
}
