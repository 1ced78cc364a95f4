//! How many calls deep an entry point gets to the other side, and how often.

use std::collections::{HashMap, HashSet};

use super::super::Cut;
use super::super::calls::{CallGraph, is_function};
use super::super::effects::Effects;
use crate::model::ItemId;
use crate::report::EntryDepth;

/// Those with the most crossings; the rest are like them.
const MOST: usize = 20;

/// Attributes that make a function a handler, which a framework calls by its route.
const HANDLERS: [&str; 17] = [
    "get", "post", "put", "delete", "patch", "head", "options", "connect", "trace", "route",
    "handler", "path", "catch", "endpoint", "api", "oai", "main",
];

pub(in super::super) fn find(cut: &Cut<'_>) -> Vec<EntryDepth> {
    let effects = Effects::new(cut);
    let calls = effects.calls();
    let leading = leading(cut, calls);
    let mut entries: Vec<ItemId> = leading
        .iter()
        .copied()
        .filter(|item| calls.callers(*item).is_empty() || is_handler(cut, *item))
        .collect();
    entries.sort_unstable();
    let mut found: Vec<EntryDepth> = entries
        .into_iter()
        .filter_map(|entry| walk(cut, calls, &leading, entry))
        .collect();
    found.sort_by(|a, b| {
        b.crossings
            .cmp(&a.crossings)
            .then_with(|| a.entry.cmp(&b.entry))
    });
    found.truncate(MOST);
    found
}

/// Functions outside from which some way leads inside, tests aside.
fn leading(cut: &Cut<'_>, calls: &CallGraph) -> HashSet<ItemId> {
    let outside = |item: ItemId| {
        let entry = cut.model.item(item);
        let module = entry.module.map(|module| cut.model.module(module));
        is_function(entry.kind) && !cut.has(item) && module.is_some_and(|module| !module.test)
    };
    let mut open: Vec<ItemId> = cut
        .inbound()
        .filter(|one| is_function(cut.model.item(one.to).kind) && !cut.is_test(one))
        .filter_map(|one| one.within)
        .filter(|item| outside(*item))
        .collect();
    let mut leading = HashSet::new();
    while let Some(item) = open.pop() {
        if leading.insert(item) {
            let callers = calls.callers(item).iter();
            open.extend(
                callers
                    .copied()
                    .filter(|caller| outside(*caller) && !in_tests(cut, *caller)),
            );
        }
    }
    leading
}

fn in_tests(cut: &Cut<'_>, item: ItemId) -> bool {
    let definition = cut.model.item(item).definition;
    definition.is_some_and(|place| {
        let source = cut.sources.get(place.file);
        source.is_some_and(|source| source.is_test(place.name.start))
    })
}

fn is_handler(cut: &Cut<'_>, item: ItemId) -> bool {
    let definition = cut.model.item(item).definition;
    let found = definition.and_then(|place| {
        let source = cut.sources.get(place.file)?;
        let function = source.function_at(place.name.start)?;
        let mut names = function.attributes.iter();
        Some(names.any(|name| HANDLERS.contains(&name.as_str())))
    });
    found.unwrap_or(false)
}

/// The nearest crossing from `entry`, and all that are on its ways. A handler that is named on the way
/// is registered there and not called: it is an entry of its own.
fn walk(
    cut: &Cut<'_>,
    calls: &CallGraph,
    leading: &HashSet<ItemId>,
    entry: ItemId,
) -> Option<EntryDepth> {
    let mut from: HashMap<ItemId, ItemId> = HashMap::new();
    let mut reached = vec![entry];
    let mut known = HashSet::from([entry]);
    let mut crossings = 0;
    let mut nearest = None;
    let mut next = 0;
    while let Some(item) = reached.get(next).copied() {
        next += 1;
        for callee in calls.callees(item) {
            if cut.has(*callee) {
                crossings += 1;
                nearest = nearest.or(Some((item, *callee)));
            } else if leading.contains(callee) && !is_handler(cut, *callee) && known.insert(*callee)
            {
                from.insert(*callee, item);
                reached.push(*callee);
            }
        }
    }
    let (last, crossed) = nearest?;
    let mut path = vec![crossed, last];
    while let Some(before) = path.last().and_then(|item| from.get(item)) {
        path.push(*before);
    }
    path.reverse();
    Some(EntryDepth {
        entry: cut.model.item_path(entry),
        crossings,
        depth: path.len() - 1,
        path: path
            .into_iter()
            .map(|item| cut.model.item_path(item))
            .collect(),
    })
}
