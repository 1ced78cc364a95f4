//! What serde says about a value, in words for whoever wrote it.

use figment::error::{Actual, Kind};
use figment::value::Value;

use crate::key::{Key, quoted};
use crate::mistake::Fix;
use crate::nearest::nearest;
use crate::print::{inline, plain};
use crate::secret;

/// What is known about the value that was refused.
pub(crate) struct Refused<'a> {
    pub(crate) key: &'a Key,
    pub(crate) kind: &'a Kind,
    pub(crate) default: Option<&'a Value>,
    /// The type is a [`Secret`](crate::Secret), whose own messages are fit to be shown.
    pub(crate) is_secret: bool,
    /// Written in a file, where text takes quotes.
    pub(crate) in_file: bool,
}

impl Refused<'_> {
    /// Whether what was found must not be shown, because the key looks as if it held a secret.
    fn hidden(&self) -> bool {
        self.is_secret || self.key.last_name().is_some_and(secret::looks_secret)
    }

    /// The problem, and the fix.
    pub(crate) fn explain(&self) -> (String, Fix) {
        let (problem, fix) = self.problem_and_fix();
        let fix = match fix {
            Fix::None => Fix::Text("correct it, or remove the key to have the default".to_owned()),
            fix => fix,
        };
        (problem, fix)
    }

    fn problem_and_fix(&self) -> (String, Fix) {
        let key = self.key;
        match self.kind {
            Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
                let wanted = expected_in_words(expected);
                let problem = format!(
                    "`{key}` must be {wanted}, found {}",
                    self.found(found, expected)
                );
                (problem, self.type_fix(found, expected))
            }
            Kind::UnknownVariant(found, variants) => {
                let problem = format!(
                    "`{key}` must be {}, found {}",
                    one_of(variants),
                    self.quote(found)
                );
                let near = nearest(found, variants.iter().copied()).filter(|_| !self.hidden());
                (
                    problem,
                    near.map_or_else(
                        || self.example(),
                        |near| Fix::Text(format!("did you mean \"{near}\"?")),
                    ),
                )
            }
            Kind::InvalidLength(found, expected) => {
                let wanted = expected_in_words(expected);
                (
                    format!("`{key}` must be {wanted}, found {found} elements"),
                    self.example(),
                )
            }
            Kind::Message(message) => self.message(message),
            Kind::MissingField(field) => {
                let table = key.to_string();
                (
                    format!("missing key `{}`", key.name(field)),
                    Fix::Text(format!("add `{}` to [{table}]", quoted(field))),
                )
            }
            Kind::DuplicateField(field) => (
                format!("`{}` is given twice, once by another name", key.name(field)),
                Fix::Text("keep one of the two".into()),
            ),
            other => (format!("`{key}` cannot be read: {other}"), Fix::None),
        }
    }

    fn message(&self, message: &str) -> (String, Fix) {
        let key = self.key;
        if self.hidden() && !self.is_secret {
            return (
                format!("`{key}` cannot be read; why is not shown, as it could quote a secret"),
                Fix::None,
            );
        }
        let (message, fix) = match message.split_once(secret::FIX) {
            Some((message, fix)) => (message, Fix::Text(fix.to_owned())),
            None => (message, self.example()),
        };
        let goes_on = ["must ", "is "]
            .iter()
            .any(|start| message.starts_with(start));
        (
            format!("`{key}`{} {message}", if goes_on { "" } else { ":" }),
            fix,
        )
    }

    fn quote(&self, text: &str) -> String {
        const LONGEST: usize = 60;
        if self.hidden() || secret::holds_password(text) {
            return "a text (not shown)".to_owned();
        }
        if text.is_empty() {
            return "an empty text".to_owned();
        }
        if text.chars().count() > LONGEST {
            let start: String = text.chars().take(LONGEST).collect();
            return format!(
                "the text {start:?}... ({} characters)",
                text.chars().count()
            );
        }
        format!("the text {text:?}")
    }

    fn found(&self, found: &Actual, expected: &str) -> String {
        let number = |text: String| {
            if self.hidden() {
                "a number (not shown)".to_owned()
            } else {
                text
            }
        };
        match found {
            Actual::Bool(bool) => bool.to_string(),
            Actual::Unsigned(number_) => number(number_.to_string()),
            Actual::Signed(number_) => number(number_.to_string()),
            Actual::Float(number_) => number(format!("{number_:?}")),
            Actual::Char(char) => self.quote(&char.to_string()),
            // A table is where secrets are; text in its place may hold one of them.
            Actual::Str(_) if wants_table(expected) => "text".to_owned(),
            Actual::Str(text) => self.quote(text),
            Actual::Unit | Actual::Option => "nothing".to_owned(),
            Actual::Seq => "an array".to_owned(),
            Actual::Map => "a table".to_owned(),
            // serde's words for a number that needs more than 64 bits.
            Actual::Other(words) => number(
                words
                    .split('`')
                    .nth(1)
                    .unwrap_or("something else")
                    .to_owned(),
            ),
            Actual::Bytes(_) => "bytes".to_owned(),
            other => other.to_string(),
        }
    }

    fn type_fix(&self, found: &Actual, expected: &str) -> Fix {
        let name = self.key.last_name().map(quoted).unwrap_or_default();
        let ends_in_name = !self.key.is_element();
        let number = match found {
            Actual::Unsigned(number) => Some(number.to_string()),
            Actual::Signed(number) => Some(number.to_string()),
            Actual::Float(number) => Some(format!("{number:?}")),
            _ => None,
        };
        if self.in_file && ends_in_name && !self.hidden() {
            match (found, expected, number) {
                (_, "a duration", Some(number)) if !number.starts_with('-') => {
                    return Fix::Text(format!(
                        "write the unit, for example `{name} = \"{number}s\"`"
                    ));
                }
                (_, "a string", Some(number)) => {
                    return Fix::Text(format!("put it in quotes: `{name} = \"{number}\"`"));
                }
                (Actual::Bool(bool), "a string", _) => {
                    return Fix::Text(format!("put it in quotes: `{name} = \"{bool}\"`"));
                }
                (Actual::Str(text), _, _)
                    if is_number(expected) && text.parse::<i64>().is_ok()
                        || expected == "a boolean" && text.parse::<bool>().is_ok() =>
                {
                    return Fix::Text(format!("write it without quotes: `{name} = {text}`"));
                }
                _ => {}
            }
        }
        match (found, expected) {
            (_, table) if wants_table(table) && ends_in_name => return Fix::Table,
            (Actual::Str(text), "a duration") if text.starts_with('-') => {
                return Fix::Text("a duration has no sign: leave out the `-`".to_owned());
            }
            _ => {}
        }
        match self.example() {
            Fix::None => generic_example(expected),
            example => example,
        }
    }

    /// The built-in default is a value that would do.
    fn example(&self) -> Fix {
        match self.default {
            Some(Value::Empty(..) | Value::Dict(..)) | None => Fix::None,
            Some(Value::String(_, text)) if text.is_empty() => Fix::None,
            Some(Value::Array(_, items)) if items.is_empty() => Fix::None,
            Some(value) => Fix::Example {
                toml: inline(value, self.hidden()),
                text: plain(value, self.hidden()),
            },
        }
    }
}

fn generic_example(expected: &str) -> Fix {
    let (toml, text) = match expected {
        "a duration" => ("\"2s\"", "2s"),
        "a boolean" => ("true", "true"),
        "a sequence" => ("[\"one\", \"two\"]", "one,two"),
        "a string" => ("\"text\"", "text"),
        number if is_number(number) => ("1", "1"),
        _ => return Fix::None,
    };
    Fix::Example {
        toml: toml.to_owned(),
        text: text.to_owned(),
    }
}

fn wants_table(expected: &str) -> bool {
    expected == "a map" || expected.starts_with("struct ")
}

fn is_number(expected: &str) -> bool {
    range(expected).is_some() || matches!(expected, "f32" | "f64")
}

fn range(expected: &str) -> Option<String> {
    let between = |low: String, high: String| Some(format!("a whole number from {low} to {high}"));
    match expected.trim_start_matches("a nonzero ") {
        "u8" => between(lowest(expected), u8::MAX.to_string()),
        "u16" => between(lowest(expected), u16::MAX.to_string()),
        "u32" => between(lowest(expected), u32::MAX.to_string()),
        "u64" | "usize" | "u128" => Some(format!("a whole number, {} or more", lowest(expected))),
        "i8" => between(i8::MIN.to_string(), i8::MAX.to_string()),
        "i16" => between(i16::MIN.to_string(), i16::MAX.to_string()),
        "i32" => between(i32::MIN.to_string(), i32::MAX.to_string()),
        "i64" | "isize" | "i128" => Some("a whole number".to_owned()),
        _ => None,
    }
}

fn lowest(expected: &str) -> String {
    if expected.starts_with("a nonzero ") {
        "1".to_owned()
    } else {
        "0".to_owned()
    }
}

fn expected_in_words(expected: &str) -> String {
    if let Some(range) = range(expected) {
        return range;
    }
    match expected {
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "str" | "a borrowed string" => "text".to_owned(),
        "a character" => "a single character".to_owned(),
        "a duration" => "a duration such as \"250ms\" or \"2s\"".to_owned(),
        "a sequence" => "an array".to_owned(),
        "path string" => "a path".to_owned(),
        _ if wants_table(expected) => "a table".to_owned(),
        _ if expected.starts_with("tuple struct ") || expected.starts_with("a tuple") => {
            "an array".to_owned()
        }
        other => other.to_owned(),
    }
}

fn one_of(variants: &[&str]) -> String {
    format!("one of {}", variants.join(", "))
}
