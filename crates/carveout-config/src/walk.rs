//! A deserialiser over figment's tree that knows where it is.
//!
//! Figment's own reports a failing key, and nothing else. This one also notes keys that the target
//! type ignored (so that an unknown key is a mistake even where `deny_unknown_fields` was
//! forgotten) and keys that hold secrets, and it chooses between the variants of an enum that
//! several layers have set.

#![expect(
    clippy::result_large_err,
    reason = "the error is figment's, and serde fixes its type"
)]

use std::cell::RefCell;

use figment::error::{Actual, Error, Kind};
use figment::value::Value;
use serde::de::value::MapAccessDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::key::Key;
use crate::secret::{self, FIX};

type Fields = &'static [&'static str];

/// What was noticed on the way, with keys relative to where the walk began.
#[derive(Default)]
pub(crate) struct Noticed {
    /// Keys that the type has no use for, each with the names that it does know there, where it
    /// said so.
    pub(crate) ignored: RefCell<Vec<(Key, Fields)>>,
    /// Keys that hold secrets.
    pub(crate) secrets: RefCell<Vec<Key>>,
}

/// A value, where it is, and what is known beside it.
pub(crate) struct Walk<'v, 'n> {
    value: &'v Value,
    key: Key,
    siblings: Fields,
    noticed: &'n Noticed,
}

impl<'v, 'n> Walk<'v, 'n> {
    pub(crate) fn new(value: &'v Value, noticed: &'n Noticed) -> Self {
        Self {
            value,
            key: Key::default(),
            siblings: &[],
            noticed,
        }
    }

    fn entries(
        self,
        fields: Fields,
    ) -> Entries<'v, 'n, impl Iterator<Item = (&'v String, &'v Value)>> {
        let entries = self.value.as_dict().into_iter().flatten();
        Entries {
            entries,
            current: None,
            key: self.key,
            fields,
            noticed: self.noticed,
        }
    }

    fn any<'de, V: Visitor<'de>>(self, fields: Fields, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::String(_, text) => visitor.visit_str(text),
            Value::Char(_, char) => visitor.visit_char(*char),
            Value::Bool(_, bool) => visitor.visit_bool(*bool),
            Value::Num(_, number) => number.deserialize_any(visitor),
            Value::Empty(_, empty) => empty.deserialize_any(visitor),
            Value::Dict(..) => visitor.visit_map(self.entries(fields)),
            Value::Array(_, array) => {
                let mut items = Items {
                    items: array.iter().enumerate(),
                    key: self.key,
                    noticed: self.noticed,
                };
                let result = visitor.visit_seq(&mut items)?;
                // A tuple stops reading when it is full; what is left over must not vanish in
                // silence.
                match items.items.len() {
                    0 => Ok(result),
                    left => {
                        let expected = format!("an array of length {}", array.len() - left);
                        Err(Kind::InvalidLength(array.len(), expected).into())
                    }
                }
            }
        }
    }
}

impl<'de> Deserializer<'de> for Walk<'_, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.any(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: Fields,
        visitor: V,
    ) -> Result<V::Value, Error> {
        // serde would take the elements for the fields, in the order of the source code.
        if matches!(self.value, Value::Array(..)) {
            return Err(Kind::InvalidType(Actual::Seq, format!("struct {name}")).into());
        }
        self.any(fields, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Empty(_, empty) => empty.deserialize_any(visitor),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == secret::NAME {
            self.noticed.secrets.borrow_mut().push(self.key.clone());
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: Fields,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let one_of = || format!("one of {}", variants.join(", "));
        match self.value {
            Value::String(_, variant) => visitor.visit_enum(variant.as_str().into_deserializer()),
            Value::Dict(_, dict) => {
                // Layers merge by key, so a variant from a lower layer is still there beside the
                // one that overrides it. Tags rise with precedence.
                let Some(highest) = dict.values().map(Value::tag).max() else {
                    return Err(Kind::InvalidLength(0, one_of()).into());
                };
                let mut chosen = dict.iter().filter(|(_, value)| value.tag() == highest);
                let entry = chosen.next();
                if chosen.next().is_some() {
                    let problem =
                        format!("must be only {}{FIX}keep the one that you mean", one_of());
                    return Err(Kind::Message(problem).into());
                }
                visitor.visit_enum(MapAccessDeserializer::new(Entries {
                    entries: entry.into_iter(),
                    current: None,
                    key: self.key,
                    fields: &[],
                    noticed: self.noticed,
                }))
            }
            other => Err(Kind::InvalidType(other.to_actual(), one_of()).into()),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.noticed
            .ignored
            .borrow_mut()
            .push((self.key, self.siblings));
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier
    }
}

struct Entries<'v, 'n, I> {
    entries: I,
    current: Option<(&'v String, &'v Value)>,
    key: Key,
    fields: Fields,
    noticed: &'n Noticed,
}

impl<'de, 'v, I: Iterator<Item = (&'v String, &'v Value)>> MapAccess<'de> for Entries<'v, '_, I> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.current = self.entries.next();
        let Some((name, _)) = self.current else {
            return Ok(None);
        };
        let key = seed.deserialize(name.as_str().into_deserializer());
        key.map(Some).map_err(|error| below(name, error))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((name, value)) = self.current.take() else {
            return Err("a value was asked for before its key".to_owned().into());
        };
        let walk = Walk {
            value,
            key: self.key.name(name),
            siblings: self.fields,
            noticed: self.noticed,
        };
        seed.deserialize(walk).map_err(|error| below(name, error))
    }
}

struct Items<'v, 'n> {
    items: std::iter::Enumerate<std::slice::Iter<'v, Value>>,
    key: Key,
    noticed: &'n Noticed,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some((index, value)) = self.items.next() else {
            return Ok(None);
        };
        let walk = Walk {
            value,
            key: self.key.index(index),
            siblings: &[],
            noticed: self.noticed,
        };
        seed.deserialize(walk)
            .map(Some)
            .map_err(|error| below(&index.to_string(), error))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The error, with its path starting one step further out.
fn below(step: &str, mut error: Error) -> Error {
    error.path.insert(0, step.to_owned());
    error
}
