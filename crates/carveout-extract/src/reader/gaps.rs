//! What an index does not show, and does not say that it does not.

use std::collections::{BTreeSet, HashMap};

use super::fresh::{Text, some_of};
use crate::model::{FileId, ItemKind, Model};

/// In words, as a report repeats them.
pub(super) fn gaps(model: &Model, texts: &[Text], guessed: usize) -> Vec<String> {
    let mut gaps = Vec::new();
    let included = included(model, texts);
    if !included.is_empty() {
        gaps.push(format!(
            "what include! brings in is not in the index: {}",
            list(&included)
        ));
    }
    let unseen = packages_unseen(model);
    if !unseen.is_empty() {
        gaps.push(format!(
            "the index has no file of these packages of the workspace: {}",
            list(&unseen)
        ));
    }
    let absent = not_compiled(model);
    if !absent.is_empty() {
        gaps.push(format!(
            "files that no module has, for a cfg that is off or for no reason, are not in the index: {}",
            list(&absent)
        ));
    }
    if model.files.iter().any(|file| file.language != "rust") {
        gaps.push(
            "how many names the index knows is measured for Rust alone: of other languages a name that it could not \
             resolve is missing without a word"
                .to_owned(),
        );
    }
    if guessed > 0 {
        gaps.push(format!(
            "names that a binary and its library both have are taken as the binary's in {guessed} places"
        ));
    }
    gaps
}

/// Modules that a file of the index declares by `mod name;` and that no document is. An index that ends
/// between two of its documents looks whole otherwise.
pub(super) fn undocumented(model: &Model, texts: &[Text]) -> Vec<String> {
    let mut missing = Vec::new();
    for reference in &model.references {
        let item = model.item(reference.to);
        if item.kind != ItemKind::Module || item.module.is_none() || item.definition.is_some() {
            continue;
        }
        let text = &texts[reference.file.0 as usize];
        let (from, to) = (
            text.offset(reference.span.start),
            text.offset(reference.span.end),
        );
        let declares = text.text[..from].ends_with("mod ") && text.text[to..].starts_with(';');
        let named = text.slice(reference.span) == item.name;
        // A file that two targets share is the module of one of them alone.
        if declares && named && !has_file(model, reference.file, &item.name) {
            missing.push(model.item_path(reference.to));
        }
    }
    missing
}

/// Whether a file of the index is where `mod name;` in `file` would look, or further inside.
fn has_file(model: &Model, file: FileId, name: &str) -> bool {
    let name = name.trim_start_matches("r#");
    let declaring = &model.file(file).path;
    let folder = declaring.rsplit_once('/').map_or("", |(folder, _)| folder);
    let ends = [format!("/{name}.rs"), format!("/{name}/mod.rs")];
    let is_it = |path: &str| ends.iter().any(|end| format!("/{path}").ends_with(end));
    model
        .files
        .iter()
        .any(|file| file.path.starts_with(folder) && is_it(&file.path))
}

/// Packages that Cargo.lock takes from no registry, so that they are the workspace's, and that no
/// document is of.
fn packages_unseen(model: &Model) -> Vec<String> {
    let lock = std::fs::read_to_string(model.root.join("Cargo.lock")).unwrap_or_default();
    let Ok(lock) = lock.parse::<toml::Table>() else {
        return Vec::new();
    };
    let seen: BTreeSet<&str> = model
        .modules
        .iter()
        .map(|one| one.package.as_str())
        .collect();
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let own = packages
        .into_iter()
        .flatten()
        .filter(|package| package.get("source").is_none());
    own.filter_map(|package| package.get("name")?.as_str())
        .filter(|name| !seen.contains(name))
        .map(str::to_owned)
        .collect()
}

/// The files that say `include!`.
fn included(model: &Model, texts: &[Text]) -> Vec<String> {
    let mut files: Vec<FileId> = Vec::new();
    for reference in &model.references {
        if files.last() == Some(&reference.file) {
            continue;
        }
        let item = model.item(reference.to);
        let text = &texts[reference.file.0 as usize];
        if item.name == "include"
            && item.package == "core"
            && text.slice(reference.span) == "include"
        {
            files.push(reference.file);
        }
    }
    files
        .into_iter()
        .map(|file| model.file(file).path.clone())
        .collect()
}

/// Rust files beside those of the index that it does not have. Folders without any file of the index
/// are not looked at: they are other packages, or no source.
fn not_compiled(model: &Model) -> Vec<String> {
    let mut folders: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for file in model.files.iter().filter(|file| file.language == "rust") {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        folders.entry(folder).or_default().insert(name);
    }
    let mut absent = Vec::new();
    for (folder, known) in folders {
        let Ok(entries) = std::fs::read_dir(model.root.join(folder)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.ends_with(".rs")) else {
                continue;
            };
            if !known.contains(name) && name != "build.rs" {
                absent.push(match folder {
                    "" => name.to_owned(),
                    _ => format!("{folder}/{name}"),
                });
            }
        }
    }
    absent.sort_unstable();
    absent
}

fn list(paths: &[String]) -> String {
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    some_of(&paths)
}
