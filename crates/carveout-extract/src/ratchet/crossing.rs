//! Every use that goes over a declared boundary, counted under its key.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::key::Key;
use super::rules::Rules;
use crate::model::{FileId, ItemId, ItemKind, Model, ModuleId};

/// What a use is against. Both sides of it may have a boundary, so it can be against several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Breach {
    /// The item is not public.
    Private,
    /// The module is not in `used_by`.
    Caller,
    /// The item's module is not in `uses` of the module that names it.
    Outbound,
}

/// The uses of one key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses {
    /// File and line, counted from 1, in that order. Evidence only: two on one line are two.
    pub(crate) places: Vec<(FileId, u32)>,
    /// What they are against; nothing if they are allowed.
    pub(crate) breaches: BTreeSet<Breach>,
    /// The boundaries that say so.
    pub(crate) boundaries: BTreeSet<usize>,
}

impl Uses {
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }
}

/// How much goes over one boundary, allowed or not.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    /// Uses from outside.
    pub(crate) inbound: usize,
    /// The modules that they are in.
    pub(crate) users: BTreeSet<ModuleId>,
    /// The items that are used.
    pub(crate) items: BTreeSet<ItemId>,
    /// Uses of what is elsewhere in the workspace.
    pub(crate) outbound: usize,
    /// The modules that it is in.
    pub(crate) used: BTreeSet<ModuleId>,
    /// Public names that are used from outside.
    pub(crate) public: BTreeSet<usize>,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct Crossings {
    /// Against a boundary.
    pub(crate) against: BTreeMap<Key, Uses>,
    /// How many of each key are allowed.
    pub(crate) allowed: BTreeMap<Key, u32>,
    /// Of each boundary.
    pub(crate) traffic: Vec<Traffic>,
}

impl Crossings {
    pub(crate) fn new(model: &Model, rules: &Rules) -> Self {
        let mut traffic = vec![Traffic::default(); rules.boundaries.len()];
        // By number first: a path is put together once a key, not once a use.
        let mut found: HashMap<(ModuleId, ItemId), Vec<(FileId, u32)>> = HashMap::new();
        for reference in &model.references {
            let item = model.item(reference.to);
            let Some(to) = item.module else {
                continue;
            };
            let (outer, inner) = (rules.around(reference.from), rules.around(to));
            if outer == inner || item.kind == ItemKind::Module || rules.skips(model, reference.from)
            {
                continue;
            }
            if let Some(inner) = inner {
                let traffic = &mut traffic[inner];
                traffic.inbound += 1;
                traffic.users.insert(reference.from);
                traffic.items.insert(reference.to);
                let name = rules.boundaries[inner].public(reference.to);
                traffic.public.extend(name);
            }
            if let Some(outer) = outer {
                let traffic = &mut traffic[outer];
                traffic.outbound += 1;
                traffic.used.insert(to);
            }
            let place = (reference.file, reference.span.start.line + 1);
            let key = (reference.from, reference.to);
            found.entry(key).or_default().push(place);
        }
        let mut crossings = Self {
            traffic,
            ..Self::default()
        };
        for ((from, to), places) in found {
            crossings.judge(model, rules, from, to, places);
        }
        for uses in crossings.against.values_mut() {
            uses.places.sort_unstable();
        }
        crossings
    }

    fn judge(
        &mut self,
        model: &Model,
        rules: &Rules,
        from: ModuleId,
        to: ItemId,
        places: Vec<(FileId, u32)>,
    ) {
        let item = model.item(to);
        let key = Key {
            from: model.module(from).path.clone(),
            to: rules.path(model, to),
            kind: item.kind.name(),
        };
        let Some(module) = item.module else {
            return;
        };
        let mut against = Uses::default();
        let mut breach = |boundary, breach| {
            against.breaches.insert(breach);
            against.boundaries.insert(boundary);
        };
        if let Some(inner) = rules.around(module) {
            let rule = &rules.boundaries[inner];
            if rule.public(to).is_none() {
                breach(inner, Breach::Private);
            }
            if !rule.may_be_used_by(from) {
                breach(inner, Breach::Caller);
            }
        }
        if let Some(outer) = rules.around(from)
            && !rules.boundaries[outer].may_use(module)
        {
            breach(outer, Breach::Outbound);
        }
        if against.breaches.is_empty() {
            let count = u32::try_from(places.len()).unwrap_or(u32::MAX);
            *self.allowed.entry(key).or_default() += count;
            return;
        }
        let uses = self.against.entry(key).or_default();
        uses.places.extend(places);
        uses.breaches.append(&mut against.breaches);
        uses.boundaries.append(&mut against.boundaries);
    }
}
