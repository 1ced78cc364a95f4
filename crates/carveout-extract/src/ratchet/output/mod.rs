//! What a check found, for a person, a program, a code host.

mod github;
mod json;
mod sarif;
mod text;

pub(crate) use github::github;
pub(crate) use json::json;
pub(crate) use sarif::sarif;
pub(crate) use text::text;

use super::baseline::Baseline;
use super::crossing::{Breach, Crossings};
use super::rules::Rules;
use super::verdict::{New, Stale, Verdict};
use super::{BASELINE, BOUNDARIES};
use crate::model::{FileId, Model};

/// Everything that there is to say.
pub(crate) struct Outcome<'a> {
    pub(crate) model: &'a Model,
    pub(crate) rules: &'a Rules,
    pub(crate) crossings: &'a Crossings,
    pub(crate) baseline: &'a Baseline,
    pub(crate) verdict: &'a Verdict<'a>,
}

/// What a finding is, as SARIF, JSON and annotations call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) help: &'static str,
}

const PRIVATE: Id = Id {
    id: "boundary/private",
    name: "PrivateItem",
    about: "An item is used from outside of its module and is not public there.",
    help: "Use an item that is public, or move the code to where it belongs.",
};
const CALLER: Id = Id {
    id: "boundary/caller",
    name: "UnlistedCaller",
    about: "A module uses another that is not declared to be used by it.",
    help: "Ask a module that may, or hand the value in as an argument.",
};
const OUTBOUND: Id = Id {
    id: "boundary/outbound",
    name: "UnlistedDependency",
    about: "A module uses another that it is not declared to use.",
    help: "Take the value as an argument, or move the code to where it belongs.",
};
const STALE: Id = Id {
    id: "boundary/stale",
    name: "StaleEntry",
    about: "The baseline tolerates a use that is gone.",
    help: "Keep the baseline true, so that it does not come back: `boundary check --update`, and commit it.",
};

/// Every one, in the order of [`Breach`], stale entries last.
const IDS: [Id; 4] = [PRIVATE, CALLER, OUTBOUND, STALE];

fn id(new: &New<'_>) -> Id {
    match new.uses.breaches.first() {
        Some(Breach::Caller) => CALLER,
        Some(Breach::Outbound) => OUTBOUND,
        Some(Breach::Private) | None => PRIVATE,
    }
}

impl Outcome<'_> {
    fn path(&self, file: FileId) -> &str {
        &self.model.file(file).path
    }

    /// The paths of the boundaries that a new use is against.
    fn boundaries(&self, new: &New<'_>) -> Vec<&str> {
        let of = new.uses.boundaries.iter();
        of.map(|at| self.rules.boundaries[*at].path.as_str())
            .collect()
    }

    /// What is wrong with a new use, in one sentence without its places.
    fn sentence(&self, new: &New<'_>) -> String {
        let key = new.key;
        let why: Vec<_> = new
            .uses
            .breaches
            .iter()
            .map(|breach| match breach {
                Breach::Private => "it is not public".to_owned(),
                Breach::Caller => format!("`{}` is not in its module's `used_by`", key.from),
                Breach::Outbound => format!("its module is not in the `uses` of `{}`", key.from),
            })
            .collect();
        let count = match (new.tolerated, new.uses.count()) {
            (0, 1) => String::new(),
            (0, count) => format!(" {count} times"),
            (tolerated, count) => format!(" {count} times, {tolerated} of them tolerated"),
        };
        format!(
            "`{}` uses the {} `{}`{count}: {}",
            key.from,
            key.kind,
            key.to,
            why.join(", and ")
        )
    }

    fn stale_sentence(&self, stale: &Stale<'_>) -> String {
        let key = stale.key;
        let now = match (stale.count, stale.allowed) {
            (0, true) => "boundaries.toml allows it now, as many as there are".to_owned(),
            (0, false) => "it is gone".to_owned(),
            (count, _) => format!("{} left", counted(count as usize, "use is", "uses are")),
        };
        format!(
            "the baseline tolerates {} of the {} `{}` in `{}`, and {now}",
            counted(stale.tolerated as usize, "use", "uses"),
            key.kind,
            key.to,
            key.from
        )
    }

    /// How the numbers of an approximate reader have to be read.
    fn approximate(&self) -> Option<&'static str> {
        self.model.origin.approximate.then_some(
            "approximate: names were matched by syntax, so methods, fields and variants are not judged, counts are \
             not compared and nothing is called stale; `boundary check` without --approximate decides",
        )
    }
}

fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}
