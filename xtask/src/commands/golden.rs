use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{say, workspace};
use crate::answers::{self, Given};
use crate::error::{Error, Result};
use crate::plan::unified;
use crate::ports;
use crate::render::render;
use crate::template::Template;
use crate::workspace::Workspace;

const NAME: &str = "greeter";

/// Holds services/greeter, which people read and tools check, to the template, which nobody can
/// compile.
pub(super) fn run(check: bool) -> Result<()> {
    let workspace = workspace()?;
    let expected = expected(&workspace)?;
    let mut actual = BTreeMap::new();
    for folder in ["services/greeter", "proto/acme/greeter"] {
        read(&workspace.root, Path::new(folder), &mut actual)?;
    }
    let mut drift = String::new();
    for path in expected
        .keys()
        .chain(actual.keys().filter(|path| !expected.contains_key(*path)))
    {
        let (want, have) = (expected.get(path), actual.get(path));
        if want == have {
            continue;
        }
        let text = |content: Option<&Vec<u8>>| {
            content
                .map(|content| String::from_utf8_lossy(content).into_owned())
                .unwrap_or_default()
        };
        drift.push_str(&unified(path, path, &text(have), &text(want)));
        if !check {
            write(&workspace.root.join(path), want)?;
        }
    }
    match (check, drift.is_empty()) {
        (_, true) => say(&format!("{NAME} is what templates/service renders")),
        (false, false) => say(&drift),
        (true, false) => {
            say(&drift);
            return Err(
                Error::drift(format!("{NAME} is not what templates/service renders")).help(
                    "change templates/service, and run `cargo xtask golden` to render it again",
                ),
            );
        }
    }
    Ok(())
}

fn expected(workspace: &Workspace) -> Result<BTreeMap<String, Vec<u8>>> {
    let template = Template::load("service", &[workspace.root.join("templates")])?;
    let mut given = Given::default();
    let port = ports::derive(NAME, &Default::default()).to_string();
    let answers = [
        ("org", "acme"),
        ("owner", "platform"),
        ("kit_source", "workspace"),
        ("kit_location", ""),
        ("workspace_root", "false"),
        ("grpc_port", port.as_str()),
    ];
    given
        .flags
        .extend(answers.map(|(name, answer)| (name.to_owned(), answer.to_owned())));
    let rendered = render(
        &template,
        &answers::collect(NAME, &template, &given, false)?,
    )?;
    Ok(rendered
        .into_iter()
        .map(|(path, content)| {
            (
                if path.starts_with("proto/") {
                    path
                } else {
                    format!("services/{NAME}/{path}")
                },
                content,
            )
        })
        .collect())
}

fn read(root: &Path, folder: &Path, out: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    let path = root.join(folder);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    for entry in entries.flatten() {
        let inner = folder.join(entry.file_name());
        if entry.path().is_dir() {
            read(root, &inner, out)?;
        } else {
            let content =
                fs::read(entry.path()).map_err(|error| Error::io("read", &entry.path(), error))?;
            out.insert(inner.to_string_lossy().replace('\\', "/"), content);
        }
    }
    Ok(())
}

fn write(path: &Path, content: Option<&Vec<u8>>) -> Result<()> {
    let written = match content {
        Some(content) => path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(path, content)),
        None => fs::remove_file(path),
    };
    written.map_err(|error| Error::io("write", path, error))
}
