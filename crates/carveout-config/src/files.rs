//! The configuration directory: `default.toml`, and the file of the profile.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::bounded::{ReadError, read_text};
use crate::layer::Layer;
use crate::mistake::Draft;
use crate::nearest::nearest;
use crate::origin::Origin;
use crate::toml_text::{self, Document, SyntaxError};

const DEFAULT: &str = "default";

/// Reads the files, lowest precedence first. What cannot be read is left out and noted.
///
/// `prefix` is the service's environment prefix, for errors that name the variable to set.
pub(crate) fn read(
    dir: Option<&Path>,
    profile: Option<&str>,
    prefix: &str,
    drafts: &mut Vec<Draft>,
) -> Vec<Layer> {
    let name_dir =
        |which: &str| format!("{which} with --config-dir DIR, or {prefix}_CONFIG_DIR=DIR");
    let Some(dir) = dir else {
        if let Some(profile) = profile {
            let problem = format!(
                "the profile `{profile}` needs a configuration directory, and none was named"
            );
            drafts.push(
                Draft::new(profile_origin(profile), problem)
                    .fix(name_dir("name the directory that holds the profiles")),
            );
        }
        return Vec::new();
    };
    let shown = dir.display();
    let trouble = match std::fs::metadata(dir) {
        Ok(found) if found.is_dir() => None,
        Ok(_) => Some((
            "is not a directory".to_owned(),
            name_dir("name the directory that the file is in"),
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some((
            "does not exist".to_owned(),
            name_dir("create it with a default.toml (which may be empty), or name another"),
        )),
        Err(error) => Some((
            format!("cannot be read: {error}"),
            name_dir("let the user that the service runs as read it, or name another"),
        )),
    };
    if let Some((what, fix)) = trouble {
        let origin = Origin::Start(format!("configuration directory {shown}"));
        drafts.push(
            Draft::new(
                origin,
                format!("the configuration directory {shown} {what}"),
            )
            .fix(fix),
        );
        return Vec::new();
    }
    let mut layers = Vec::new();
    layers.extend(file(&dir.join("default.toml"), 0, drafts, |origin| {
        Draft::new(
            origin,
            format!("the configuration directory {shown} has no default.toml"),
        )
        .fix(name_dir(
            "create it (it may be empty), or name another directory",
        ))
    }));
    if let Some(profile) = profile {
        if let Some(draft) = unusable(profile) {
            drafts.push(draft);
        } else {
            layers.extend(file(
                &dir.join(format!("{profile}.toml")),
                1,
                drafts,
                |_| missing(dir, profile, prefix),
            ));
        }
    }
    layers
}

fn profile_origin(profile: &str) -> Origin {
    Origin::Start(format!("profile {profile:?}"))
}

/// A profile is a file's name. Anything that could leave the directory is refused before a path is
/// made from it.
fn unusable(profile: &str) -> Option<Draft> {
    let plain = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
    let (problem, fix) = if profile == DEFAULT {
        (
            "`default` is not a profile: default.toml is always read".to_owned(),
            "name no profile, or another one",
        )
    } else if profile.is_empty() || !profile.chars().all(plain) {
        let fix = "use letters, digits, `-` and `_`, without a path or `.toml`";
        (format!("{profile:?} is not a profile's name"), fix)
    } else {
        return None;
    };
    Some(Draft::new(profile_origin(profile), problem).fix(fix))
}

fn missing(dir: &Path, profile: &str, prefix: &str) -> Draft {
    let mut found: Vec<String> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            entry
                .file_name()
                .to_str()?
                .strip_suffix(".toml")
                .map(str::to_owned)
        })
        .filter(|name| name != DEFAULT)
        .collect();
    found.sort();
    let list = if found.is_empty() {
        "none".to_owned()
    } else {
        found.join(", ")
    };
    let fix = match nearest(profile, found.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? (profiles found: {list})"),
        None => format!(
            "create the file, or name a profile that exists (found: {list}) with --profile NAME, or \
             {prefix}_PROFILE=NAME"
        ),
    };
    let problem = format!(
        "the profile `{profile}` has no file {}",
        dir.join(format!("{profile}.toml")).display()
    );
    Draft::new(profile_origin(profile), problem).fix(fix)
}

fn file(
    path: &Path,
    rank: usize,
    drafts: &mut Vec<Draft>,
    missing: impl Fn(Origin) -> Draft,
) -> Option<Layer> {
    let shown: Arc<str> = path.display().to_string().into();
    let at = |line| Origin::File {
        rank,
        path: Arc::clone(&shown),
        line,
    };
    let text = match read_text(path) {
        Ok(text) => text,
        Err(error) => {
            let draft = |problem: &str, fix: &str| {
                Draft::new(at(None), format!("{shown} {problem}")).fix(fix)
            };
            drafts.push(match error {
                ReadError::Missing => missing(at(None)),
                ReadError::Directory => draft("is a directory", "put a file in its place"),
                ReadError::TooLarge => {
                    draft("is larger than 1 MiB", "move data out of the configuration")
                }
                ReadError::NotUtf8 { line } => {
                    Draft::new(at(Some(line)), format!("{shown} is not UTF-8 text"))
                        .fix("save the file as UTF-8")
                }
                ReadError::Other(reason) => draft(
                    &format!("cannot be read: {reason}"),
                    "let the user that the service runs as read it",
                ),
            });
            return None;
        }
    };
    let Document {
        values,
        lines,
        errors,
    } = toml_text::parse(&text);
    // After a slip the parser finds its feet within the line; what else it says there is an echo.
    let mut lines_seen = BTreeSet::new();
    for error in errors.iter().filter(|error| lines_seen.insert(error.line)) {
        drafts.push(syntax_error(error, at(Some(error.line))));
    }
    let broken_from = errors
        .iter()
        .filter(|error| error.duplicate.is_none())
        .map(|error| error.line)
        .min();
    let places = lines
        .into_iter()
        .map(|(key, line)| (key, at(Some(line))))
        .collect();
    Some(Layer {
        values,
        places,
        broken_from,
        ..Layer::new(&*shown, at(None))
    })
}

fn syntax_error(error: &SyntaxError, origin: Origin) -> Draft {
    if let Some(name) = &error.duplicate {
        return Draft::new(origin, format!("`{name}` is given twice in the same table"))
            .fix("remove one of the two");
    }
    let problem = format!("not TOML at column {}: {}", error.column, error.message);
    let fix = "text needs quotes and each key its own line, as in `key = \"text\"`; a section starts with `[section]`";
    Draft::new(origin, problem).fix(fix)
}
