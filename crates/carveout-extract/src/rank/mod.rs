//! Every module, ordered by how well it would extract, and why: `boundary rank`.
//!
//! The score is a product of parts between 0 and 1, each of which is said in words. It orders; it
//! does not decide.

mod measure;
mod score;
mod what_if;

pub use measure::{Measures, measure};
pub use score::{Part, Ranked, rank_one};
pub use what_if::{Move, WhatIf, what_if};

use serde::Serialize;

use crate::boundary::{Cut, World};
use crate::model::{Model, ModuleId, Origin};

/// The schema that a ranking's JSON follows.
pub const SCHEMA: &str = "carveout.boundary.rank/1";

/// Every module of a workspace that others call.
#[derive(Clone, Debug, Serialize)]
pub struct Ranking {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Who read the workspace, and how well.
    pub origin: Origin,
    /// What could not be seen.
    pub gaps: Vec<String>,
    /// The best first.
    pub modules: Vec<Ranked>,
    /// Modules that nobody calls: handlers, jobs, entries. There is nothing to route.
    pub entries: Vec<String>,
}

/// Ranks every module of `model`, tests aside.
#[must_use]
pub fn rank(model: &Model) -> Ranking {
    let world = World::new(model);
    let mut modules = Vec::new();
    let mut entries = Vec::new();
    for id in candidates(model) {
        let Ok(cut) = Cut::new(&world, &[id]) else {
            continue;
        };
        let measures = measure(&cut);
        let path = &model.module(id).path;
        if measures.functions() == 0 {
            entries.push(path.clone());
        } else {
            modules.push(rank_one(path, measures));
        }
    }
    modules.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.module.cmp(&b.module))
    });
    entries.sort();
    let mut gaps = model.gaps.clone();
    gaps.extend(
        world
            .sources
            .unparsed()
            .into_iter()
            .map(|path| format!("{path} does not parse as Rust")),
    );
    Ranking {
        schema: SCHEMA,
        origin: model.origin.clone(),
        gaps,
        modules,
        entries,
    }
}

/// The modules that could be cut out: those with source, that are neither for tests nor everything.
fn candidates(model: &Model) -> impl Iterator<Item = ModuleId> + '_ {
    let roots = model
        .modules
        .iter()
        .filter(|module| module.parent.is_none() && !module.test)
        .count();
    model
        .module_ids()
        .filter(move |(_, module)| !module.test && module.file.is_some())
        .filter(move |(_, module)| module.parent.is_some() || roots > 1)
        .map(|(id, _)| id)
}
