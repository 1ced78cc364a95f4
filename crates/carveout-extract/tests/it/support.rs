//! Fixtures, and a model as lines of text.

use std::path::{Path, PathBuf};

use carveout_extract::Error;
use carveout_extract::model::{Model, ModuleId};
use carveout_extract::reader::read_scip;

/// The workspace `name` of tests/fixtures.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// The model of a fixture by its committed index.
pub(crate) fn model(name: &str) -> Model {
    let root = fixture(name);
    read_scip(&root.join("index.scip"), &root).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The fixture in a folder of its own, to be changed there.
pub(crate) fn copy(name: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    copy_all(&fixture(name), folder.path());
    folder
}

/// Copies what is in `from` into the folder `to`.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).expect("a new folder");
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

/// Reads the index of the copy at `root`.
pub(crate) fn read(root: &Path) -> Result<Model, Error> {
    read_scip(&root.join("index.scip"), root)
}

/// The module at exactly this path.
pub(crate) fn module(model: &Model, path: &str) -> ModuleId {
    let found = model.module_ids().find(|(_, module)| module.path == path);
    found.unwrap_or_else(|| panic!("no module {path}")).0
}

/// Every module's path, in order.
pub(crate) fn modules(model: &Model) -> Vec<String> {
    let mut paths: Vec<_> = model.modules.iter().map(|one| one.path.clone()).collect();
    paths.sort();
    paths
}

/// Each reference from outside into the module at `path`, as `file:line from -> to`.
pub(crate) fn inbound(model: &Model, path: &str) -> Vec<String> {
    let inside = module(model, path);
    lines(model, |from, to| {
        !model.is_within(from, inside) && to.is_some_and(|to| model.is_within(to, inside))
    })
}

/// Each reference of the module at `path` to another of the workspace.
pub(crate) fn outbound(model: &Model, path: &str) -> Vec<String> {
    let inside = module(model, path);
    lines(model, |from, to| {
        model.is_within(from, inside) && to.is_some_and(|to| !model.is_within(to, inside))
    })
}

fn lines(model: &Model, keep: impl Fn(ModuleId, Option<ModuleId>) -> bool) -> Vec<String> {
    let kept = model
        .references
        .iter()
        .filter(|one| keep(one.from, model.item(one.to).module));
    kept.map(|one| {
        let line = one.span.start.line + 1;
        let from = one
            .within
            .map_or(model.module(one.from).path.clone(), |item| {
                model.item_path(item)
            });
        let to = model.item_path(one.to);
        format!("{}:{line} {from} -> {to}", model.file(one.file).path)
    })
    .collect()
}

/// What stands behind the arrows, with how often.
pub(crate) fn targets(lines: &[String]) -> Vec<(String, usize)> {
    let mut counted = std::collections::BTreeMap::new();
    for line in lines {
        let (_, to) = line.split_once(" -> ").expect("an arrow");
        *counted.entry(to.to_owned()).or_default() += 1;
    }
    counted.into_iter().collect()
}
