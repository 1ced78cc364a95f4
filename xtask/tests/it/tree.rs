//! What is on the disk, to compare it with what was.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every file with its content, and every folder that is empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tree(pub(crate) BTreeMap<String, Vec<u8>>);

impl Tree {
    pub(crate) fn of(root: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let name = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
            let mut is_empty = true;
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                is_empty = false;
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(name(&path), fs::read(&path).unwrap());
                }
            }
            if is_empty {
                files.insert(format!("{}/", name(&folder)), Vec::new());
            }
        }
        Self(files)
    }

    /// Says in which names `now` is another tree, instead of printing both.
    #[track_caller]
    pub(crate) fn assert_same(&self, now: &Tree, when: &str) {
        let names = self.0.keys().chain(now.0.keys());
        let mut different: Vec<&String> = names
            .filter(|name| self.0.get(*name) != now.0.get(*name))
            .collect();
        different.sort();
        different.dedup();
        assert!(different.is_empty(), "{when}: {different:?} differ");
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}
