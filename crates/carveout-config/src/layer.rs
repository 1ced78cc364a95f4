//! One source's values, with the place where each was written.

use std::collections::BTreeMap;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use crate::key::Key;
use crate::origin::Origin;

/// One source's values, with the place where each was written.
pub(crate) struct Layer {
    /// Identifies the layer to figment, and so is unique among the layers of one configuration.
    pub(crate) name: String,
    pub(crate) values: Dict,
    pub(crate) places: BTreeMap<Key, Origin>,
    /// Where a value is said to be that has no place of its own.
    pub(crate) whole: Origin,
    /// The line, if any, from which on the file could not be read properly.
    pub(crate) broken_from: Option<usize>,
}

impl Layer {
    pub(crate) fn new(name: impl Into<String>, whole: Origin) -> Self {
        Self {
            name: name.into(),
            values: Dict::new(),
            places: BTreeMap::new(),
            whole,
            broken_from: None,
        }
    }

    /// Where the value was written. A table that is only there because of a key in it, as in the
    /// environment, is where that key is.
    pub(crate) fn place(&self, key: &Key) -> Option<Origin> {
        let inside = self.places.range(key.clone()..).next();
        inside
            .filter(|(found, _)| found.starts_with(key))
            .map(|(_, origin)| origin.clone())
    }

    /// Where the value was written, or failing that the innermost table or array around it.
    pub(crate) fn origin(&self, key: &Key) -> Origin {
        let mut key = Some(key.clone());
        while let Some(here) = key {
            if let Some(origin) = self.place(&here) {
                return origin;
            }
            key = here.parent();
        }
        self.whole.clone()
    }

    /// The part of the layer that is about one section, as figment wants it.
    pub(crate) fn section<'l>(&'l self, section: &'l str) -> impl Provider + 'l {
        Section {
            layer: self,
            section,
        }
    }
}

struct Section<'l> {
    layer: &'l Layer,
    section: &'l str,
}

impl Provider for Section<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.layer.name.clone())
    }

    fn data(&self) -> figment::error::Result<Map<Profile, Dict>> {
        let value: Option<&Value> = self.layer.values.get(self.section);
        let dict = value
            .map(|value| (self.section.to_owned(), value.clone()))
            .into_iter()
            .collect();
        Ok(Profile::Default.collect(dict))
    }
}
