//! What a function does to the world, at the worst, found through all that it calls.
//!
//! A read is proved: every call in the body, and in everything that it reaches, resolves to code that is
//! known to change nothing. Whatever does not resolve, is not known, or may be more than one thing of
//! which one is a write, is a write. What is known of other packages is in [`tables`], which only ever
//! say that something is *not* a write; so that a missing entry, a missing reference of the index and a
//! missing file all make effects stronger, never weaker.
//!
//! The parts: [`direct`] is what a body itself does and what it calls, [`externals`] and [`statements`]
//! what calls of other packages are, [`implicit`] what is called without being named, [`callbacks`]
//! functions that are values, [`exclusive`] what is changed through `&mut`, [`macros`] what rules expand to.

mod callbacks;
mod direct;
mod exclusive;
mod externals;
mod facts;
mod implicit;
mod macros;
mod statements;
mod tables;
#[cfg(test)]
mod tests;
mod universe;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use self::direct::Direct;
pub(super) use self::facts::Facts;
use self::facts::Is;
use self::implicit::Implicit;
use self::universe::Universe;
use super::calls::{CallGraph, Implementations, is_function};
use super::queries::{self, Query};
use super::sql::Sql;
use super::tables::Schema;
use super::{Cut, FunctionEffect};
use crate::model::{Definition, FileId, Item, ItemId, ItemKind, ModuleId, Position};
use crate::report::{Effect, Evidence};
use crate::syntax::Source;

/// More says no more.
const EVIDENCE: usize = 8;

/// What is found once for a model, whatever is cut out of it.
pub(super) struct Known {
    calls: CallGraph,
    implementations: Implementations,
    schema: Schema,
    tables: HashSet<String>,
    implicit: Implicit,
    /// Names of traits that macros and derives may implement, unseen.
    implemented_by_macros: HashSet<String>,
    universe: Universe,
    direct: RefCell<HashMap<ItemId, Rc<Direct>>>,
    queries: RefCell<HashMap<FileId, Rc<Vec<Query>>>>,
    outside: RefCell<HashMap<ItemId, Effect>>,
    pure: RefCell<HashMap<ItemId, bool>>,
    database: RefCell<HashMap<ItemId, bool>>,
}

/// What functions do.
pub(super) struct Effects<'c> {
    cut: &'c Cut<'c>,
    known: &'c Known,
}

/// What a function does, and why that is thought.
pub(super) struct Judged {
    /// What it does to the world and to what its caller gave it, at the worst.
    pub(super) effect: Effect,
    /// The worst and the nearest first.
    pub(super) evidence: Vec<Evidence>,
    /// Whether it touches nothing but what its caller gave it.
    pub(super) only_own: bool,
}

/// What every function does whose module is wanted, tests aside, by place.
pub(super) fn all(cut: &Cut<'_>, wanted: impl Fn(ModuleId) -> bool) -> Vec<FunctionEffect> {
    let effects = Effects::new(cut);
    let model = cut.model;
    let mut all = Vec::new();
    for (id, item) in model.item_ids() {
        let (Some(module), Some(place)) = (item.module, item.definition) else {
            continue;
        };
        let source = cut.sources.get(place.file);
        let test = model.module(module).test
            || source.is_some_and(|source| source.is_test(place.name.start));
        if !is_function(item.kind) || test || !wanted(module) {
            continue;
        }
        let judged = effects.of(id);
        let reason = judged.evidence.into_iter().next();
        all.push(FunctionEffect {
            package: item.package.clone(),
            path: model.item_path(id),
            place: cut.place(place.file, place.name.start),
            effect: judged.effect,
            reason: reason.filter(|_| judged.effect != Effect::Read),
        });
    }
    all.sort_by(|a, b| a.place.cmp(&b.place));
    all
}

/// Something that a function itself does.
#[derive(Clone)]
struct Sign {
    what: String,
    effect: Effect,
    file: FileId,
    at: Position,
}

impl<'c> Effects<'c> {
    pub(super) fn new(cut: &'c Cut<'c>) -> Self {
        let known = cut.world.effects.get_or_init(|| {
            let schema = Schema::of(cut);
            Known {
                calls: CallGraph::of(cut),
                implementations: Implementations::of(cut.model),
                tables: schema.names(),
                schema,
                implicit: Implicit::of(cut),
                implemented_by_macros: macros::implementing(cut),
                universe: Universe::default(),
                direct: RefCell::default(),
                queries: RefCell::default(),
                outside: RefCell::default(),
                pure: RefCell::default(),
                database: RefCell::default(),
            }
        });
        Self { cut, known }
    }

    /// What `item` does at the worst, and why that is thought.
    pub(super) fn of(&self, item: ItemId) -> Judged {
        let direct = self.direct(item);
        let mut signs: Vec<(Sign, Option<ItemId>)> = Vec::new();
        let given = direct.callbacks.iter();
        let given = given.filter_map(|(at, _)| callbacks::given(self, item, *at));
        let own: Vec<Sign> = direct.own.iter().cloned().chain(given).collect();
        for (depth, reached) in self.reach(item).into_iter().enumerate() {
            let direct = self.direct(reached);
            let through = (depth > 0).then_some(reached);
            signs.extend(direct.signs.iter().map(|sign| (sign.clone(), through)));
        }
        let worst =
            |signs: &[(Sign, Option<ItemId>)]| signs.iter().map(|(sign, _)| sign.effect).max();
        let only_own = signs.is_empty();
        signs.extend(own.into_iter().map(|sign| (sign, None)));
        // The sort is stable: of equals, the nearest comes first.
        signs.sort_by_key(|(sign, _)| std::cmp::Reverse(sign.effect));
        let mut said = HashSet::new();
        signs.retain(|(sign, _)| said.insert(sign.what.clone()));
        let effect = worst(&signs).unwrap_or(Effect::Read);
        signs.truncate(EVIDENCE);
        let evidence = signs.into_iter().map(|(sign, through)| Evidence {
            what: match through {
                Some(item) => format!("{}, in {}", sign.what, self.cut.model.item_path(item)),
                None => sign.what,
            },
            effect: sign.effect,
            place: self.cut.place(sign.file, sign.at),
        });
        Judged {
            effect,
            evidence: evidence.collect(),
            only_own,
        }
    }

    /// What `item` does to the world at the worst.
    fn outside(&self, item: ItemId) -> Effect {
        if let Some(known) = self.known.outside.borrow().get(&item) {
            return *known;
        }
        let mut worst = Effect::Read;
        for reached in self.reach(item) {
            let signs = &self.direct(reached).signs;
            worst = signs
                .iter()
                .map(|sign| sign.effect)
                .fold(worst, Effect::max);
            if worst == Effect::Write {
                break;
            }
        }
        self.known.outside.borrow_mut().insert(item, worst);
        worst
    }

    /// Whether `item` does nothing that anybody but its caller could notice, and reads nothing but its
    /// arguments, settings and the clock.
    pub(super) fn is_pure(&self, item: ItemId) -> bool {
        let found = |item| self.direct(item).signs.is_empty();
        self.holds(&self.known.pure, item, found)
    }

    /// Whether `item`, or something that it calls, talks to a database.
    pub(super) fn uses_database(&self, item: ItemId) -> bool {
        let found = |item| !self.direct(item).database;
        !self.holds(&self.known.database, item, found)
    }

    /// Whether `of` holds for `item` and all that it calls.
    fn holds(
        &self,
        known: &RefCell<HashMap<ItemId, bool>>,
        item: ItemId,
        of: impl Fn(ItemId) -> bool,
    ) -> bool {
        if let Some(known) = known.borrow().get(&item) {
            return *known;
        }
        let reached = self.reach(item);
        let holds = reached.into_iter().all(of);
        known.borrow_mut().insert(item, holds);
        holds
    }

    /// `item` and all that it calls, nearest first, what is called without being named included.
    fn reach(&self, item: ItemId) -> Vec<ItemId> {
        let mut known = HashSet::from([item]);
        let mut reached = vec![item];
        let mut next = 0;
        while let Some(item) = reached.get(next).copied() {
            next += 1;
            let direct = self.direct(item);
            let fresh = direct.edges.iter().filter(|(one, _)| known.insert(*one));
            reached.extend(fresh.map(|(one, _)| *one));
        }
        reached
    }

    /// Who calls whom.
    pub(super) fn calls(&self) -> &'c CallGraph {
        &self.known.calls
    }

    /// Whether a trait's method may have implementations that the index does not show.
    fn may_be_implemented_by_macro(&self, method: ItemId) -> bool {
        let model = self.cut.model;
        let owner = model.item(method).owner.map(|owner| model.item(owner));
        owner.is_some_and(|owner| {
            owner.kind == ItemKind::Trait && self.known.implemented_by_macros.contains(&owner.name)
        })
    }

    /// The workspace's types that implement a trait of it.
    pub(super) fn implementers(&self, of_trait: &str) -> Vec<ItemId> {
        self.known.implementations.types(of_trait).collect()
    }

    fn implementations_of(&self, item: ItemId) -> Vec<ItemId> {
        self.known
            .implementations
            .of_method(self.cut.model, item)
            .to_vec()
    }

    fn implicit_calls(&self, item: ItemId, place: Definition, source: &Source) -> Vec<ItemId> {
        let universe = &self.known.universe;
        self.known
            .implicit
            .calls(self.cut, universe, item, place, source)
    }

    /// Of an implementation that a derive made, what it calls; `None` for anything else.
    fn derived(&self, item: &Item) -> Option<Vec<ItemId>> {
        let of_trait = facts::implemented(item)?;
        let facts = &self.cut.world.facts;
        let derived = self
            .derives(facts::owner(item))
            .any(|name| name == of_trait);
        if !derived || !facts.name(Is::Derives, of_trait) {
            return None;
        }
        let universe = &self.known.universe;
        Some(self.known.implicit.of_fields(self.cut, universe, item))
    }

    /// What the types of a name derive.
    fn derives(&self, name: &str) -> impl Iterator<Item = String> {
        let mut derives = Vec::new();
        for id in self.cut.world.types_named(name) {
            let Some(place) = self.cut.model.item(*id).definition else {
                continue;
            };
            if let Some(source) = self.cut.sources.get(place.file)
                && let Some(of) = source.type_at(place.name.start)
            {
                derives.extend(of.derives.iter().cloned());
            }
        }
        derives.into_iter()
    }

    /// Whether it is a function that a derive made to build or to look at values.
    fn builds(&self, item: &Item) -> bool {
        let owner = facts::owner(item);
        let facts = &self.cut.world.facts;
        let built = owner.strip_suffix("Builder").unwrap_or(owner);
        let mut derives = self.derives(owner).chain(self.derives(built));
        derives.any(|name| facts.name(Is::Builds, &name))
    }

    /// Whether a constant holds SQL. Its effect is a sign of the constant itself.
    fn constant_sql(&self, item: ItemId) -> bool {
        let Some(place) = self.cut.model.item(item).definition else {
            return false;
        };
        let queries = self.queries(place.file);
        queries.iter().any(|query| {
            let known = matches!(query.sql, Sql::Statements { .. });
            place.whole.contains(query.at) && known
        })
    }

    fn is_database(&self, item: &Item) -> bool {
        let facts = &self.cut.world.facts;
        let kinds = [
            Is::Sql,
            Is::Changes,
            Is::RunsChange,
            Is::RunsOwn,
            Is::RunsGiven,
            Is::SqlPart,
        ];
        kinds.into_iter().any(|is| facts.say(is, item))
    }

    fn direct(&self, item: ItemId) -> Rc<Direct> {
        if let Some(known) = self.known.direct.borrow().get(&item) {
            return Rc::clone(known);
        }
        let direct = Rc::new(direct::of(self, item));
        self.known
            .direct
            .borrow_mut()
            .insert(item, Rc::clone(&direct));
        direct
    }

    /// The SQL in a file's strings.
    fn queries(&self, file: FileId) -> Rc<Vec<Query>> {
        if let Some(known) = self.known.queries.borrow().get(&file) {
            return Rc::clone(known);
        }
        let found = if queries::may_have_sql(self.cut, file, None) {
            queries::of_file(self.cut, file, &self.known.tables)
        } else {
            Vec::new()
        };
        let found = Rc::new(found);
        self.known
            .queries
            .borrow_mut()
            .insert(file, Rc::clone(&found));
        found
    }
}
