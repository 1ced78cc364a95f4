//! What the workspace does, held against what is tolerated.

use super::baseline::Baseline;
use super::crossing::{Crossings, Uses};
use super::key::{Key, seen_without_types};

/// How they differ. Nothing differs if both lists are empty.
#[derive(Debug, Default)]
pub(crate) struct Verdict<'a> {
    /// Keys with more uses than are tolerated.
    pub(crate) new: Vec<New<'a>>,
    /// Keys with fewer.
    pub(crate) stale: Vec<Stale<'a>>,
    /// Keys with as many.
    pub(crate) held: usize,
    /// Keys that an approximate reader cannot judge.
    pub(crate) unjudged: usize,
}

/// More uses than are tolerated.
#[derive(Debug)]
pub(crate) struct New<'a> {
    pub(crate) key: &'a Key,
    /// How many are tolerated; 0 if the key is new.
    pub(crate) tolerated: u32,
    pub(crate) uses: &'a Uses,
}

/// Fewer uses than are tolerated.
#[derive(Debug)]
pub(crate) struct Stale<'a> {
    pub(crate) key: &'a Key,
    pub(crate) tolerated: u32,
    /// How many there are.
    pub(crate) count: u32,
    /// The line of the baseline.
    pub(crate) line: u32,
    /// Whether the uses are still there, and boundaries.toml allows them now.
    pub(crate) allowed: bool,
}

impl<'a> Verdict<'a> {
    /// Holds `crossings` against `baseline`.
    ///
    /// An approximate reader sees some of the uses only. Of one that it sees and whose key is not in
    /// the baseline it can say that it is new; that one is gone, or how many there are, it cannot.
    pub(crate) fn new(crossings: &'a Crossings, baseline: &'a Baseline, approximate: bool) -> Self {
        let mut verdict = Self::default();
        for (key, uses) in &crossings.against {
            let entry = baseline.entries.get(key);
            let tolerated = entry.map_or(0, |entry| entry.count);
            let count = uses.count();
            if approximate && (tolerated > 0 || !seen_without_types(key.kind)) {
                verdict.unjudged += usize::from(tolerated == 0);
                continue;
            }
            match count.cmp(&tolerated) {
                std::cmp::Ordering::Greater => verdict.new.push(New {
                    key,
                    tolerated,
                    uses,
                }),
                std::cmp::Ordering::Equal => verdict.held += 1,
                std::cmp::Ordering::Less => {}
            }
        }
        if approximate {
            verdict.unjudged += baseline.entries.len();
            return verdict;
        }
        for (key, entry) in &baseline.entries {
            let count = crossings.against.get(key).map_or(0, Uses::count);
            if count < entry.count {
                verdict.stale.push(Stale {
                    key,
                    tolerated: entry.count,
                    count,
                    line: entry.line,
                    allowed: crossings.allowed.contains_key(key),
                });
            }
        }
        verdict
    }

    /// Whether the workspace and the baseline are the same.
    pub(crate) fn is_clean(&self) -> bool {
        self.new.is_empty() && self.stale.is_empty()
    }
}
