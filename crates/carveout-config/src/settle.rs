//! Reads a section's tree into its type, noting every mistake instead of stopping at the first.
//!
//! serde stops at the first value that it cannot use. So the reading is repeated: each time the
//! mistake is noted, the default is put back in its place, and the tree is read again, until it can
//! be read or nothing is left to repair.

use std::collections::BTreeMap;

use figment::error::{Error, Kind};
use serde::de::DeserializeOwned;

use crate::explain::Refused;
use crate::fingerprint;
use crate::key::{Key, Step};
use crate::merge::Merged;
use crate::mistake::{Draft, Fix};
use crate::nearest::nearest;
use crate::origin::Origin;
use crate::tree;
use crate::walk::{Noticed, Walk};

/// A section as far as it can be read.
pub(crate) struct Settled<T> {
    /// None where not even the defaults can be read back.
    pub(crate) value: Option<T>,
    pub(crate) drafts: Vec<Draft>,
    /// Differs when another secret was read.
    pub(crate) secrets: u64,
}

/// Beyond this many mistakes the file is not a slip but another kind of file, and reading on costs
/// time.
const MOST: usize = 100;

pub(crate) fn settle<T: DeserializeOwned>(merged: &mut Merged<'_>) -> Settled<T> {
    let mut notes = Notes::default();
    loop {
        let noticed = Noticed::default();
        let read = || T::deserialize(Walk::new(&merged.value, &noticed)).map_err(Box::new);
        let (result, secrets) = fingerprint::of(read);
        match result {
            Ok(value) => {
                for (key, siblings) in noticed.ignored.take() {
                    notes.unknown(merged, &key, siblings);
                }
                return Settled {
                    value: Some(value),
                    drafts: notes.drafts,
                    secrets,
                };
            }
            Err(error) => {
                if !notes.repair(merged, error, &noticed) || notes.drafts.len() >= MOST {
                    return Settled {
                        value: None,
                        drafts: notes.drafts,
                        secrets,
                    };
                }
            }
        }
    }
}

/// The mistakes so far.
#[derive(Default)]
struct Notes {
    drafts: Vec<Draft>,
    /// Keys that were noted, relative to the section, as they were written.
    noted: Vec<Key>,
    /// Array elements that a repair took out, by their first index, so that later ones are still
    /// named right.
    dropped: BTreeMap<Key, Vec<usize>>,
}

impl Notes {
    /// Notes the mistake and takes it out of the tree. Says whether that changed the tree, so that
    /// it ends.
    fn repair(&mut self, merged: &mut Merged<'_>, error: Box<Error>, noticed: &Noticed) -> bool {
        let mut key = Key::locate(&merged.value, &error.path);
        if let Kind::UnknownField(name, valid) = &error.kind {
            // A buffered value (an untagged enum, say) reports the table instead of the key.
            if key.last_name() != Some(name) || tree::get(&merged.value, &key).is_none() {
                key = key.name(name);
            }
            self.unknown(merged, &key, valid);
            return tree::remove(&mut merged.value, &key);
        }
        if let Kind::DuplicateField(name) = &error.kind {
            // An alias beside the default that it stands for is no duplicate.
            let field = key.name(name);
            if merged.is_default(&field) {
                return tree::remove(&mut merged.value, &field);
            }
        }
        if merged.reread(&key) {
            return true;
        }
        let there = merged.existing(&key);
        let written = self.as_written(&key);
        let missing = match &error.kind {
            Kind::MissingField(field) => Some(written.name(field)),
            _ => None,
        };
        // What follows from a mistake that is noted already is no mistake of its own, nor is a
        // default that clashes with what a layer has put beside it.
        let follows = match &missing {
            Some(missing) => self
                .noted
                .iter()
                .any(|noted| noted == missing || is_slip_for(noted, missing)),
            None => self.noted.iter().any(|noted| noted.starts_with(&written)),
        };
        if !follows && (missing.is_some() || !merged.is_default(&there)) {
            let full = merged.full(&written);
            let is_secret = noticed
                .secrets
                .borrow()
                .iter()
                .any(|secret| key.starts_with(secret));
            let origin = merged.origin_around(&there, &written);
            let refused = Refused {
                key: &full,
                kind: &error.kind,
                default: tree::get(&merged.defaults, &key),
                is_secret,
                in_file: matches!(origin, Origin::File { .. }),
            };
            let (problem, fix) = refused.explain();
            let about = missing
                .as_ref()
                .map_or(full.clone(), |missing| merged.full(missing));
            self.drafts
                .push(Draft::new(origin, problem).about(about).with(fix));
            self.noted.push(missing.unwrap_or(written));
        }
        if !merged.repair(&there) {
            return false;
        }
        let gone = self.as_written(&there);
        if let (Some(Step::Index(index)), Some(array)) = (gone.0.last(), gone.parent()) {
            self.dropped.entry(array).or_default().push(*index);
        }
        true
    }

    /// Notes a key that the type does not know, in every place where it was written.
    fn unknown(&mut self, merged: &Merged<'_>, key: &Key, valid: &[&str]) {
        let written = self.as_written(key);
        let full = merged.full(&written);
        let mut valid: Vec<String> = valid.iter().map(|name| (*name).to_owned()).collect();
        if valid.is_empty() {
            let table = key
                .parent()
                .and_then(|parent| tree::get(&merged.defaults, &parent));
            valid = table
                .and_then(|table| table.as_dict())
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone())
                .collect();
        }
        valid.sort();
        if merged.is_default(key) {
            return;
        }
        let mut places = merged.places(&written);
        if places.is_empty() {
            places.push(merged.origin_around(key, &written));
        }
        for origin in places {
            let draft = Draft::new(origin, format!("unknown key `{full}`")).about(full.clone());
            self.drafts.push(draft.with(Fix::Near {
                valid: valid.clone(),
            }));
        }
        self.noted.push(written);
    }

    /// The key with the indices that its array elements had before any was taken out.
    fn as_written(&self, key: &Key) -> Key {
        let mut written = Key::default();
        for step in &key.0 {
            match step {
                Step::Name(name) => written = written.name(name),
                Step::Index(index) => {
                    let mut index = *index;
                    let mut dropped = self.dropped.get(&written).cloned().unwrap_or_default();
                    dropped.sort_unstable();
                    for gone in dropped {
                        if gone <= index {
                            index += 1;
                        }
                    }
                    written = written.index(index);
                }
            }
        }
        written
    }
}

/// Whether an unknown key is what the missing one was meant to be, which one mistake tells better
/// than two.
fn is_slip_for(unknown: &Key, missing: &Key) -> bool {
    let names = unknown.last_name().zip(missing.last_name());
    unknown.parent() == missing.parent()
        && names.is_some_and(|(unknown, missing)| nearest(unknown, [missing]).is_some())
}
