//! Each place where an item is named, and what exactly is meant there.

use std::collections::HashMap;

use super::around::Arounds;
use super::build::{Builder, id};
use crate::model::{FileId, Item, ItemId, ItemKind, ModuleId, Reference};

impl Builder<'_> {
    pub(super) fn references(&mut self) {
        let relative = self.relative_modules();
        let arounds = Arounds::new(&self.model);
        self.references_to_impls();
        for at in 0..self.raw.documents.len() {
            self.references_of(at, &arounds, &relative);
        }
        let references = &mut self.model.references;
        references.sort_by_key(|one| (one.file, one.span, one.to));
        references.dedup_by_key(|one| (one.file, one.span, one.to));
    }

    /// Python's modules, by their last name.
    fn relative_modules(&self) -> HashMap<String, Vec<(ModuleId, ItemId)>> {
        let mut modules: HashMap<String, Vec<(ModuleId, ItemId)>> = HashMap::new();
        for (id, item) in self.model.item_ids() {
            let python = item.symbol.starts_with("scip-python ");
            if let Some(module) = item
                .module
                .filter(|_| python && item.kind == ItemKind::Module)
            {
                modules
                    .entry(item.name.clone())
                    .or_default()
                    .push((module, id));
            }
        }
        modules
    }

    /// scip-python calls the module of `from . import pricing` by that name alone: it is the nearest of
    /// that name around the place.
    fn relative(
        &self,
        to: ItemId,
        from: ModuleId,
        modules: &HashMap<String, Vec<(ModuleId, ItemId)>>,
    ) -> Option<ItemId> {
        let item = self.model.item(to);
        if item.module.is_some() || item.kind != ItemKind::Module {
            return None;
        }
        let named = modules.get(&item.name)?;
        self.model.ancestors(from).find_map(|around| {
            let inside = |(module, _): &&(ModuleId, ItemId)| {
                self.model.module(*module).parent == Some(around)
            };
            named.iter().find(inside).map(|(_, item)| *item)
        })
    }

    /// `Self` is named as the `impl` block that it is in: what is meant is the block's type.
    fn references_to_impls(&mut self) {
        let defined: HashMap<(ModuleId, &str), ItemId> = self
            .model
            .item_ids()
            .filter(|(_, item)| item.definition.is_some() && item.kind == ItemKind::Type)
            .filter_map(|(id, item)| Some(((item.module?, item.path.as_str()), id)))
            .collect();
        for of in self.items.values_mut() {
            for (_, item) in of {
                let named = self.model.item(*item);
                if named.kind != ItemKind::Type || named.definition.is_some() {
                    continue;
                }
                if let Some(module) = named.module.filter(|_| named.symbol.ends_with(']'))
                    && let Some(meant) = defined.get(&(module, named.path.as_str()))
                {
                    *item = *meant;
                }
            }
        }
    }

    fn references_of(
        &mut self,
        at: usize,
        arounds: &Arounds,
        relative: &HashMap<String, Vec<(ModuleId, ItemId)>>,
    ) {
        let (document, text) = (&self.raw.documents[at], &self.texts[at]);
        let file = FileId(id(at));
        let target = self.file_targets[at];
        for occurrence in document.occurrences.iter().filter(|one| !one.definition) {
            let Some(span) = text.span(occurrence.range, document.encoding) else {
                continue;
            };
            let Some(symbol) = occurrence.symbol else {
                continue;
            };
            let (from, within) = arounds.find(self.model.file(file).module, file, span);
            let Some((to, guessed)) = self.named(symbol, target, from, text.path_start(span))
            else {
                continue;
            };
            self.guessed += usize::from(guessed);
            let to = self.relative(to, from, relative).unwrap_or(to);
            self.model.references.push(Reference {
                file,
                span,
                from,
                within,
                to,
            });
        }
    }

    /// The item that `symbol` means in the module `from` of `target`, at the end of a path that begins
    /// with `outermost`, and whether that is a guess. Several targets of a package may define it: it is
    /// the target's own, unless it is named through the library's name.
    fn named(
        &self,
        symbol: u32,
        target: Option<usize>,
        from: ModuleId,
        outermost: &str,
    ) -> Option<(ItemId, bool)> {
        let of = self.items.get(&symbol)?;
        if let [(_, only)] = of.as_slice() {
            return Some((*only, false));
        }
        let package = &self.parsed[symbol as usize].as_ref()?.package.1;
        let main = self.targets.main_of(package);
        let own = of.iter().find(|(of, _)| *of == target);
        let library = of.iter().find(|(of, _)| *of == main);
        let (Some(own), Some(library)) = (own, library) else {
            let (_, found) = own.or(library).or(of.first())?;
            return Some((*found, false));
        };
        if target == main || ["crate", "self", "super"].contains(&outermost) {
            return Some((own.1, false));
        }
        if outermost == package.replace('-', "_") {
            return Some((library.1, false));
        }
        let item = self.model.item(own.1);
        let is_beside = item.module == Some(from) && item.name == outermost;
        Some((own.1, !is_beside))
    }

    /// A field's, a variant's and a method's type.
    pub(super) fn owners(&mut self) {
        let mut types: HashMap<(ModuleId, &str), ItemId> = HashMap::new();
        for (id, item) in self.model.item_ids() {
            let is_type = matches!(item.kind, ItemKind::Type | ItemKind::Trait);
            if let Some(module) = item.module.filter(|_| is_type) {
                // What is defined comes first; `Self` has an item of its own, without a definition.
                types.entry((module, &item.path)).or_insert(id);
            }
        }
        let owner = |item: &Item| {
            let module = item.module?;
            let separator = if item.path.contains("::") { "::" } else { "." };
            let (of, _) = item.path.rsplit_once(separator)?;
            self.model
                .ancestors(module)
                .find_map(|module| types.get(&(module, of)))
                .copied()
        };
        let owners: Vec<_> = self.model.items.iter().map(owner).collect();
        for (item, owner) in self.model.items.iter_mut().zip(owners) {
            item.owner = owner;
        }
    }
}
