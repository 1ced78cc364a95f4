//! The tables that code names: those of diesel's `table!` and sea-orm's entities.

use std::collections::{HashMap, HashSet};

use super::super::Cut;
use crate::model::{FileId, Item, ItemId, ItemKind, Reference, Span};

/// A table that has a name in the code.
struct Named {
    name: String,
    by: &'static str,
    /// Where it is defined: what stands there is no use of it.
    definition: Option<(FileId, Span)>,
}

/// Every such table.
pub(in super::super) struct Schema {
    tables: Vec<Named>,
    /// Of an item, the table that it is a part of.
    of: HashMap<ItemId, usize>,
}

impl Schema {
    pub(in super::super) fn of(cut: &Cut<'_>) -> Self {
        let model = cut.model;
        let mut roots: HashMap<&str, usize> = HashMap::new();
        let mut tables = Vec::new();
        let definitions: HashMap<&str, &Item> = model
            .items
            .iter()
            .filter(|item| item.kind == ItemKind::Module)
            .map(|item| (item.symbol.as_str(), item))
            .collect();
        for item in &model.items {
            let diesel = item.symbol.strip_suffix("table#");
            let entity = item.symbol.strip_suffix("Entity#");
            let Some(root) = diesel.or(entity).filter(|root| root.ends_with('/')) else {
                continue;
            };
            let module = definitions.get(root).copied();
            let name = match diesel {
                Some(_) => root
                    .trim_end_matches('/')
                    .rsplit(['/', ' '])
                    .next()
                    .map(str::to_owned),
                None => entity_name(cut, item),
            };
            let Some(name) = name.filter(|name| !name.is_empty()) else {
                continue;
            };
            if roots.contains_key(root) {
                continue;
            }
            let place = module.and_then(|module| module.definition);
            roots.insert(root, tables.len());
            tables.push(Named {
                name: name.to_lowercase(),
                by: if diesel.is_some() {
                    "diesel"
                } else {
                    "sea-orm"
                },
                definition: place.map(|place| (place.file, place.whole)),
            });
        }
        let mut of = HashMap::new();
        for (id, item) in model.item_ids() {
            let ends = item.symbol.match_indices('/').map(|(at, _)| at + 1);
            let root = ends.rev().find_map(|end| roots.get(&item.symbol[..end]));
            if let Some(table) = root.filter(|table| part_of(&tables[**table], item)) {
                of.insert(id, *table);
            }
        }
        Self { tables, of }
    }

    /// The names of all tables.
    pub(in super::super) fn names(&self) -> HashSet<String> {
        self.tables.iter().map(|table| table.name.clone()).collect()
    }

    /// The table that an item is, or is a part of.
    pub(in super::super) fn table(&self, item: ItemId) -> Option<&str> {
        let table = self.of.get(&item)?;
        Some(&self.tables[*table].name)
    }

    pub(super) fn by(&self, table: &str) -> &'static str {
        let named = self.tables.iter().find(|one| one.name == table);
        named.map_or("diesel", |named| named.by)
    }

    /// Every place that names a table, its definition aside.
    pub(super) fn references<'a>(
        &'a self,
        cut: &'a Cut<'_>,
    ) -> impl Iterator<Item = (&'a str, &'a Reference)> {
        cut.model.references.iter().filter_map(|reference| {
            let table = &self.tables[*self.of.get(&reference.to)?];
            let defines = table.definition.is_some_and(|(file, span)| {
                file == reference.file && span.encloses(&reference.span)
            });
            (!defines).then_some((table.name.as_str(), reference))
        })
    }
}

/// Of an entity's module, what a statement is made of. Its `Model` is a row, which is data.
fn part_of(table: &Named, item: &Item) -> bool {
    table.by == "diesel"
        || ["Entity", "Column", "ActiveModel"].iter().any(|name| {
            item.path == *name
                || item
                    .path
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with("::"))
        })
}

/// What `table_name = "…"` says in the module of an entity, or the function of that name. A derive that
/// makes the entity leaves no definition of it, but stands in that module as well.
fn entity_name(cut: &Cut<'_>, item: &Item) -> Option<String> {
    let module = item.module.map(|module| cut.model.module(module));
    let file = item
        .definition
        .map(|place| place.file)
        .or(module.and_then(|module| module.file))?;
    let path = cut.model.root.join(&cut.model.file(file).path);
    let text = std::fs::read_to_string(path).ok()?;
    let inside = module.filter(|module| module.inline && module.file == Some(file));
    let text = match inside {
        Some(module) => {
            let lines = text.lines().skip(module.span.start.line as usize);
            let count = module.span.end.line.saturating_sub(module.span.start.line) + 1;
            lines.take(count as usize).collect::<Vec<_>>().join("\n")
        }
        None => text,
    };
    let after = text.split_once("table_name")?.1;
    let near: String = after.chars().take(80).collect();
    near.split('"').nth(1).map(str::to_owned)
}
