//! Who calls whom in the workspace, a trait's methods resolved to all that implement them.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Cut;
use crate::model::{ItemId, ItemKind, Model};

/// The workspace's methods by the trait's and their own name.
pub(super) struct Implementations {
    of: HashMap<String, HashMap<String, Vec<ItemId>>>,
    /// The types that implement each trait.
    types: HashMap<String, BTreeSet<ItemId>>,
}

impl Implementations {
    pub(super) fn of(model: &Model) -> Self {
        let mut of: HashMap<String, HashMap<String, Vec<ItemId>>> = HashMap::new();
        let mut types: HashMap<String, BTreeSet<ItemId>> = HashMap::new();
        for (id, item) in model.item_ids() {
            if let (ItemKind::Method, Some(implements)) = (item.kind, &item.implements) {
                let methods = of.entry(plain(implements).to_owned()).or_default();
                methods.entry(item.name.clone()).or_default().push(id);
                let types = types.entry(plain(implements).to_owned()).or_default();
                types.extend(item.owner);
            }
        }
        Self { of, types }
    }

    /// The workspace's types that implement a trait.
    pub(super) fn types(&self, of_trait: &str) -> impl Iterator<Item = ItemId> + '_ {
        self.types.get(of_trait).into_iter().flatten().copied()
    }

    /// The workspace's implementations of a trait's method; none for any other function.
    pub(super) fn of_method<'i>(&'i self, model: &Model, method: ItemId) -> &'i [ItemId] {
        let item = model.item(method);
        let Some(owner) = item.owner.map(|owner| model.item(owner)) else {
            return &[];
        };
        if owner.kind != ItemKind::Trait {
            return &[];
        }
        let known = self
            .of
            .get(&owner.name)
            .and_then(|methods| methods.get(&item.name));
        known.map(Vec::as_slice).unwrap_or_default()
    }
}

/// `Into<T>` is `Into`.
fn plain(name: &str) -> &str {
    let name = name.split('<').next().unwrap_or(name);
    name.rsplit("::").next().unwrap_or(name)
}

/// Calls of one function by another, tests aside.
pub(super) struct CallGraph {
    callees: HashMap<ItemId, Vec<ItemId>>,
    callers: HashMap<ItemId, Vec<ItemId>>,
}

impl CallGraph {
    pub(super) fn of(cut: &Cut<'_>) -> Self {
        let implementations = Implementations::of(cut.model);
        let mut callees: HashMap<ItemId, Vec<ItemId>> = HashMap::new();
        let mut callers: HashMap<ItemId, Vec<ItemId>> = HashMap::new();
        let mut known = HashSet::new();
        for reference in &cut.model.references {
            let Some(caller) = reference.within.filter(|caller| *caller != reference.to) else {
                continue;
            };
            let callee = cut.model.item(reference.to);
            let is_call = is_function(callee.kind) && callee.module.is_some();
            if !is_call || cut.model.module(reference.from).test {
                continue;
            }
            let many = implementations.of_method(cut.model, reference.to);
            for callee in std::iter::once(&reference.to).chain(many) {
                if known.insert((caller, *callee)) {
                    callees.entry(caller).or_default().push(*callee);
                    callers.entry(*callee).or_default().push(caller);
                }
            }
        }
        Self { callees, callers }
    }

    /// The functions of the workspace that `item` calls.
    pub(super) fn callees(&self, item: ItemId) -> &[ItemId] {
        self.callees
            .get(&item)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The items of the workspace that call `item`.
    pub(super) fn callers(&self, item: ItemId) -> &[ItemId] {
        self.callers
            .get(&item)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

/// Whether it is something that is called.
pub(super) fn is_function(kind: ItemKind) -> bool {
    matches!(kind, ItemKind::Function | ItemKind::Method)
}
