//! The documented schema against what is printed, both ways: nothing printed is undocumented, and
//! nothing documented is never printed.

use std::collections::BTreeSet;

use carveout_extract::output::json;
use carveout_extract::report::Report;
use serde_json::Value;

use super::sample;

const SCHEMA: &str = include_str!("../../../../../docs/boundary/report.schema.json");

/// As much of JSON Schema as ours uses.
struct Schema {
    root: Value,
    /// The paths in it of what something matched.
    met: BTreeSet<String>,
}

impl Schema {
    fn check(&mut self, schema: &Value, path: &str, value: &Value) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("{path}: {what}, and not {value}"));
        if let Some(reference) = schema.get("$ref") {
            let name = reference.as_str().unwrap().trim_start_matches('#');
            let schema = self.root.pointer(name).unwrap().clone();
            self.met.insert(path.to_owned());
            return self.check(&schema, name, value);
        }
        for any in ["oneOf", "anyOf"] {
            let Some(all) = schema.get(any) else { continue };
            let all = all.as_array().unwrap().clone();
            let each = (0..)
                .zip(&all)
                .map(|(i, s)| self.check(s, &format!("{path}/{any}/{i}"), value));
            let errors: Vec<_> = each.filter_map(Result::err).collect();
            if errors.len() + 1 != all.len() {
                return Err(format!("{path}: one must hold: {errors:#?}"));
            }
            self.met.insert(path.to_owned());
            return Ok(());
        }
        if schema.get("const").is_some_and(|only| only != value) {
            return wrong(&schema["const"].to_string());
        }
        if let Some(Value::Array(all)) = schema.get("enum")
            && !all.contains(value)
        {
            return wrong("one of the enum");
        }
        if let Some(types) = schema.get("type") {
            let types = types
                .as_array()
                .cloned()
                .unwrap_or_else(|| vec![types.clone()]);
            if !types.iter().any(|name| is(value, name.as_str().unwrap())) {
                return wrong(&format!("{types:?}"));
            }
        }
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| {
                self.check(&schema["items"], &format!("{path}/items"), item)
            })?,
            Value::Object(object) => {
                for required in schema["required"].as_array().unwrap() {
                    if !object.contains_key(required.as_str().unwrap()) {
                        return wrong(&format!("something with {required}"));
                    }
                }
                object.iter().try_for_each(|(key, value)| {
                    let property = schema["properties"].get(key);
                    let property =
                        property.ok_or_else(|| format!("{path}: {key} is not documented"))?;
                    self.check(property, &format!("{path}/properties/{key}"), value)
                })?;
            }
            _ => {}
        }
        self.met.insert(path.to_owned());
        Ok(())
    }
}

fn is(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("the schema has a type {name}"),
    }
}

/// The paths of all properties and alternatives in a schema.
fn documented(schema: &Value, path: &str, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                let path = format!("{path}/{key}");
                if path.ends_with(&format!("/properties/{key}")) {
                    into.insert(path.clone());
                }
                documented(value, &path, into);
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                if path.ends_with("/oneOf") {
                    into.insert(format!("{path}/{i}"));
                }
                documented(value, &format!("{path}/{i}"), into);
            }
        }
        _ => {}
    }
}

fn checked(report: &Report, schema: &mut Schema) {
    let printed: Value = serde_json::from_str(&json::report(report)).unwrap();
    let root = schema.root.clone();
    if let Err(error) = schema.check(&root, "", &printed) {
        panic!("{error}");
    }
}

#[test]
fn what_is_printed_is_documented_and_the_other_way_round() {
    let mut schema = Schema {
        root: serde_json::from_str(SCHEMA).unwrap(),
        met: BTreeSet::new(),
    };
    for report in [sample::sample(), sample::hostile(), sample::big()] {
        checked(&report, &mut schema);
    }
    let mut all = BTreeSet::new();
    documented(&schema.root, "", &mut all);
    let never: Vec<_> = all.difference(&schema.met).collect();
    assert!(never.is_empty(), "no sample has {never:#?}");
    assert!(all.len() > 100, "{}", all.len());
}
