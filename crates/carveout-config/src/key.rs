//! Where a value sits in the configuration: `grpc.port`, `service.routes[2].host`.

use std::fmt;

use figment::value::Value;

/// One step from a table or an array to a value inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Name(String),
    Index(usize),
}

/// A path of steps from the root of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(pub(crate) Vec<Step>);

impl Key {
    pub(crate) fn section(name: &str) -> Self {
        Self(vec![Step::Name(name.to_owned())])
    }

    pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(
            names
                .into_iter()
                .map(|name| Step::Name(name.to_owned()))
                .collect(),
        )
    }

    pub(crate) fn name(&self, name: &str) -> Self {
        self.step(Step::Name(name.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.step(Step::Index(index))
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The key of the table or array that this one is in.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, rest) = self.0.split_last()?;
        Some(Self(rest.to_vec()))
    }

    /// Whether it ends in an array's index.
    pub(crate) fn is_element(&self) -> bool {
        matches!(self.0.last(), Some(Step::Index(_)))
    }

    pub(crate) fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The name of the section, when there is one.
    pub(crate) fn first_name(&self) -> Option<&str> {
        match self.0.first() {
            Some(Step::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// The last name, which is what a reader calls the key.
    pub(crate) fn last_name(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::Index(_) => None,
        })
    }

    /// The names of the key when no step is an index.
    pub(crate) fn all_names(&self) -> Option<Vec<&str>> {
        self.0
            .iter()
            .map(|step| match step {
                Step::Name(name) => Some(name.as_str()),
                Step::Index(_) => None,
            })
            .collect()
    }

    /// Reads an error's path, in which an index is text, against the value that it was found in.
    pub(crate) fn locate(root: &Value, path: &[String]) -> Self {
        let mut key = Self::default();
        let mut here = Some(root);
        for part in path {
            match (here, part.parse::<usize>()) {
                (Some(Value::Array(_, items)), Ok(index)) => {
                    key = key.index(index);
                    here = items.get(index);
                }
                _ => {
                    key = key.name(part);
                    here = here
                        .and_then(Value::as_dict)
                        .and_then(|dict| dict.get(part));
                }
            }
        }
        key
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Name(name) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    f.write_str(&quoted(name))?;
                }
            }
        }
        Ok(())
    }
}

/// A name as TOML wants it written: bare where that is possible.
pub(crate) fn quoted(name: &str) -> String {
    use toml_writer::ToTomlKey as _;
    name.to_toml_key()
}
