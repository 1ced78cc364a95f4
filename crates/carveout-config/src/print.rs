//! Effective values as TOML, each with where it came from.

use figment::value::{Num, Value};
use toml_writer::ToTomlValue as _;

use crate::key::{Key, quoted};
use crate::origin::Origin;
use crate::secret::{REDACTED, holds_password, looks_secret};

/// One section. Keys that `origin` gets are relative to it; `rejected` lists what could not be
/// used, in full.
pub(crate) fn section(
    name: &str,
    value: &Value,
    origin: &dyn Fn(&Key) -> Origin,
    rejected: &[(Key, Origin)],
) -> String {
    let mut text = String::new();
    table(&mut text, &quoted(name), value, &Key::default(), origin);
    for (key, origin) in rejected {
        text.push_str(&format!("# rejected: {key} from {origin}\n"));
    }
    text
}

fn table(
    text: &mut String,
    header: &str,
    value: &Value,
    at: &Key,
    origin: &dyn Fn(&Key) -> Origin,
) {
    let Some(dict) = value.as_dict() else { return };
    let is_table = |value: &Value| value.as_dict().is_some_and(|dict| !dict.is_empty());
    let lines: Vec<(String, String)> = dict
        .iter()
        .filter(|(_, value)| !is_table(value))
        .map(|(name, value)| {
            let assignment = match value {
                Value::Empty(..) => format!("# {} is not set", quoted(name)),
                value => format!("{} = {}", quoted(name), inline(value, looks_secret(name))),
            };
            (assignment, comment(&origin(&at.name(name))))
        })
        .collect();
    // A table that holds nothing but tables needs no line of its own.
    if !lines.is_empty() || dict.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("[{header}]\n"));
    }
    // One long value should not push the comments of all others off the screen.
    const WIDEST: usize = 48;
    let width = lines
        .iter()
        .map(|(line, _)| line.chars().count())
        .filter(|width| *width <= WIDEST)
        .max()
        .unwrap_or(0);
    for (line, comment) in lines {
        text.push_str(&format!("{line:width$}  # {comment}\n"));
    }
    for (name, value) in dict.iter().filter(|(_, value)| is_table(value)) {
        table(
            text,
            &format!("{header}.{}", quoted(name)),
            value,
            &at.name(name),
            origin,
        );
    }
}

fn comment(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        other => format!("from {other}"),
    }
}

/// The value as TOML on one line; text inside it is redacted when it is, or looks, secret.
pub(crate) fn inline(value: &Value, secret: bool) -> String {
    match value {
        Value::String(_, text) if (secret && !text.is_empty()) || holds_password(text) => {
            REDACTED.to_toml_value()
        }
        Value::String(_, text) => text.to_toml_value(),
        Value::Char(_, char) => char.to_string().to_toml_value(),
        Value::Bool(_, bool) => bool.to_string(),
        Value::Num(_, number) => self::number(number),
        Value::Empty(..) => "\"\"".to_owned(),
        Value::Array(_, items) => {
            let items: Vec<String> = items.iter().map(|item| inline(item, secret)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Dict(_, dict) => {
            let entry = |(name, value): (&String, &Value)| {
                format!(
                    "{} = {}",
                    quoted(name),
                    inline(value, secret || looks_secret(name))
                )
            };
            let entries: Vec<String> = dict
                .iter()
                .filter(|(_, value)| !matches!(value, Value::Empty(..)))
                .map(entry)
                .collect();
            if entries.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }
}

/// The value as the environment would hold it.
pub(crate) fn plain(value: &Value, secret: bool) -> String {
    match value {
        Value::String(_, text) if !secret => text.clone(),
        other => inline(other, secret),
    }
}

fn number(number: &Num) -> String {
    match number {
        Num::F32(float) => float.to_toml_value(),
        Num::F64(float) => float.to_toml_value(),
        whole => match (whole.to_i128(), whole.to_u128()) {
            (Some(number), _) => number.to_string(),
            (None, Some(number)) => number.to_string(),
            (None, None) => "0".to_owned(),
        },
    }
}
