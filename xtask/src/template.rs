//! cargo-generate templates, as this generator understands them: placeholders, conditional files,
//! and no code that runs.

use std::fs;
use std::path::PathBuf;

use toml_edit::{Document, Item, TableLike, Value};

use crate::error::{Error, Result, nearest};
use crate::render::{Answers, leads_inside};
use crate::workspace::{parse, tables};

const CONFIG: &str = "cargo-generate.toml";
/// The placeholder that says whether a service is a workspace by itself.
pub(crate) const WORKSPACE_ROOT: &str = "workspace_root";

/// One template: a folder with a `cargo-generate.toml`.
pub(crate) struct Template {
    pub(crate) folder: PathBuf,
    pub(crate) placeholders: Vec<Placeholder>,
    rules: Vec<Rules>,
}

/// Files that are treated specially, always or under a condition.
struct Rules {
    condition: Option<String>,
    ignore: Vec<String>,
    exclude: Vec<String>,
}

/// A question that a template asks.
#[derive(Clone, Debug)]
pub(crate) struct Placeholder {
    pub(crate) name: String,
    pub(crate) prompt: String,
    pub(crate) is_bool: bool,
    pub(crate) default: Option<String>,
    pub(crate) choices: Vec<String>,
    pub(crate) regex: Option<String>,
    /// It is asked only where this holds.
    condition: Option<String>,
}

impl Placeholder {
    /// A feature is a question that is answered yes or no. Whether the service is the root of a
    /// workspace is not one: xtask always stamps into an existing workspace.
    pub(crate) fn is_feature(&self) -> bool {
        self.is_bool && self.name != WORKSPACE_ROOT
    }

    /// How a feature is chosen: by the flag that changes its default.
    pub(crate) fn flag(&self) -> &'static str {
        match self.default.as_deref() {
            Some("true") => "--without",
            _ => "--with",
        }
    }

    /// Whether this question is asked, given the answers to those before it.
    pub(crate) fn applies(&self, answers: &Answers) -> Result<bool> {
        let condition = self.condition.as_deref();
        condition.map_or(Ok(true), |condition| holds(condition, answers))
    }

    /// Says what is wrong with an answer, if anything is.
    pub(crate) fn refuses(&self, answer: &str) -> Option<String> {
        if self.is_bool {
            return (!matches!(answer, "true" | "false"))
                .then(|| "must be true or false".to_owned());
        }
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| choice == answer) {
            return Some(format!("must be one of {}", self.choices.join(", ")));
        }
        let pattern = self.regex.as_deref()?;
        let matches = regex_lite::Regex::new(pattern).is_ok_and(|regex| regex.is_match(answer));
        (!matches).then(|| format!("must match {pattern}"))
    }
}

/// What to do with a file of the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    Render,
    Copy,
    Leave,
}

impl Template {
    /// Loads the template `name`: a folder of `templates` in the workspace or in the kit, or a
    /// path.
    pub(crate) fn load(name: &str, shelves: &[PathBuf]) -> Result<Self> {
        let folder = if name.contains(['/', '\\']) {
            Some(PathBuf::from(name)).filter(|folder| folder.join(CONFIG).is_file())
        } else {
            shelves
                .iter()
                .map(|shelf| shelf.join(name))
                .find(|folder| folder.join(CONFIG).is_file())
        };
        let folder = folder.ok_or_else(|| unknown(name, shelves))?;
        if let Some(shelf) = folder
            .parent()
            .filter(|shelf| shelves.iter().any(|own| own == shelf))
            && !leads_inside(&folder, shelf)
        {
            let message = format!("{} leads outside of {}", folder.display(), shelf.display());
            return Err(Error::usage(message).help("give its path to use it all the same"));
        }
        let path = folder.join(CONFIG);
        let text = fs::read_to_string(&path).map_err(|error| Error::io("read", &path, error))?;
        Self::read(folder, &parse(&path, &text)?)
            .map_err(|why| Error::usage(format!("{}: {why}", path.display())))
    }

    fn read(folder: PathBuf, config: &Document<String>) -> Result<Self, String> {
        if config.get("hooks").is_some() {
            return Err(
                "it has [hooks], which would run code; templates here are text alone".to_owned(),
            );
        }
        let template = config.get("template").and_then(Item::as_table_like);
        let unsupported = ["include", "sub_templates", "init"]
            .into_iter()
            .find(|key| template.is_some_and(|table| table.contains_key(key)));
        if let Some(key) = unsupported {
            return Err(format!("[template] {key} is not supported here"));
        }
        let mut rules = vec![Rules::read(None, template)?];
        let mut placeholders = tables(config.get("placeholders"))
            .map(|(name, item)| placeholder(name, item, None))
            .collect::<Result<Vec<_>, _>>()?;
        for (condition, item) in tables(config.get("conditional")) {
            for (name, item) in tables(item.get("placeholders")) {
                placeholders.push(placeholder(name, item, Some(condition))?);
            }
            rules.push(Rules::read(
                Some(condition.to_owned()),
                item.as_table_like(),
            )?);
        }
        Ok(Self {
            folder,
            placeholders,
            rules,
        })
    }

    /// The features that `--with` and `--without` take.
    pub(crate) fn features(&self) -> Vec<&str> {
        self.placeholders
            .iter()
            .filter(|placeholder| placeholder.is_feature())
            .map(|placeholder| placeholder.name.as_str())
            .collect()
    }

    /// The comment that its configuration begins with, as far as the first empty line.
    pub(crate) fn about(&self) -> Option<String> {
        let config = fs::read_to_string(self.folder.join(CONFIG)).ok()?;
        let lines = config.lines().map_while(|line| line.strip_prefix("# "));
        let about = lines.collect::<Vec<_>>().join(" ");
        (!about.is_empty()).then_some(about)
    }

    /// How to treat a file, given by its path inside the template.
    pub(crate) fn treatment(&self, file: &str, answers: &Answers) -> Result<Treatment> {
        if file == CONFIG || file == ".genignore" {
            return Ok(Treatment::Leave);
        }
        let mut treatment = Treatment::Render;
        for rules in &self.rules {
            let applies = rules
                .condition
                .as_deref()
                .map_or(Ok(true), |condition| holds(condition, answers))?;
            if applies && rules.ignore.iter().any(|pattern| covers(pattern, file)) {
                return Ok(Treatment::Leave);
            }
            if applies && rules.exclude.iter().any(|pattern| covers(pattern, file)) {
                treatment = Treatment::Copy;
            }
        }
        Ok(treatment)
    }
}

impl Rules {
    fn read(condition: Option<String>, table: Option<&dyn TableLike>) -> Result<Self, String> {
        let list = |key: &str| -> Result<Vec<String>, String> {
            let array = table
                .and_then(|table| table.get(key))
                .and_then(Item::as_array);
            let strings = array
                .into_iter()
                .flatten()
                .map(|value| value.as_str().map(str::to_owned));
            strings
                .collect::<Option<_>>()
                .ok_or_else(|| format!("{key} must be a list of strings"))
        };
        Ok(Self {
            ignore: list("ignore")?,
            exclude: list("exclude")?,
            condition,
        })
    }
}

/// The names of all templates on `shelves`, those of the first shelf first.
pub(crate) fn names(shelves: &[PathBuf]) -> Vec<String> {
    let mut names = Vec::new();
    for shelf in shelves {
        let mut here: Vec<String> = fs::read_dir(shelf)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().join(CONFIG).is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !names.contains(name))
            .collect();
        here.sort();
        names.extend(here);
    }
    names
}

fn unknown(name: &str, shelves: &[PathBuf]) -> Error {
    let names = names(shelves);
    let help = match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? (templates: {})", names.join(", ")),
        None if names.is_empty() => "there are no templates here".to_owned(),
        None => format!("templates: {}", names.join(", ")),
    };
    Error::usage(format!("there is no template {name:?}")).help(help)
}

fn placeholder(name: &str, item: &Item, condition: Option<&str>) -> Result<Placeholder, String> {
    let text = |key: &str| item.get(key).and_then(Item::as_str).map(str::to_owned);
    let is_bool = match text("type").as_deref() {
        Some("bool") => true,
        Some("string") => false,
        other => {
            return Err(format!(
                "placeholder {name} has the type {other:?}; string and bool are supported here"
            ));
        }
    };
    let default = match item.get("default").and_then(Item::as_value) {
        Some(Value::Boolean(default)) => Some(default.value().to_string()),
        Some(Value::String(default)) => Some(default.value().clone()),
        _ => None,
    };
    let choices = item
        .get("choices")
        .and_then(Item::as_array)
        .into_iter()
        .flatten();
    let choices = choices
        .filter_map(|choice| choice.as_str().map(str::to_owned))
        .collect();
    Ok(Placeholder {
        name: name.to_owned(),
        prompt: text("prompt").unwrap_or_else(|| name.to_owned()),
        is_bool,
        default,
        choices,
        regex: text("regex"),
        condition: condition.map(str::to_owned),
    })
}

/// cargo-generate evaluates conditions in a script language. A name, `!name`, and `name == "value"`
/// or `!=` are what templates need.
fn holds(condition: &str, answers: &Answers) -> Result<bool> {
    let answer = |name: &str| {
        let name = name.trim();
        let known = answers.get(name).ok_or_else(|| {
            Error::usage(format!(
                "the condition {condition:?} asks for {name:?}, which is no placeholder"
            ))
        });
        known.map(str::to_owned)
    };
    let unquoted = |text: &str| text.trim().trim_matches('"').to_owned();
    if let Some((name, value)) = condition.split_once("!=") {
        return Ok(answer(name)? != unquoted(value));
    }
    if let Some((name, value)) = condition.split_once("==") {
        return Ok(answer(name)? == unquoted(value));
    }
    match condition.trim().strip_prefix('!') {
        Some(name) => Ok(answer(name)? != "true"),
        None => Ok(answer(condition)? == "true"),
    }
}

/// A pattern names a file, or a folder and all that is in it.
fn covers(pattern: &str, file: &str) -> bool {
    let pattern = pattern.trim_end_matches('/');
    file == pattern
        || file
            .strip_prefix(pattern)
            .is_some_and(|rest| rest.starts_with('/'))
}
