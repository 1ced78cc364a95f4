//! Text from the environment or `--set` to a typed value, by the type of the built-in default.

use figment::value::{Num, Value};

use crate::toml_text::parse_value;

/// What the text can mean, the first choice first. `default` is the built-in default of the key,
/// which says what is wanted: text stays as it is where the default is text, and is read as TOML
/// elsewhere. Text that cannot be read stays text, so that the type's own message says what was
/// wanted and what was found.
pub(crate) fn candidates(text: &str, default: Option<&Value>) -> Vec<Value> {
    let raw = Value::from(text.to_owned());
    match default {
        Some(Value::String(..) | Value::Char(..)) => vec![raw],
        Some(Value::Bool(..)) => vec![
            text.trim()
                .parse()
                .map_or(raw, |bool: bool| Value::from(bool)),
        ],
        Some(Value::Num(_, number)) => vec![parse_number(text, number).unwrap_or(raw)],
        Some(Value::Array(_, items)) => array(text, items.first()),
        Some(Value::Dict(..)) => vec![
            parse_value(text)
                .filter(|value| value.as_dict().is_some())
                .unwrap_or(raw),
        ],
        // An option that is not set, an entry of a map: only the type itself knows. Text is tried
        // first, so that "123" for a string is not a number.
        Some(Value::Empty(..)) | None => {
            let literal = parse_value(text).filter(|value| value.as_str().is_none());
            std::iter::once(raw).chain(literal).collect()
        }
    }
}

fn parse_number(text: &str, like: &Num) -> Option<Value> {
    if matches!(like, Num::F32(_) | Num::F64(_)) {
        return text
            .trim()
            .parse()
            .ok()
            .map(|number: f64| Value::from(number));
    }
    parse_value(text).filter(|value| matches!(value, Value::Num(..)))
}

/// An array is TOML when it starts with a bracket, and otherwise its elements with commas between
/// them.
fn array(text: &str, element: Option<&Value>) -> Vec<Value> {
    let trimmed = text.trim();
    if trimmed.starts_with('[') {
        return vec![parse_value(trimmed).unwrap_or_else(|| Value::from(text.to_owned()))];
    }
    if trimmed.is_empty() {
        return vec![Value::from(Vec::<Value>::new())];
    }
    let each: Vec<Vec<Value>> = trimmed
        .split(',')
        .map(|item| candidates(item.trim(), element))
        .collect();
    let choice = |last: bool| -> Value {
        let pick = |item: &Vec<Value>| {
            if last {
                item.last().cloned()
            } else {
                item.first().cloned()
            }
        };
        Value::from(each.iter().filter_map(pick).collect::<Vec<_>>())
    };
    if each.iter().any(|item| item.len() > 1) {
        vec![choice(false), choice(true)]
    } else {
        vec![choice(false)]
    }
}
