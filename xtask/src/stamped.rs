//! What a stamped service consists of, and what has been written to it since.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item};

use crate::answers::{self, Given};
use crate::error::Result;
use crate::names;
use crate::render::{Answers, render};
use crate::template::Template;

/// The files of a rendered service: those of `services/NAME`, and those of its contract.
pub(crate) struct Rendered {
    /// Relative to the folder of the service.
    pub(crate) service: BTreeMap<String, Vec<u8>>,
    /// Relative to the folder of the contract; empty if the contract stays in the service's folder.
    pub(crate) contract: BTreeMap<String, Vec<u8>>,
}

impl Rendered {
    /// With `shared`, the contract goes into the `proto/` of the workspace.
    pub(crate) fn new(files: BTreeMap<String, Vec<u8>>, answers: &Answers, shared: bool) -> Self {
        let prefix = format!("{}/", contract_folder(answers));
        let (mut service, mut contract) = (BTreeMap::new(), BTreeMap::new());
        for (file, content) in files {
            match file.strip_prefix(&prefix).filter(|_| shared) {
                Some(inner) => contract.insert(inner.to_owned(), content),
                None => service.insert(file, content),
            };
        }
        Self { service, contract }
    }
}

/// The folder of a service's contract: `proto/acme/orders`.
pub(crate) fn contract_folder(answers: &Answers) -> String {
    let answer = |name: &str| answers.get(name).unwrap_or_default();
    format!("proto/{}/{}", answer("org"), answer("crate_name"))
}

/// A service that is in a workspace, compared with what its template renders for the answers in its
/// `service.toml`.
pub(crate) struct Stamped {
    /// The folder of its contract in the workspace's `proto/`, if it has one there.
    pub(crate) contract: Option<String>,
    /// The files that are not as they were stamped, each with what is different: `changed PATH`,
    /// `added PATH`. Everything that cannot be shown to be unchanged is listed.
    pub(crate) work: Vec<String>,
}

impl Stamped {
    /// Compares the service `name`, whose folder is `folder`, both relative to `root`.
    pub(crate) fn compare(root: &Path, folder: &str, name: &str, shelves: &[PathBuf]) -> Self {
        let path = root.join(folder);
        if path.is_symlink() {
            return Self::unknown(format!("not stamped: {folder} is a symbolic link"));
        }
        let rendered = match recorded(&path, name, shelves) {
            Ok(rendered) => rendered,
            Err(why) => return Self::unknown(format!("not stamped: {folder}/ ({why})")),
        };
        let (answers, files) = rendered;
        let contract = contract_folder(&answers);
        let shared = root.join(&contract).is_dir() && !path.join(&contract).exists();
        let Rendered {
            service,
            contract: protos,
        } = Rendered::new(files, &answers, shared);
        let mut work = Vec::new();
        compare(root, folder, &service, &mut work);
        if shared {
            compare(root, &contract, &protos, &mut work);
        }
        Self {
            contract: shared.then_some(contract),
            work,
        }
    }

    fn unknown(why: String) -> Self {
        Self {
            contract: None,
            work: vec![why],
        }
    }
}

/// The answers that `service.toml` records, and what the template renders for them.
fn recorded(
    folder: &Path,
    name: &str,
    shelves: &[PathBuf],
) -> Result<(Answers, BTreeMap<String, Vec<u8>>), String> {
    let text = fs::read_to_string(folder.join("service.toml"))
        .map_err(|error| format!("service.toml: {error}"))?;
    let document = Document::parse(text).map_err(|error| {
        let error = error.to_string();
        format!("service.toml: {}", error.lines().next().unwrap_or_default())
    })?;
    let text = |table: &str, key: &str| document.get(table)?.get(key)?.as_str();
    if text("service", "name") != Some(name) {
        return Err(format!("service.toml does not name the service {name:?}"));
    }
    let template = text("template", "name").ok_or("service.toml names no template")?;
    if template.contains(['/', '\\']) {
        return Err(format!("service.toml: the template {template:?} is a path"));
    }
    names::check_form(name).map_err(|error| error.message)?;
    let template = Template::load(template, shelves).map_err(|error| error.message)?;
    let mut given = Given::default();
    let recorded = document.get("template").and_then(|it| it.get("answers"));
    for placeholder in &template.placeholders {
        let answer = recorded.and_then(|answers| answers.get(&placeholder.name));
        if let Some(answer) = answer.and_then(Item::as_value) {
            let answer = answer.as_str().map_or_else(
                || answer.to_string().trim().to_owned(),
                |text| text.to_owned(),
            );
            given.flags.insert(placeholder.name.clone(), answer);
        }
    }
    let answers =
        answers::collect(name, &template, &given, false).map_err(|error| error.message)?;
    // It becomes a part of a path.
    if let Some(org) = answers.get("org") {
        names::check_org(org).map_err(|error| error.message)?;
    }
    let files = render(&template, &answers).map_err(|error| error.message)?;
    Ok((answers, files))
}

fn compare(
    root: &Path,
    folder: &str,
    expected: &BTreeMap<String, Vec<u8>>,
    work: &mut Vec<String>,
) {
    let mut files = Vec::new();
    list(root, folder, &mut files, work);
    files.sort();
    for file in files {
        let inner = file.strip_prefix(folder).unwrap_or(&file);
        match expected.get(inner.trim_start_matches('/')) {
            None => work.push(format!("added {file}")),
            Some(content) => match fs::read(root.join(&file)) {
                Ok(actual) if actual == *content => {}
                _ => work.push(format!("changed {file}")),
            },
        }
    }
}

/// Lists the files below `folder`. Links, and what cannot be listed, count as work.
fn list(root: &Path, folder: &str, files: &mut Vec<String>, work: &mut Vec<String>) {
    let entries = match fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) => return work.push(format!("unreadable {folder}/ ({error})")),
    };
    for entry in entries {
        match entry {
            Ok(entry) => {
                let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => list(root, &path, files, work),
                    Ok(kind) if kind.is_file() => files.push(path),
                    _ => work.push(format!("added {path}")),
                }
            }
            Err(error) => work.push(format!("unreadable {folder}/ ({error})")),
        }
    }
}
