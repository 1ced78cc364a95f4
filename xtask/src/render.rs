//! Renders a template in memory, with the engine that cargo-generate uses and with its rules for
//! names.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use heck::*;
use liquid::{Object, Parser, ParserBuilder};
use liquid_core::{
    Display_filter, Filter, FilterReflection, ParseFilter, Runtime, Value, ValueView,
};

use crate::error::{Error, Result};
use crate::template::{Template, Treatment};

/// The answers to a template's questions, by name. `project-name` and `crate_name` are among them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers(BTreeMap<String, String>);

impl Answers {
    pub(crate) fn for_name(name: &str) -> Self {
        let mut answers = Self::default();
        answers.set("project-name", name);
        answers.set("crate_name", name.replace('-', "_"));
        answers
    }

    pub(crate) fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_owned(), value.into());
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    fn to_liquid(&self, template: &Template) -> Object {
        let is_bool = |name: &str| {
            template
                .placeholders
                .iter()
                .any(|placeholder| placeholder.name == name && placeholder.is_bool)
        };
        let value = |name: &str, answer: &str| match answer {
            "true" | "false" if is_bool(name) => Value::scalar(answer == "true"),
            text => Value::scalar(text.to_owned()),
        };
        self.0
            .iter()
            .map(|(name, answer)| (name.clone().into(), value(name, answer)))
            .collect()
    }
}

/// Renders `template` into files, by their path with `/` between its parts.
pub(crate) fn render(template: &Template, answers: &Answers) -> Result<BTreeMap<String, Vec<u8>>> {
    let engine = engine();
    let values = answers.to_liquid(template);
    let mut out = BTreeMap::new();
    for file in files(&template.folder)? {
        let treatment = template.treatment(&file, answers)?;
        let path = template.folder.join(&file);
        let content = match treatment {
            Treatment::Leave => continue,
            Treatment::Copy => fs::read(&path),
            Treatment::Render => {
                fs::read(&path).and_then(|content| match String::from_utf8(content) {
                    Ok(text) => liquid(&engine, &values, &text)
                        .map(String::into_bytes)
                        .map_err(std::io::Error::other),
                    // cargo-generate leaves what is no text as it is.
                    Err(binary) => Ok(binary.into_bytes()),
                })
            }
        };
        let content = content.map_err(|error| Error::io("render", &path, error))?;
        let name = liquid(&engine, &values, &file)
            .map_err(|why| Error::io("render the name of", &path, why))?;
        let name = name
            .strip_suffix(".liquid")
            .map_or(name.clone(), str::to_owned);
        if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(Error::usage(format!(
                "{}: its name becomes {name:?}",
                path.display()
            )));
        }
        out.insert(name, content);
    }
    Ok(out)
}

/// An undefined variable is an error of liquid's own, and its text names it.
fn liquid(engine: &Parser, values: &Object, text: &str) -> Result<String, String> {
    // Most names, and many files, have nothing to render; parsing them is most of what a run takes.
    if !text.contains("{{") && !text.contains("{%") {
        return Ok(text.to_owned());
    }
    let flat = |error: liquid::Error| {
        error
            .to_string()
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(", ")
    };
    engine
        .parse(text)
        .map_err(flat)?
        .render(values)
        .map_err(flat)
}

/// The files below `folder`, sorted, as paths with `/`.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(inner) = folders.pop() {
        let path = folder.join(&inner);
        let entries = fs::read_dir(&path).map_err(|error| Error::io("read", &path, error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Error::io("read", &path, error))?;
            let name = entry
                .file_name()
                .into_string()
                .map_err(|name| Error::io("read", &path, format!("{name:?} is not UTF-8")))?;
            let full = if inner.is_empty() {
                name
            } else {
                format!("{inner}/{name}")
            };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(full),
                Ok(kind) if kind.is_symlink() && !leads_inside(&entry.path(), folder) => {
                    let message =
                        format!("{} leads outside of the template", entry.path().display());
                    return Err(Error::usage(message).help("replace that link with a file"));
                }
                _ => files.push(full),
            }
        }
    }
    files.sort();
    Ok(files)
}

pub(crate) fn leads_inside(path: &Path, folder: &Path) -> bool {
    let real = path.canonicalize().ok().zip(folder.canonicalize().ok());
    real.is_some_and(|(path, folder)| path.starts_with(folder))
}

fn engine() -> Parser {
    let builder = ParserBuilder::with_stdlib()
        .filter(KebabCase)
        .filter(LowerCamelCase)
        .filter(PascalCase)
        .filter(ShoutyKebabCase)
        .filter(ShoutySnakeCase)
        .filter(SnakeCase)
        .filter(TitleCase)
        .filter(UpperCamelCase);
    // Building fails for partials alone, and there are none.
    builder.build().unwrap_or_default()
}

/// cargo-generate's filters: the same crate does the same work.
macro_rules! case_filters {
    ($($parser:ident, $filter:ident, $name:literal, $convert:expr;)*) => {$(
        #[derive(Clone, ParseFilter, FilterReflection)]
        #[filter(name = $name, description = "Changes the case of a text.", parsed($filter))]
        struct $parser;

        #[derive(Debug, Default, Display_filter)]
        #[name = $name]
        struct $filter;

        impl Filter for $filter {
            fn evaluate(&self, input: &dyn ValueView, _: &dyn Runtime) -> liquid_core::Result<Value> {
                let text = input.as_scalar().ok_or_else(|| liquid_core::Error::with_msg("String expected"))?;
                let convert: fn(&str) -> String = $convert;
                Ok(Value::scalar(convert(&text.into_string())))
            }
        }
    )*};
}

case_filters! {
    KebabCase, KebabCaseFilter, "kebab_case", |text| text.to_kebab_case();
    LowerCamelCase, LowerCamelCaseFilter, "lower_camel_case", |text| text.to_lower_camel_case();
    PascalCase, PascalCaseFilter, "pascal_case", |text| text.to_pascal_case();
    ShoutyKebabCase, ShoutyKebabCaseFilter, "shouty_kebab_case", |text| text.to_shouty_kebab_case();
    ShoutySnakeCase, ShoutySnakeCaseFilter, "shouty_snake_case", |text| text.to_shouty_snake_case();
    SnakeCase, SnakeCaseFilter, "snake_case", |text| text.to_snake_case();
    TitleCase, TitleCaseFilter, "title_case", |text| text.to_title_case();
    UpperCamelCase, UpperCamelCaseFilter, "upper_camel_case", |text| text.to_upper_camel_case();
}
