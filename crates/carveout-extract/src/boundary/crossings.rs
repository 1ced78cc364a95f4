//! What crosses the cut: who names what, and where.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::Cut;
use crate::model::{ItemId, ItemKind, ModuleId, Reference};
use crate::report::{Crossing, Edge, Graph, Node, Summary};

/// References across the cut, and their counts.
pub(super) struct Crossings {
    pub(super) inbound: Vec<Crossing>,
    pub(super) outbound: Vec<Crossing>,
    pub(super) statics: Vec<Crossing>,
    pub(super) summary: Summary,
    pub(super) graph: Graph,
}

pub(super) fn find(cut: &Cut<'_>) -> Crossings {
    let inbound = by_item(cut, cut.inbound());
    let outbound = by_item(cut, cut.outbound());
    let is_static = |crossing: &&Crossing| crossing.kind == ItemKind::Static;
    let statics = inbound
        .iter()
        .chain(&outbound)
        .filter(is_static)
        .cloned()
        .collect();
    let to_module = inbound
        .iter()
        .filter(|crossing| crossing.kind == ItemKind::Module);
    let all: usize = inbound.iter().map(|crossing| crossing.count).sum();
    let to_module: usize = to_module.map(|crossing| crossing.count).sum();
    let uses = || inbound.iter().flat_map(|crossing| &crossing.uses);
    let function =
        |crossing: &&Crossing| matches!(crossing.kind, ItemKind::Function | ItemKind::Method);
    let users: HashSet<_> = uses().map(|one| one.module.as_str()).collect();
    let summary = Summary {
        inbound: all,
        inbound_to_module: to_module,
        inbound_to_items: all - to_module,
        inbound_from_tests: uses().filter(|one| one.test).count(),
        functions: inbound.iter().filter(function).count(),
        users: users.len(),
        outbound: outbound.iter().map(|crossing| crossing.count).sum(),
        outbound_symbols: outbound.len(),
        dispositions: Default::default(),
    };
    Crossings {
        summary,
        statics,
        graph: graph(cut),
        inbound,
        outbound,
    }
}

/// The items that `references` name, the most named first.
fn by_item<'a>(cut: &Cut<'_>, references: impl Iterator<Item = &'a Reference>) -> Vec<Crossing> {
    let mut uses: HashMap<ItemId, Vec<&Reference>> = HashMap::new();
    for reference in references {
        uses.entry(reference.to).or_default().push(reference);
    }
    let mut crossings: Vec<_> = uses
        .into_iter()
        .map(|(item, uses)| Crossing {
            item: cut.model.item_path(item),
            kind: cut.model.item(item).kind,
            count: uses.len(),
            uses: uses.into_iter().map(|one| cut.written(one)).collect(),
        })
        .collect();
    crossings.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.item.cmp(&b.item)));
    crossings
}

/// The modules inside, those that they use and those that use them.
fn graph(cut: &Cut<'_>) -> Graph {
    let mut counts: BTreeMap<(ModuleId, ModuleId), usize> = BTreeMap::new();
    for reference in &cut.model.references {
        let Some(to) = cut.model.item(reference.to).module else {
            continue;
        };
        if to != reference.from {
            *counts.entry((reference.from, to)).or_default() += 1;
        }
    }
    let touches = |&(from, to): &(ModuleId, ModuleId)| cut.is_inside(from) || cut.is_inside(to);
    let near: HashSet<ModuleId> = counts
        .keys()
        .filter(|edge| touches(edge))
        .flat_map(|(from, to)| [*from, *to])
        .collect();
    let mut items: HashMap<ModuleId, usize> = HashMap::new();
    for item in cut
        .model
        .items
        .iter()
        .filter(|item| item.definition.is_some())
    {
        if let Some(module) = item.module.filter(|_| item.kind != ItemKind::Module) {
            *items.entry(module).or_default() += 1;
        }
    }
    let path = |id: ModuleId| cut.model.module(id).path.clone();
    let mut nodes: Vec<_> = near
        .iter()
        .map(|id| Node {
            module: path(*id),
            inside: cut.is_inside(*id),
            items: items.get(id).copied().unwrap_or_default(),
        })
        .collect();
    nodes.sort_by(|a, b| a.module.cmp(&b.module));
    let edges = counts
        .into_iter()
        .filter(|((from, to), _)| near.contains(from) && near.contains(to))
        .map(|((from, to), count)| Edge {
            from: path(from),
            to: path(to),
            count,
            crosses: cut.is_inside(from) != cut.is_inside(to),
        });
    Graph {
        edges: edges.collect(),
        nodes,
    }
}
