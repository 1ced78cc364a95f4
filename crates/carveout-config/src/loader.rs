//! Reads the layers and hands out sections.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::inputs::Inputs;
use crate::known::Known;
use crate::live::Live;
use crate::mistake::{ConfigError, Draft};
use crate::section::{Section, Typed, Validate};
use crate::sources::Sources;

/// Reads the layers, hands out sections, and collects every mistake instead of stopping at the
/// first.
pub struct Loader {
    sources: Sources,
    inputs: Inputs,
    sections: Vec<Arc<dyn Section>>,
    drafts: Vec<Draft>,
    printed: Vec<String>,
}

impl Loader {
    /// Reads the files. This cannot fail: what is wrong is kept for [`finish`](Self::finish).
    pub fn read(sources: Sources) -> Self {
        let inputs = Inputs::read(&sources);
        Self {
            sources,
            inputs,
            sections: Vec::new(),
            drafts: Vec::new(),
            printed: Vec::new(),
        }
    }

    /// Takes the section `[key]`. Its type's `Default` gives the built-in defaults, and with them
    /// the keys that there are; a key that the type does not know is a mistake with or without
    /// `deny_unknown_fields`. Until [`finish`](Self::finish) has said that all is well, the value
    /// may have defaults where it should have something else.
    ///
    /// # Panics
    /// When the section is taken twice, or its defaults cannot be written as TOML (a map's keys
    /// must be text): slips in the service, not in its configuration.
    pub fn section<T>(&mut self, key: &'static str) -> Live<T>
    where
        T: Serialize + DeserializeOwned + Default + Send + Sync + 'static,
    {
        self.section_checked(key, |_| Ok(()))
    }

    /// Takes the section `[key]`, whose values must also pass `validate`. It runs once all values
    /// have the right type, now and at each reload.
    ///
    /// # Panics
    /// When the section is taken twice, or its defaults cannot be written as TOML (a map's keys
    /// must be text): slips in the service, not in its configuration.
    pub fn section_checked<T>(&mut self, key: &'static str, validate: Validate<T>) -> Live<T>
    where
        T: Serialize + DeserializeOwned + Default + Send + Sync + 'static,
    {
        assert!(
            !self.sections.iter().any(|section| section.key() == key),
            "the section [{key}] is taken twice"
        );
        let (section, mut live) = Typed::new(key, validate);
        let section: Arc<dyn Section> = section;
        let checked = Arc::clone(&section).check(&self.inputs);
        (checked.swap)();
        live.mark_seen();
        self.drafts.extend(checked.drafts);
        self.printed.push(checked.printed);
        self.sections.push(section);
        live
    }

    /// Says whether all is well. Call it once every section is taken: only then is it clear which
    /// of the sections in the files nobody reads.
    ///
    /// # Errors
    /// Every mistake in every source.
    pub fn finish(self) -> Result<Config, ConfigError> {
        let Self {
            sources,
            inputs,
            sections,
            mut drafts,
            printed,
        } = self;
        let known = known(&inputs, &sections);
        let printed = assemble(&inputs, &printed);
        drafts.extend(known.strangers(&inputs));
        drafts.retain(|draft| !inputs.is_echo(draft));
        drafts.extend(inputs.drafts.iter().cloned());
        if drafts.is_empty() {
            return Ok(Config::new(sources, sections, printed));
        }
        Err(ConfigError::new(drafts, &known, &printed))
    }
}

/// What the sections know between them.
pub(crate) fn known<'k>(inputs: &'k Inputs, sections: &'k [Arc<dyn Section>]) -> Known<'k> {
    let sections = sections
        .iter()
        .map(|section| (section.key(), section.defaults()))
        .collect();
    Known {
        prefix: &inputs.prefix,
        sections,
    }
}

/// All sections as one document, below a line that lists the layers.
pub(crate) fn assemble(inputs: &Inputs, sections: &[String]) -> String {
    let mut layers = vec!["built-in defaults".to_owned()];
    layers.extend(inputs.files.iter().map(|file| file.name.clone()));
    layers.push(format!("{}__SECTION__KEY", inputs.prefix));
    layers.push("--set".to_owned());
    let mut text = format!("# In order of rising precedence: {}.\n", layers.join(" < "));
    for section in sections.iter().filter(|section| !section.is_empty()) {
        text.push('\n');
        text.push_str(section);
    }
    text
}
