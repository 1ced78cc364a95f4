//! The configuration of a running service: printing and reloading.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::inputs::Inputs;
use crate::loader::{assemble, known};
use crate::mistake::ConfigError;
use crate::section::{Checked, Section};
use crate::sources::Sources;

/// The configuration of a running service. Clones share one state.
#[derive(Clone)]
pub struct Config {
    shared: Arc<Shared>,
}

struct Shared {
    sources: Sources,
    sections: Vec<Arc<dyn Section>>,
    state: Mutex<State>,
    /// Held for the whole of a reload, so that two at once cannot mix their values.
    reloading: Mutex<()>,
}

struct State {
    printed: String,
    counts: ReloadCounts,
}

/// What a reload that was accepted did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reload {
    /// These sections have a new value.
    Applied {
        /// Their keys, in the order in which they were taken.
        sections: Vec<&'static str>,
    },
    /// Everything reads as before.
    Unchanged,
}

/// How the reloads so far have ended. Each only ever grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReloadCounts {
    /// At least one section got a new value.
    pub applied: u64,
    /// Everything read as before.
    pub unchanged: u64,
    /// There were mistakes, and the last good values stayed.
    pub rejected: u64,
}

impl Config {
    pub(crate) fn new(sources: Sources, sections: Vec<Arc<dyn Section>>, printed: String) -> Self {
        let state = Mutex::new(State {
            printed,
            counts: ReloadCounts::default(),
        });
        Self {
            shared: Arc::new(Shared {
                sources,
                sections,
                state,
                reloading: Mutex::new(()),
            }),
        }
    }

    /// The values in force as TOML, each with a comment that says where it came from, secrets
    /// redacted.
    pub fn print(&self) -> String {
        lock(&self.shared.state).printed.clone()
    }

    /// Reads all files anew, checks every section, and only then swaps all values that have
    /// changed. The environment and `--set` are as they were at the start. It reads files, and so
    /// blocks for as long as that takes.
    ///
    /// # Errors
    /// Every mistake in every source; all values are then as before.
    pub fn reload(&self) -> Result<Reload, ConfigError> {
        let _reloading = lock(&self.shared.reloading);
        let inputs = Inputs::read(&self.shared.sources);
        let sections = &self.shared.sections;
        let mut drafts = Vec::new();
        let mut printed = Vec::new();
        let mut swaps = Vec::new();
        for section in sections {
            let Checked {
                drafts: found,
                printed: text,
                swap,
            } = Arc::clone(section).check(&inputs);
            drafts.extend(found);
            printed.push(text);
            swaps.push((section.key(), swap));
        }
        let known = known(&inputs, sections);
        drafts.extend(known.strangers(&inputs));
        drafts.retain(|draft| !inputs.is_echo(draft));
        drafts.extend(inputs.drafts.iter().cloned());
        let printed = assemble(&inputs, &printed);
        if !drafts.is_empty() {
            lock(&self.shared.state).counts.rejected += 1;
            return Err(ConfigError::new(drafts, &known, &printed));
        }
        let changed: Vec<_> = swaps
            .into_iter()
            .filter_map(|(key, swap)| swap().then_some(key))
            .collect();
        let mut state = lock(&self.shared.state);
        state.printed = printed;
        if changed.is_empty() {
            state.counts.unchanged += 1;
            return Ok(Reload::Unchanged);
        }
        state.counts.applied += 1;
        Ok(Reload::Applied { sections: changed })
    }

    /// How the reloads so far have ended, for the caller to export.
    pub fn reload_counts(&self) -> ReloadCounts {
        lock(&self.shared.state).counts
    }
}

/// A panic in a section's `validate` must not take the admin port's print-out with it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
