//! What a baseline may become.

use super::baseline::{Baseline, Entry};
use super::crossing::Crossings;
use super::declaration::Declared;
use super::render::quoted;
use super::verdict::Verdict;

/// What an update did, in entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Updated {
    /// Gone.
    pub(crate) removed: usize,
    /// With a lower count than before.
    pub(crate) lowered: usize,
    /// New, or with a higher count.
    pub(crate) grown: usize,
}

/// The baseline after `verdict`. What is new comes in with a reason, or not at all.
pub(crate) fn update(
    baseline: &Baseline,
    verdict: &Verdict<'_>,
    reason: Option<&str>,
) -> (Baseline, Updated) {
    let mut after = Baseline {
        entries: baseline.entries.clone(),
        head: baseline.head.clone(),
    };
    let mut updated = Updated::default();
    for stale in &verdict.stale {
        if stale.count == 0 {
            after.entries.remove(stale.key);
            updated.removed += 1;
        } else if let Some(entry) = after.entries.get_mut(stale.key) {
            entry.count = stale.count;
            updated.lowered += 1;
        }
    }
    if let Some(reason) = reason {
        for new in &verdict.new {
            let entry = after.entries.entry(new.key.clone()).or_default();
            entry.count = new.uses.count();
            entry.reason = Some(reason.to_owned());
            updated.grown += 1;
        }
    }
    (after, updated)
}

/// The baseline after the boundaries at `fresh` were declared: what is against them is tolerated.
/// Nothing else changes, so that declaring one module lets nothing through at another.
pub(crate) fn declare(baseline: &Baseline, crossings: &Crossings, fresh: &[usize]) -> Baseline {
    let mut after = Baseline {
        entries: baseline.entries.clone(),
        head: baseline.head.clone(),
    };
    for (key, uses) in &crossings.against {
        if uses.boundaries.iter().all(|of| fresh.contains(of)) {
            after.entries.entry(key.clone()).or_insert_with(|| Entry {
                count: uses.count(),
                ..Entry::default()
            });
        }
    }
    after
}

/// The text of boundaries.toml with `paths` declared too, at its end.
pub(crate) fn declared(before: Option<&Declared>, paths: &[String]) -> String {
    let mut text = match before {
        Some(declared) => declared.file.text.trim_end().to_owned() + "\n",
        None => HEAD.to_owned(),
    };
    for path in paths {
        text.push_str(&format!(
            "\n[[module]]\npath = {}\npublic = []\n",
            quoted(path)
        ));
    }
    text
}

const HEAD: &str = "\
# Modules with a boundary: `boundary check` holds the workspace to it.
#
# public    what others may use, from the module on: \"place_order\", \"Order\". A type's or trait's
#           name stands for its members too. No wildcards.
# used_by   modules that may use it, each with all that is in it; every module if it is not given.
# uses      modules of this workspace that it may use itself; every module if it is not given.
#
# `tests = \"ignore\"`, above the first module, leaves uses in tests out.
";
