//! Getting at, replacing and removing one value inside figment's tree.

use figment::value::{Dict, Tag, Value};

use crate::key::{Key, Step};

pub(crate) fn get<'v>(root: &'v Value, key: &Key) -> Option<&'v Value> {
    key.0.iter().try_fold(root, |here, step| match step {
        Step::Name(name) => here.as_dict()?.get(name),
        Step::Index(index) => here.as_array()?.get(*index),
    })
}

fn get_mut<'v>(root: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps
        .iter()
        .try_fold(root, |here, step| match (step, here) {
            (Step::Name(name), Value::Dict(_, dict)) => dict.get_mut(name),
            (Step::Index(index), Value::Array(_, items)) => items.get_mut(*index),
            _ => None,
        })
}

/// Puts a value where there is one already. Says whether there was.
pub(crate) fn replace(root: &mut Value, key: &Key, value: Value) -> bool {
    match get_mut(root, &key.0) {
        Some(here) => {
            *here = value;
            true
        }
        None => false,
    }
}

/// Removes a value. Says whether there was one; the root cannot be removed.
pub(crate) fn remove(root: &mut Value, key: &Key) -> bool {
    let Some((last, parents)) = key.0.split_last() else {
        return false;
    };
    match (last, get_mut(root, parents)) {
        (Step::Name(name), Some(Value::Dict(_, dict))) => dict.remove(name).is_some(),
        (Step::Index(index), Some(Value::Array(_, items))) if *index < items.len() => {
            items.remove(*index);
            true
        }
        _ => false,
    }
}

/// Puts a value at a path of names, making the tables on the way.
pub(crate) fn insert(dict: &mut Dict, names: &[&str], value: Value) {
    let Some((first, rest)) = names.split_first() else {
        return;
    };
    if rest.is_empty() {
        dict.insert((*first).to_owned(), value);
        return;
    }
    let inner = dict
        .entry((*first).to_owned())
        .or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = inner {
        insert(inner, rest, value);
    }
}

/// The value as if it had come from the layer with this tag.
pub(crate) fn retag(value: Value, tag: Tag) -> Value {
    match value {
        Value::String(_, v) => Value::String(tag, v),
        Value::Char(_, v) => Value::Char(tag, v),
        Value::Bool(_, v) => Value::Bool(tag, v),
        Value::Num(_, v) => Value::Num(tag, v),
        Value::Empty(_, v) => Value::Empty(tag, v),
        Value::Dict(_, v) => Value::Dict(
            tag,
            v.into_iter().map(|(k, v)| (k, retag(v, tag))).collect(),
        ),
        Value::Array(_, v) => Value::Array(tag, v.into_iter().map(|v| retag(v, tag)).collect()),
    }
}

/// The keys of all values that are not tables themselves, each below `at`.
pub(crate) fn leaves(value: &Value, at: &Key, found: &mut Vec<Key>) {
    match value.as_dict() {
        Some(dict) => dict
            .iter()
            .for_each(|(name, value)| leaves(value, &at.name(name), found)),
        None => found.push(at.clone()),
    }
}
