//! One section: its type, its check, and the value that its users hold.

use std::sync::{Arc, Mutex, PoisonError};

use figment::value::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::inputs::Inputs;
use crate::invalid::Invalid;
use crate::key::Key;
use crate::live::Live;
use crate::merge::Merged;
use crate::mistake::{Draft, Fix};
use crate::origin::Origin;
use crate::print;
use crate::secret::REDACTED;
use crate::settle::{Settled, settle};

/// A section whose type is forgotten, so that a reload can go over all of them.
pub(crate) trait Section: Send + Sync {
    fn key(&self) -> &'static str;
    fn defaults(&self) -> &Value;
    fn check(self: Arc<Self>, inputs: &Inputs) -> Checked;
}

/// The outcome of a check. Nothing has changed for the section's users until `swap` runs.
pub(crate) struct Checked {
    pub(crate) drafts: Vec<Draft>,
    pub(crate) printed: String,
    /// Hands the new value out, and says whether it differs from the one before.
    pub(crate) swap: Box<dyn FnOnce() -> bool + Send>,
}

pub(crate) type Validate<T> = fn(&T) -> Result<(), Invalid>;

pub(crate) struct Typed<T> {
    key: &'static str,
    defaults: Value,
    validate: Validate<T>,
    sender: watch::Sender<Arc<T>>,
    /// What the current value was made from: the tree, and a hash of the secrets, whose files the
    /// tree only names.
    made_from: Mutex<Option<(Value, u64)>>,
}

impl<T> Typed<T>
where
    T: Serialize + DeserializeOwned + Default + Send + Sync + 'static,
{
    pub(crate) fn new(key: &'static str, validate: Validate<T>) -> (Arc<Self>, Live<T>) {
        let (sender, live) = Live::channel(T::default());
        let defaults = Value::serialize(T::default()).map(without_secrets);
        let defaults = defaults.unwrap_or_else(|error| {
            panic!("the defaults of [{key}] cannot be written as TOML: {error}")
        });
        (
            Arc::new(Self {
                key,
                defaults,
                validate,
                sender,
                made_from: Mutex::new(None),
            }),
            live,
        )
    }
}

impl<T> Section for Typed<T>
where
    T: Serialize + DeserializeOwned + Default + Send + Sync + 'static,
{
    fn key(&self) -> &'static str {
        self.key
    }

    fn defaults(&self) -> &Value {
        &self.defaults
    }

    fn check(self: Arc<Self>, inputs: &Inputs) -> Checked {
        let mut merged = Merged::new(self.key, &self.defaults, inputs);
        let Settled {
            value,
            mut drafts,
            secrets,
        } = settle::<T>(&mut merged);
        let value = value.unwrap_or_default();
        if drafts.is_empty()
            && let Err(invalid) = (self.validate)(&value)
        {
            drafts.extend(findings(&merged, invalid));
        }
        let rejected: Vec<(Key, Origin)> = drafts
            .iter()
            .filter_map(|draft| Some((draft.key.clone()?, draft.origin.clone())))
            .collect();
        let printed = match Value::serialize(&value) {
            Ok(value) => print::section(self.key, &value, &|key| merged.origin(key), &rejected),
            Err(error) => format!("[{}]\n# cannot be shown: {error}\n", self.key),
        };
        let made_from = Some((merged.value, secrets));
        let swap = Box::new(move || {
            let mut current = self
                .made_from
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if *current == made_from {
                return false;
            }
            *current = made_from;
            self.sender.send_replace(Arc::new(value));
            true
        });
        Checked {
            drafts,
            printed,
            swap,
        }
    }
}

/// A secret serialises as a mark, which must not come back as the secret itself.
fn without_secrets(value: Value) -> Value {
    match value {
        Value::Dict(tag, dict) => {
            let open = dict
                .into_iter()
                .filter(|(_, value)| value.as_str() != Some(REDACTED));
            Value::Dict(
                tag,
                open.map(|(name, value)| (name, without_secrets(value)))
                    .collect(),
            )
        }
        other => other,
    }
}

fn findings(merged: &Merged<'_>, invalid: Invalid) -> Vec<Draft> {
    let draft = |finding: crate::invalid::Finding| {
        let key = merged.full(&finding.key);
        let draft = Draft::new(
            merged.origin(&finding.key),
            format!("`{key}` {}", finding.message),
        )
        .about(key);
        draft.with(finding.fix.map_or(Fix::None, Fix::Text))
    };
    invalid.findings.into_iter().map(draft).collect()
}
