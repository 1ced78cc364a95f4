//! What every section's defaults say together: which keys there are, and so what a wrong one was
//! meant to be.

use figment::value::Value;

use crate::inputs::Inputs;
use crate::key::{Key, Step, quoted};
use crate::merge::fold;
use crate::mistake::{Draft, Fix};
use crate::nearest::nearest;
use crate::origin::Origin;
use crate::tree;

/// The sections with their defaults.
pub(crate) struct Known<'k> {
    pub(crate) prefix: &'k str,
    pub(crate) sections: Vec<(&'static str, &'k Value)>,
}

impl Known<'_> {
    fn leaves(&self) -> Vec<Key> {
        let mut found = Vec::new();
        for (section, defaults) in &self.sections {
            tree::leaves(defaults, &Key::section(section), &mut found);
        }
        found
    }

    fn section(&self, name: &str) -> Option<&Value> {
        let found = self
            .sections
            .iter()
            .find(|(section, _)| fold(section) == fold(name));
        found.map(|(_, defaults)| *defaults)
    }

    fn section_names(&self) -> Vec<String> {
        self.sections
            .iter()
            .map(|(section, _)| (*section).to_owned())
            .collect()
    }

    /// The key as it is written in the environment, where it can be.
    fn variable(&self, key: &Key) -> Option<String> {
        let names = key.all_names()?;
        let parts: Vec<String> = names.iter().map(|name| fold(name).to_uppercase()).collect();
        Some(format!("{}__{}", self.prefix, parts.join("__")))
    }

    /// The key as it is written where the mistake is.
    fn spelt(&self, key: &Key, origin: &Origin) -> String {
        let variable = matches!(origin, Origin::Env(_))
            .then(|| self.variable(key))
            .flatten();
        variable.unwrap_or_else(|| key.to_string())
    }

    /// The key that a variable's name has in mind when only its underscores are wrong.
    fn by_letters(&self, variable: &str) -> Option<Key> {
        let letters = |name: &str| fold(name).replace('_', "");
        let wanted = letters(variable);
        self.leaves().into_iter().find(|key| {
            self.variable(key)
                .is_some_and(|name| letters(&name) == wanted)
        })
    }

    /// Mistakes that only show against all sections: sections that nobody reads, and variables that
    /// no section gets because of a wrong number of underscores.
    pub(crate) fn strangers(&self, inputs: &Inputs) -> Vec<Draft> {
        let mut drafts = Vec::new();
        for layer in &inputs.files {
            let strange = layer
                .values
                .iter()
                .filter(|(name, _)| !self.sections.iter().any(|(known, _)| known == name));
            for (name, value) in strange {
                let key = Key::section(name);
                let what = match value {
                    Value::Dict(..) => format!("unknown section `{key}`"),
                    _ => format!("`{key}` is outside of every section"),
                };
                drafts.push(self.stranger(Draft::new(layer.origin(&key), what), key));
            }
        }
        for assignment in inputs.environment.assignments.iter().chain(&inputs.sets) {
            let Some(first) = assignment.names.first() else {
                continue;
            };
            let exact = matches!(assignment.origin, Origin::Set(_));
            let is_known = |known: &&str| {
                if exact {
                    known == first
                } else {
                    fold(known) == *first
                }
            };
            if self.sections.iter().any(|(known, _)| is_known(known)) {
                continue;
            }
            let what = format!("unknown section `{}`", Key::section(first));
            let key = Key::names(assignment.names.iter().map(String::as_str));
            drafts.push(self.stranger(Draft::new(assignment.origin.clone(), what), key));
        }
        drafts.extend(
            inputs
                .environment
                .others
                .iter()
                .filter_map(|name| self.near_miss(name)),
        );
        drafts
    }

    fn stranger(&self, draft: Draft, key: Key) -> Draft {
        draft.about(key).with(Fix::Near {
            valid: self.section_names(),
        })
    }

    /// `ORDERS_GRPC__PORT` or `ORDERS_GRPC_PORT` instead of `ORDERS__GRPC__PORT`. Other names that
    /// begin like the service are none of its business, least of all those that Kubernetes makes
    /// for a Service of the same name.
    fn near_miss(&self, name: &str) -> Option<Draft> {
        let rest = name.get(self.prefix.len() + 1..)?.to_lowercase();
        let made_by_kubernetes = ["service_host", "service_port"].contains(&rest.as_str());
        let key = match rest.split_once("__") {
            Some((section, inner)) if self.section(section).is_some() => {
                Key::names(std::iter::once(section).chain(inner.split("__")))
            }
            _ if !made_by_kubernetes => self.by_letters(name)?,
            _ => return None,
        };
        let problem =
            format!("{name} is not read: the parts of a name are separated by two underscores");
        let key = self.by_letters(name).unwrap_or(key);
        let meant = self.variable(&key)?;
        Some(
            Draft::new(Origin::Env(name.to_owned()), problem)
                .about(key)
                .fix(format!("did you mean `{meant}`?")),
        )
    }

    /// What to do about a mistake, spelt as it is where the mistake is.
    pub(crate) fn fix(&self, draft: &Draft) -> Option<String> {
        let origin = &draft.origin;
        let key = draft.key.as_ref();
        match &draft.fix {
            Fix::None => None,
            Fix::Text(text) => Some(text.clone()),
            Fix::Near { valid } => Some(self.near(key?, valid, origin)),
            Fix::Table => Some(match origin {
                Origin::Env(_) => format!(
                    "set its keys one by one, as in `{}__KEY=VALUE`",
                    self.spelt(key?, origin)
                ),
                Origin::Set(_) => {
                    format!("set its keys one by one, as in `--set {}.KEY=VALUE`", key?)
                }
                _ => format!("put its keys below a line with [{}]", key?),
            }),
            Fix::Example { toml, text } => Some(match (origin, key?) {
                (_, key) if key.0.iter().any(|step| matches!(step, Step::Index(_))) => {
                    format!("for example `{toml}` in its place")
                }
                (Origin::Env(_), key) => {
                    format!("for example `{}={text}`", self.spelt(key, origin))
                }
                (Origin::Set(_), key) => format!("for example `--set {key}={text}`"),
                (_, key) => format!(
                    "for example `{} = {toml}`",
                    key.last_name().map(quoted).unwrap_or_default()
                ),
            }),
        }
    }

    fn near(&self, key: &Key, valid: &[String], origin: &Origin) -> String {
        let in_section = self.section(key.first_name().unwrap_or_default()).is_some();
        let (place, parent) = match key.parent() {
            Some(parent) if in_section => (format!("keys in [{parent}]"), parent),
            _ => ("sections".to_owned(), Key::default()),
        };
        let list = if valid.is_empty() {
            "none".to_owned()
        } else {
            valid.join(", ")
        };
        let meant = self.meant(key, valid, in_section, &parent, origin);
        match meant {
            Some(meant) => format!(
                "did you mean `{}`? (valid {place}: {list})",
                self.spelt(&meant, origin)
            ),
            None => format!("remove it, or use one of the valid {place}: {list}"),
        }
    }

    fn meant(
        &self,
        key: &Key,
        valid: &[String],
        in_section: bool,
        parent: &Key,
        origin: &Origin,
    ) -> Option<Key> {
        if let Origin::Env(name) = origin
            && let Some(key) = self.by_letters(name)
        {
            return Some(key);
        }
        let candidates = valid.iter().map(String::as_str);
        if !in_section {
            if let Some(section) = nearest(key.first_name()?, candidates) {
                let mut steps = Key::section(section).0;
                steps.extend(key.0.iter().skip(1).cloned());
                return Some(Key(steps));
            }
        } else if let Some(name) = nearest(key.last_name()?, candidates) {
            return Some(parent.name(name));
        }
        // The right key in the wrong section, when there is one place only that it can belong to.
        let mut elsewhere = self
            .leaves()
            .into_iter()
            .filter(|leaf| leaf.last_name() == key.last_name());
        let found = elsewhere.next()?;
        elsewhere.next().is_none().then_some(found)
    }
}
