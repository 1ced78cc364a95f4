//! What a function does to the world, at the worst, found through all that it calls.
//!
//! It errs towards writing: what cannot be seen writes. A person confirms the answer before a call
//! goes into the shadow, where a write that was taken for a read would happen twice.
//!
//! Not seen are what operators, `Drop` and generated code do, and calls of function pointers; a closure
//! counts where it is written, since it is there that its body stands.

mod diesel;
mod direct;
mod externals;
mod packages;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use self::direct::Direct;
use super::Cut;
use super::calls::{CallGraph, Implementations};
use super::queries::{self, Query};
use super::tables::Schema;
use crate::model::{FileId, ItemId, Position};
use crate::report::{Effect, Evidence};

/// More says no more.
const EVIDENCE: usize = 8;

/// What is found once for a model, whatever is cut out of it.
pub(super) struct Known {
    calls: CallGraph,
    implementations: Implementations,
    schema: Schema,
    tables: HashSet<String>,
    direct: RefCell<HashMap<ItemId, Rc<Direct>>>,
    queries: RefCell<HashMap<FileId, Rc<Vec<Query>>>>,
    pure: RefCell<HashMap<ItemId, bool>>,
    database: RefCell<HashMap<ItemId, bool>>,
}

/// What functions do.
pub(super) struct Effects<'c> {
    cut: &'c Cut<'c>,
    known: &'c Known,
}

/// What `item` does at the worst, and why that is thought, the worst and the nearest first.
pub(super) fn effects(cut: &Cut<'_>, item: ItemId) -> (Effect, Vec<Evidence>) {
    Effects::new(cut).of(item)
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
                direct: RefCell::default(),
                queries: RefCell::default(),
                pure: RefCell::default(),
                database: RefCell::default(),
            }
        });
        Self { cut, known }
    }

    /// What `item` does at the worst, and why that is thought, the worst and the nearest first.
    pub(super) fn of(&self, item: ItemId) -> (Effect, Vec<Evidence>) {
        let made = self.cut.model.item(item).definition.is_none();
        if made && !self.is_known(item) {
            return (Effect::Write, Vec::new());
        }
        let mut signs: Vec<(Sign, Option<ItemId>)> = Vec::new();
        for (depth, reached) in self.reach(item).into_iter().enumerate() {
            let direct = self.direct(reached);
            let through = (depth > 0).then_some(reached);
            signs.extend(direct.signs.iter().map(|sign| (sign.clone(), through)));
        }
        // The sort is stable: of equals, the nearest comes first.
        signs.sort_by_key(|(sign, _)| std::cmp::Reverse(sign.effect));
        let mut said = HashSet::new();
        signs.retain(|(sign, _)| said.insert(sign.what.clone()));
        let effect = signs.first().map_or(Effect::Read, |(sign, _)| sign.effect);
        signs.truncate(EVIDENCE);
        let evidence = signs.into_iter().map(|(sign, through)| Evidence {
            what: match through {
                Some(item) => format!("{}, in {}", sign.what, self.cut.model.item_path(item)),
                None => sign.what,
            },
            effect: sign.effect,
            place: self.cut.place(sign.file, sign.at),
        });
        (effect, evidence.collect())
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

    /// `item` and all that it calls.
    fn reach(&self, item: ItemId) -> Vec<ItemId> {
        self.known.calls.reach(item, |_| true)
    }

    /// Who calls whom.
    pub(super) fn calls(&self) -> &'c CallGraph {
        &self.known.calls
    }

    /// Whether a function that a macro made is one whose doings are known: a setting that is read, a
    /// part of a table, a value made of a value.
    fn is_known(&self, item: ItemId) -> bool {
        let implements = self.cut.model.item(item).implements.as_deref();
        self.cut.is_setting(item)
            || self.known.schema.table(item).is_some()
            || implements.is_some_and(externals::is_conversion)
            || self.builds(item)
    }

    /// Whether it is a part of a builder that a derive made, which holds values until `build()`.
    fn builds(&self, item: ItemId) -> bool {
        let item = self.cut.model.item(item);
        let of = item.path.rsplit("::").nth(1);
        item.name == "builder" || of.is_some_and(|of| of.ends_with("Builder"))
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
