use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::error::{Error, Result};
use crate::model::{FileId, ItemId, ItemKind, Model, ModuleId, Position, Reference};
use crate::report::{Place, Use};
use crate::syntax::Sources;

/// A model and its source, with what is where looked up once for all cuts.
pub struct World<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its source.
    pub sources: Sources<'a>,
    /// Of each file, its references in [`Model::references`].
    by_file: HashMap<FileId, std::ops::Range<usize>>,
    /// Of each module, the references that stand in it.
    by_module: HashMap<ModuleId, Vec<usize>>,
    /// Of each item, the references that stand in it.
    by_item: HashMap<ItemId, Vec<usize>>,
    /// Of each item, the references that name it.
    to_item: HashMap<ItemId, Vec<usize>>,
    /// Of each module, the items that are in it.
    items: HashMap<ModuleId, Vec<ItemId>>,
    /// Types by their name.
    types: HashMap<&'a str, Vec<ItemId>>,
    /// Types that a static holds: the workspace's settings, most often.
    held: HashSet<ItemId>,
    /// What is known of other packages.
    pub(super) facts: super::effects::Facts,
    /// What functions do, found when it is first asked for.
    pub(super) effects: OnceCell<super::effects::Known>,
    /// Who touches which table, found when it is asked for.
    pub(super) tables: OnceCell<BTreeMap<String, BTreeSet<ModuleId>>>,
}

impl<'a> World<'a> {
    /// Of `model`.
    #[must_use]
    pub fn new(model: &'a Model) -> Self {
        Self::knowing(model, super::effects::Facts::known())
    }

    /// Of `model`, with these facts and no other.
    pub(super) fn knowing(model: &'a Model, facts: super::effects::Facts) -> Self {
        let mut world = Self {
            model,
            facts,
            sources: Sources::new(model),
            by_file: HashMap::new(),
            by_module: HashMap::new(),
            by_item: HashMap::new(),
            to_item: HashMap::new(),
            items: HashMap::new(),
            types: HashMap::new(),
            held: HashSet::new(),
            effects: OnceCell::new(),
            tables: OnceCell::new(),
        };
        for (at, reference) in model.references.iter().enumerate() {
            world.by_file.entry(reference.file).or_insert(at..at).end = at + 1;
            world.by_module.entry(reference.from).or_default().push(at);
            if let Some(within) = reference.within {
                world.by_item.entry(within).or_default().push(at);
            }
            world.to_item.entry(reference.to).or_default().push(at);
        }
        for (id, item) in model.item_ids() {
            if let Some(module) = item.module {
                world.items.entry(module).or_default().push(id);
                if item.kind == ItemKind::Type {
                    world.types.entry(&item.name).or_default().push(id);
                }
            }
            if item.kind == ItemKind::Static {
                let named = world.by_item.get(&id).into_iter().flatten();
                let named = named.map(|at| model.references[*at].to);
                let types = named.filter(|id| {
                    model.item(*id).kind == ItemKind::Type && model.item(*id).module.is_some()
                });
                world.held.extend(types);
            }
        }
        world
    }

    /// The workspace's types of a name.
    pub(super) fn types_named(&self, name: &str) -> &[ItemId] {
        self.types.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A cut drawn through a model: some modules are inside, all else is outside.
pub struct Cut<'a> {
    /// What is cut.
    pub model: &'a Model,
    /// Its source.
    pub sources: &'a Sources<'a>,
    /// What is where.
    pub world: &'a World<'a>,
    /// The modules that were named.
    pub modules: Vec<ModuleId>,
    /// Of each module, whether it is inside.
    inside: Vec<bool>,
}

impl<'a> Cut<'a> {
    /// Draws the cut around `modules` and all that is in them.
    pub fn new(world: &'a World<'a>, modules: &[ModuleId]) -> Result<Self> {
        let model = world.model;
        let mut inside = vec![false; model.modules.len()];
        for (id, module) in model.module_ids() {
            let parent = module
                .parent
                .is_some_and(|parent| inside[parent.0 as usize]);
            inside[id.0 as usize] = parent || modules.contains(&id);
        }
        if !inside.contains(&false) {
            let message =
                "all of the workspace would be cut out, and nothing is left to cut it from";
            return Err(Error::usage(message)
                .help("name a module or a crate of it: `boundary rank` lists them"));
        }
        Ok(Self {
            model,
            sources: &world.sources,
            world,
            modules: modules.to_vec(),
            inside,
        })
    }

    /// Whether an item is a part of what a static holds: `CONFIG.domain()` reads a setting, and
    /// calls nobody.
    #[must_use]
    pub fn is_setting(&self, item: ItemId) -> bool {
        let item = self.model.item(item);
        let held = |owner| self.world.held.contains(&owner);
        // One that is written by hand may do anything: what it does is looked at.
        item.definition.is_none() && item.owner.is_some_and(held)
    }

    /// The modules inside, those in them included.
    pub fn inner(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.model
            .module_ids()
            .map(|(id, _)| id)
            .filter(|id| self.is_inside(*id))
    }

    /// Whether a module is inside.
    #[must_use]
    pub fn is_inside(&self, module: ModuleId) -> bool {
        self.inside[module.0 as usize]
    }

    /// Whether an item is inside; one of another package is not.
    #[must_use]
    pub fn has(&self, item: ItemId) -> bool {
        self.model
            .item(item)
            .module
            .is_some_and(|module| self.is_inside(module))
    }

    /// References from outside to something inside, by file and place.
    pub fn inbound(&self) -> impl Iterator<Item = &'a Reference> + '_ {
        let items = self
            .inner()
            .filter_map(|module| self.world.items.get(&module))
            .flatten();
        let places = items
            .filter_map(|item| self.world.to_item.get(item))
            .flatten();
        self.in_order(places, |one| !self.is_inside(one.from))
    }

    /// References from inside to something of the workspace that is outside, by file and place.
    pub fn outbound(&self) -> impl Iterator<Item = &'a Reference> + '_ {
        let places = self
            .inner()
            .filter_map(|module| self.world.by_module.get(&module))
            .flatten();
        let outside = |id: ItemId| {
            self.model
                .item(id)
                .module
                .is_some_and(|module| !self.is_inside(module))
        };
        self.in_order(places, move |one| outside(one.to))
    }

    fn in_order<'s>(
        &self,
        places: impl Iterator<Item = &'s usize>,
        crosses: impl Fn(&Reference) -> bool,
    ) -> impl Iterator<Item = &'a Reference> {
        let references: &'a [Reference] = &self.model.references;
        let mut places: Vec<usize> = places
            .copied()
            .filter(|at| crosses(&references[*at]))
            .collect();
        places.sort_unstable();
        places.into_iter().map(move |at| &references[at])
    }

    /// The references that stand in `item`, closures included and nested items aside.
    pub fn references_in(&self, item: ItemId) -> impl Iterator<Item = &'a Reference> + '_ {
        let places = self
            .world
            .by_item
            .get(&item)
            .map(Vec::as_slice)
            .unwrap_or_default();
        places.iter().map(|at| &self.model.references[*at])
    }

    /// The references that name `item`.
    pub fn references_to(&self, item: ItemId) -> impl Iterator<Item = &'a Reference> + '_ {
        let places = self
            .world
            .to_item
            .get(&item)
            .map(Vec::as_slice)
            .unwrap_or_default();
        places.iter().map(|at| &self.model.references[*at])
    }

    /// The references of a file.
    #[must_use]
    pub fn references_of(&self, file: FileId) -> &'a [Reference] {
        let range = self.world.by_file.get(&file).cloned().unwrap_or_default();
        &self.model.references[range]
    }

    /// What the name that begins at `at` means.
    #[must_use]
    pub fn named_at(&self, file: FileId, at: Position) -> Option<ItemId> {
        let references = self.references_of(file);
        let first = references.partition_point(|one| one.span.start < at);
        references
            .get(first)
            .filter(|one| one.span.start == at)
            .map(|one| one.to)
    }

    /// The functions and methods that `item` names in its body, each once.
    #[must_use]
    pub fn callees(&self, item: ItemId) -> Vec<ItemId> {
        let is_function = |one: &&Reference| {
            matches!(
                self.model.item(one.to).kind,
                ItemKind::Function | ItemKind::Method
            )
        };
        let mut callees: Vec<_> = self
            .references_in(item)
            .filter(is_function)
            .map(|one| one.to)
            .collect();
        callees.sort_unstable();
        callees.dedup();
        callees
    }

    /// Whether a reference is in code for tests, benches or examples.
    #[must_use]
    pub fn is_test(&self, reference: &Reference) -> bool {
        self.model.module(reference.from).test
            || self
                .sources
                .get(reference.file)
                .is_some_and(|source| source.is_test(reference.span.start))
    }

    /// The innermost module around a place.
    #[must_use]
    pub fn module_at(&self, file: FileId, at: Position) -> ModuleId {
        let own = |module: &crate::model::Module| {
            module.inline && module.file == Some(file) && module.span.contains(at)
        };
        let inner = self.model.module_ids().filter(|(_, module)| own(module));
        inner
            .max_by_key(|(_, module)| module.span.start)
            .map_or(self.model.file(file).module, |(id, _)| id)
    }

    /// A place as a report writes it.
    #[must_use]
    pub fn place(&self, file: FileId, at: Position) -> Place {
        Place {
            file: self.model.file(file).path.clone(),
            line: at.line.saturating_add(1),
            column: at.column.saturating_add(1),
        }
    }

    /// A reference as a report writes it.
    #[must_use]
    pub fn written(&self, reference: &Reference) -> Use {
        Use {
            place: self.place(reference.file, reference.span.start),
            module: self.model.module(reference.from).path.clone(),
            within: reference
                .within
                .map(|item| self.model.item(item).path.clone()),
            test: self.is_test(reference),
        }
    }
}
