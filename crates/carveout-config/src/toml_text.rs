//! TOML to figment's tree, keeping the line of every key and array element.

use std::collections::BTreeMap;

use figment::value::{Dict, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::key::Key;

/// What a document holds, and what is wrong with it. Lines count from one.
pub(crate) struct Document {
    pub(crate) values: Dict,
    pub(crate) lines: BTreeMap<Key, usize>,
    pub(crate) errors: Vec<SyntaxError>,
}

pub(crate) struct SyntaxError {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) message: String,
    /// The name that is given twice, when that is what is wrong.
    pub(crate) duplicate: Option<String>,
}

/// Reads a document as far as it can be read.
pub(crate) fn parse(text: &str) -> Document {
    // Editors on Windows put a byte order mark first; TOML says to ignore it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        text,
        lines: BTreeMap::new(),
    };
    let values = reader.table(table.get_ref(), &Key::default());
    let errors = errors
        .iter()
        .map(|error| reader.syntax_error(error))
        .collect();
    Document {
        values,
        lines: reader.lines,
        errors,
    }
}

/// Reads one value, as an environment variable or `--set` holds it.
pub(crate) fn parse_value(text: &str) -> Option<Value> {
    let value = DeValue::parse(text.trim()).ok()?;
    let mut reader = Reader {
        text,
        lines: BTreeMap::new(),
    };
    Some(reader.value(value.get_ref(), &Key::default()))
}

struct Reader<'t> {
    text: &'t str,
    lines: BTreeMap<Key, usize>,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(self.text);
        1 + before.bytes().filter(|byte| *byte == b'\n').count()
    }

    fn table(&mut self, table: &DeTable<'_>, at: &Key) -> Dict {
        let mut dict = Dict::new();
        for (name, value) in table {
            let key = at.name(name.get_ref());
            self.lines.insert(key.clone(), self.line(name.span().start));
            let value = self.value(value.get_ref(), &key);
            dict.insert(name.get_ref().to_string(), value);
        }
        dict
    }

    fn value(&mut self, value: &DeValue<'_>, at: &Key) -> Value {
        match value {
            DeValue::String(text) => Value::from(text.to_string()),
            DeValue::Integer(integer) => whole_number(integer),
            DeValue::Float(float) => Value::from(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(bool) => Value::from(*bool),
            // No section has use for TOML's dates as anything but text.
            DeValue::Datetime(datetime) => Value::from(datetime.to_string()),
            DeValue::Array(array) => {
                let items = array.iter().enumerate();
                let items = items.map(|(index, item)| self.element(item, &at.index(index)));
                Value::from(items.collect::<Vec<_>>())
            }
            DeValue::Table(table) => Value::from(self.table(table, at)),
        }
    }

    fn element(&mut self, item: &Spanned<DeValue<'_>>, at: &Key) -> Value {
        self.lines.insert(at.clone(), self.line(item.span().start));
        self.value(item.get_ref(), at)
    }

    /// Only the message: the parser's own report quotes the line, which may hold a secret.
    fn syntax_error(&self, error: &toml::de::Error) -> SyntaxError {
        let offset = error.span().map_or(self.text.len(), |span| span.start);
        let before = self.text.get(..offset).unwrap_or(self.text);
        let column = 1 + before
            .chars()
            .rev()
            .take_while(|char| *char != '\n')
            .count();
        let message = error.message().to_owned();
        let name = error
            .span()
            .and_then(|span| self.text.get(span))
            .map(str::to_owned);
        let duplicate = name.filter(|_| message == "duplicate key");
        SyntaxError {
            line: self.line(offset),
            column,
            message,
            duplicate,
        }
    }
}

fn whole_number(integer: &DeInteger<'_>) -> Value {
    let (digits, radix) = (integer.as_str(), integer.radix());
    if let Ok(number) = i64::from_str_radix(digits, radix) {
        return Value::from(number);
    }
    match i128::from_str_radix(digits, radix) {
        Ok(number) => u64::try_from(number).map_or_else(|_| Value::from(number), Value::from),
        // Out of every type's range: the type's own message then quotes it as text.
        Err(_) => Value::from(digits.to_owned()),
    }
}
