//! One section's layers, merged by figment, with what is needed to explain and to repair the
//! result.

use figment::value::{Tag, Value};
use figment::{Figment, Metadata};

use crate::assignment::Assignment;
use crate::coerce::candidates;
use crate::inputs::Inputs;
use crate::key::{Key, Step};
use crate::layer::Layer;
use crate::origin::Origin;
use crate::tree;

/// One section's layers, merged.
pub(crate) struct Merged<'i> {
    /// The section's value. Keys inside it are relative to `section`.
    pub(crate) value: Value,
    /// The built-in defaults, tagged as such.
    pub(crate) defaults: Value,
    section: &'static str,
    figment: Figment,
    files: &'i [Layer],
    overrides: Vec<Layer>,
    alternatives: Vec<Alternative>,
}

/// Other readings of a text whose type was not clear.
struct Alternative {
    key: Key,
    rest: Vec<Value>,
}

const DEFAULTS: &str = "default";

impl<'i> Merged<'i> {
    pub(crate) fn new(section: &'static str, defaults: &Value, inputs: &'i Inputs) -> Self {
        let mut base = Layer::new(DEFAULTS, Origin::Default);
        base.values.insert(section.to_owned(), defaults.clone());
        let figment = Figment::from(base.section(section));
        let defaults = figment
            .find_value(section)
            .unwrap_or_else(|_| defaults.clone());
        let figment = inputs.files.iter().fold(figment, |figment, layer| {
            figment.merge(layer.section(section))
        });
        let mut merged = Self {
            value: defaults.clone(),
            defaults,
            section,
            figment,
            files: &inputs.files,
            overrides: Vec::new(),
            alternatives: Vec::new(),
        };
        merged.refresh();
        merged.override_with("environment", &inputs.environment.assignments, fold);
        merged.override_with("--set", &inputs.sets, str::to_owned);
        merged
    }

    fn refresh(&mut self) {
        if let Ok(value) = self.figment.find_value(self.section) {
            self.value = value;
        }
    }

    fn override_with(&mut self, name: &str, assignments: &[Assignment], fold: fn(&str) -> String) {
        let mut layer = Layer::new(name, Origin::Default);
        for assignment in assignments {
            let Some((first, rest)) = assignment.names.split_first() else {
                continue;
            };
            if fold(first) != fold(self.section) {
                continue;
            }
            let inner = self.spell(rest, fold);
            let mut readings = candidates(&assignment.text, tree::get(&self.defaults, &inner));
            let chosen = readings.remove(0);
            self.alternatives
                .retain(|other| !other.key.starts_with(&inner));
            self.alternatives.push(Alternative {
                key: inner.clone(),
                rest: readings,
            });
            let full = self.full(&inner);
            if let Some(names) = full.all_names() {
                tree::insert(&mut layer.values, &names, chosen);
            }
            layer.places.insert(full, assignment.origin.clone());
        }
        if !layer.values.is_empty() {
            self.figment = std::mem::take(&mut self.figment).merge(layer.section(self.section));
            self.overrides.push(layer);
            self.refresh();
        }
    }

    /// The key as the defaults and the files spell it: the environment knows neither case nor
    /// hyphens.
    fn spell(&self, names: &[String], fold: fn(&str) -> String) -> Key {
        let mut here = Some(&self.value);
        let mut key = Key::default();
        for name in names {
            let dict = here.and_then(Value::as_dict);
            let known = dict.and_then(|dict| dict.keys().find(|known| fold(known) == fold(name)));
            let name = known.unwrap_or(name);
            here = dict.and_then(|dict| dict.get(name));
            key = key.name(name);
        }
        key
    }

    /// The key from the root of the configuration.
    pub(crate) fn full(&self, inner: &Key) -> Key {
        let mut steps = vec![Step::Name(self.section.to_owned())];
        steps.extend(inner.0.iter().cloned());
        Key(steps)
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.files.iter().chain(&self.overrides)
    }

    fn by_tag(&self, tag: Tag) -> Option<&Layer> {
        let metadata: &Metadata = self.figment.get_metadata(tag)?;
        self.layers().find(|layer| metadata.name == layer.name)
    }

    /// Where the value at the key was written; a value that no layer mentions is a default.
    pub(crate) fn origin(&self, inner: &Key) -> Origin {
        let layer = tree::get(&self.value, inner).and_then(|value| self.by_tag(value.tag()));
        layer.map_or(Origin::Default, |layer| layer.origin(&self.full(inner)))
    }

    /// Where the value that now is at `there` was written, by the key that it had then; failing
    /// that, where the innermost value around it was.
    pub(crate) fn origin_around(&self, there: &Key, written: &Key) -> Origin {
        let value = tree::get(&self.value, &self.existing(there));
        let layer = value.and_then(|value| self.by_tag(value.tag()));
        layer.map_or(Origin::Default, |layer| layer.origin(&self.full(written)))
    }

    /// The key, or the innermost one around it that has a value. A path can end below anything that
    /// is in the tree, as in a map whose key has the wrong type.
    pub(crate) fn existing(&self, inner: &Key) -> Key {
        let mut inner = inner.clone();
        while tree::get(&self.value, &inner).is_none() {
            let Some(parent) = inner.parent() else { break };
            inner = parent;
        }
        inner
    }

    /// Every place in which the key was written, also where a higher layer hides it. None for a
    /// default.
    pub(crate) fn places(&self, inner: &Key) -> Vec<Origin> {
        let full = self.full(inner);
        self.layers()
            .filter_map(|layer| layer.place(&full))
            .collect()
    }

    /// Reads a text differently, where there is another way to read it. Says whether there was.
    pub(crate) fn reread(&mut self, inner: &Key) -> bool {
        let applies =
            |other: &&mut Alternative| inner.starts_with(&other.key) && !other.rest.is_empty();
        let Some(other) = self.alternatives.iter_mut().find(applies) else {
            return false;
        };
        let Some(tag) = tree::get(&self.value, &other.key).map(Value::tag) else {
            return false;
        };
        let value = tree::retag(other.rest.remove(0), tag);
        tree::replace(&mut self.value, &other.key, value)
    }

    /// Whether the value at the key is a built-in default that no layer touched.
    pub(crate) fn is_default(&self, inner: &Key) -> bool {
        let tag = self.defaults.tag();
        tree::get(&self.value, inner).is_some_and(|value| value.tag() == tag)
    }

    /// Puts the default back where a value cannot be used, or nothing where there is no default or
    /// it is of no use either. An element of an array has no default of its own. Says whether that
    /// changed anything.
    pub(crate) fn repair(&mut self, inner: &Key) -> bool {
        if !self.is_default(inner)
            && !inner.is_element()
            && let Some(default) = tree::get(&self.defaults, inner)
        {
            return tree::replace(&mut self.value, inner, default.clone());
        }
        tree::remove(&mut self.value, inner)
    }
}

/// A name as the environment would write it.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}
