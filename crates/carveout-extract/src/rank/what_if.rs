use std::sync::Arc;

use serde::Serialize;

use super::{Ranked, measure, rank_one};
use crate::boundary::{Cut, World};
use crate::error::{Error, Result};
use crate::model::{ItemId, ItemKind, Model, ModuleId};

/// An item that would be moved, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// What.
    pub item: ItemId,
    /// Where to.
    pub to: ModuleId,
}

/// The modules whose score a move changes.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIf {
    /// The item's path.
    pub item: String,
    /// The module that it is in.
    pub from: String,
    /// The module that it would be in.
    pub to: String,
    /// Each module that changes, before and after.
    pub changes: Vec<(Ranked, Ranked)>,
}

impl Move {
    /// The move of the item that `asked` names, to the module `to`, or to the one that uses it most.
    pub fn find(model: &Model, asked: &str, to: Option<&str>) -> Result<Self> {
        let item = find_item(model, asked)?;
        let own = model.item(item).module;
        let to = match to {
            Some(to) => model
                .find_module(to)
                .map_err(|error| Error::usage(error.to_string()))?,
            None => most_frequent_user(model, item).ok_or_else(|| {
                let message = format!(
                    "no other module uses {}, so none is where it might go",
                    model.item_path(item)
                );
                Error::usage(message).help("say where: `--what-if move ITEM to MODULE`")
            })?,
        };
        if own == Some(to) {
            let message = format!(
                "{} is in {} already",
                model.item_path(item),
                model.module(to).path
            );
            return Err(Error::usage(message));
        }
        Ok(Self { item, to })
    }
}

/// What `moved` would change.
#[must_use]
pub fn what_if(model: &Model, moved: Move) -> WhatIf {
    let path = model.item_path(moved.item);
    let from = model.item(moved.item).module;
    let after = with(model, moved);
    let touched: Vec<ModuleId> = from
        .into_iter()
        .chain([moved.to])
        .flat_map(|id| model.ancestors(id).collect::<Vec<_>>())
        .collect();
    let (before, after) = (World::new(model), World::new(&after));
    let mut changes = Vec::new();
    for (id, module) in model.module_ids() {
        if module.test || !touched.contains(&id) {
            continue;
        }
        let (Ok(was), Ok(is)) = (Cut::new(&before, &[id]), Cut::new(&after, &[id])) else {
            continue;
        };
        let (was, is) = (
            rank_one(&module.path, measure(&was)),
            rank_one(&module.path, measure(&is)),
        );
        changes.push((was, is));
    }
    WhatIf {
        item: path,
        from: from
            .map(|id| model.module(id).path.clone())
            .unwrap_or_default(),
        to: model.module(moved.to).path.clone(),
        changes,
    }
}

/// The model as it would be: the item, what belongs to it and the references that stand in them are
/// of the other module.
fn with(model: &Model, moved: Move) -> Model {
    let mut after = Model {
        locals: Arc::clone(&model.locals),
        root: model.root.clone(),
        origin: model.origin.clone(),
        files: model.files.clone(),
        modules: model.modules.clone(),
        items: model.items.clone(),
        references: model.references.clone(),
        gaps: model.gaps.clone(),
    };
    let goes = |id: ItemId| id == moved.item || model.item(id).owner == Some(moved.item);
    for (at, item) in after.items.iter_mut().enumerate() {
        if goes(ItemId(u32::try_from(at).unwrap_or(u32::MAX))) {
            item.module = Some(moved.to);
        }
    }
    for reference in &mut after.references {
        if reference.within.is_some_and(goes) {
            reference.from = moved.to;
        }
    }
    after
}

fn find_item(model: &Model, asked: &str) -> Result<ItemId> {
    let movable = |id: ItemId| {
        let item = model.item(id);
        item.module.is_some() && item.definition.is_some() && item.kind != ItemKind::Module
    };
    let ends = |path: &str| {
        path == asked
            || path
                .strip_suffix(asked)
                .is_some_and(|before| before.ends_with([':', '.', '/']))
    };
    let found: Vec<_> = model
        .item_ids()
        .map(|(id, _)| id)
        .filter(|id| movable(*id) && ends(&model.item_path(*id)))
        .collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let paths = model
                .item_ids()
                .filter(|(id, _)| movable(*id))
                .map(|(id, _)| model.item_path(id));
            let scored =
                paths.map(|path| (strsim::normalized_damerau_levenshtein(asked, &path), path));
            let nearest = scored
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(score, _)| *score > 0.5);
            let error = Error::usage(format!("there is no item {asked:?}"));
            Err(match nearest {
                Some((_, path)) => error.help(format!("did you mean {path}?")),
                None => error.help("write its path, `shop::orders::total` say"),
            })
        }
        several => {
            let paths: Vec<_> = several
                .iter()
                .take(5)
                .map(|id| model.item_path(*id))
                .collect();
            Err(Error::usage(format!(
                "{asked:?} is the end of several items' paths: {}",
                paths.join(", ")
            )))
        }
    }
}

/// The module outside that names the item most.
fn most_frequent_user(model: &Model, item: ItemId) -> Option<ModuleId> {
    let own = model.item(item).module;
    let mut counts: std::collections::BTreeMap<ModuleId, usize> = std::collections::BTreeMap::new();
    for reference in model
        .references
        .iter()
        .filter(|one| one.to == item && Some(one.from) != own)
    {
        if !model.module(reference.from).test {
            *counts.entry(reference.from).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .max_by_key(|(id, count)| (*count, std::cmp::Reverse(*id)))
        .map(|(id, _)| id)
}
