//! The ratchet: what `boundaries.toml` allows, what the workspace does, and what of it was there
//! before and is tolerated for now.
//!
//! A use is counted under a [`Key`] of two names and a kind. No line and no file is in it, so that
//! code may move; no version is, so that a release changes nothing.

mod baseline;
mod change;
mod crossing;
mod declaration;
mod file;
mod key;
pub(crate) mod output;
mod render;
mod rules;
mod verdict;

#[cfg(test)]
mod tests;

pub(crate) use baseline::Baseline;
pub(crate) use change::{declare, declared, update};
pub(crate) use crossing::Crossings;
pub(crate) use declaration::Declared;
pub(crate) use file::{TextFile, shown, write};
pub(crate) use key::Key;
pub(crate) use render::render;
pub(crate) use rules::Rules;
pub(crate) use verdict::Verdict;

/// What modules have a boundary, and what it is. At the workspace's root.
pub(crate) const BOUNDARIES: &str = "boundaries.toml";
/// The uses that are tolerated until they are gone. Beside it.
pub(crate) const BASELINE: &str = "boundaries.baseline.toml";
