//! What a command is about to do, complete before anything is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::{Error, Result};

/// One file that is there and changes.
pub(crate) struct Edit {
    /// Relative to the root.
    pub(crate) path: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// A change of a workspace: whole folders that appear or vanish, and files that are edited.
#[derive(Default)]
pub(crate) struct Plan {
    /// New folders, each with its files relative to it. A folder is moved in as a whole.
    pub(crate) create: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Folders that go.
    pub(crate) remove: Vec<String>,
    pub(crate) edit: Vec<Edit>,
}

impl Plan {
    /// One line a change, and the counts.
    pub(crate) fn to_text(&self) -> String {
        let created = self.created();
        let mut lines: Vec<String> = created
            .iter()
            .map(|path| format!("create {path}"))
            .collect();
        lines.extend(self.remove.iter().map(|path| format!("remove {path}/")));
        lines.extend(self.edit.iter().map(|edit| format!("edit   {}", edit.path)));
        let mut counts = vec![
            format!("{} created", created.len()),
            format!("{} edited", self.edit.len()),
        ];
        if !self.remove.is_empty() {
            counts.push(format!("{} folders removed", self.remove.len()));
        }
        lines.push(counts.join(", "));
        lines.join("\n")
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        let edits: Vec<&str> = self.edit.iter().map(|edit| edit.path.as_str()).collect();
        serde_json::json!({ "create": self.created(), "remove": self.remove, "edit": edits })
    }

    /// All of it as a unified diff.
    pub(crate) fn to_diff(&self, root: &Path) -> String {
        let mut out = String::new();
        for (folder, files) in &self.create {
            for (file, content) in files {
                let text = String::from_utf8_lossy(content);
                out.push_str(&unified(
                    "/dev/null",
                    &format!("{folder}/{file}"),
                    "",
                    &text,
                ));
            }
        }
        for edit in &self.edit {
            out.push_str(&unified(&edit.path, &edit.path, &edit.before, &edit.after));
        }
        for folder in &self.remove {
            out.push_str(&format!("remove {}\n", root.join(folder).display()));
        }
        out
    }

    /// Refuses a plan that would overwrite anything, or write outside of the workspace.
    pub(crate) fn check(&self, root: &Path) -> Result<()> {
        for folder in self.create.keys() {
            let path = root.join(folder);
            check_inside(root, folder)?;
            match fs::symlink_metadata(&path) {
                Ok(_) => {
                    let message = format!("{} is there already", path.display());
                    return Err(Error::conflict(message).help(
                        "choose another name, or remove it first (`cargo xtask remove-service`)",
                    ));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io("look at", &path, error)),
            }
        }
        Ok(())
    }

    /// Whether the workspace is still what this was planned for.
    pub(crate) fn is_current(&self, root: &Path) -> bool {
        let same = |edit: &Edit| {
            let now = fs::read_to_string(root.join(&edit.path)).unwrap_or_default();
            now == edit.before
        };
        self.edit.iter().all(same) && self.check(root).is_ok()
    }

    fn created(&self) -> Vec<String> {
        self.create
            .iter()
            .flat_map(|(folder, files)| files.keys().map(move |file| format!("{folder}/{file}")))
            .collect()
    }
}

/// Refuses a folder whose path leads out of `root` by a symbolic link.
fn check_inside(root: &Path, folder: &str) -> Result<()> {
    let real_root = root
        .canonicalize()
        .map_err(|error| Error::io("look at", root, error))?;
    for parent in Path::new(folder).ancestors().skip(1) {
        let path = root.join(parent);
        if fs::symlink_metadata(&path).is_ok()
            && !path
                .canonicalize()
                .is_ok_and(|real| real.starts_with(&real_root))
        {
            let message = format!("{} leads outside of the workspace", path.display());
            return Err(Error::conflict(message).help("replace that link with a folder"));
        }
    }
    Ok(())
}

pub(crate) fn unified(from: &str, to: &str, before: &str, after: &str) -> String {
    let patch = diffy::DiffOptions::new()
        .set_original_filename(from.to_owned())
        .set_modified_filename(to.to_owned())
        .create_patch(before, after)
        .to_string();
    if patch.ends_with('\n') {
        patch
    } else {
        patch + "\n"
    }
}
