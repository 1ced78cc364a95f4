//! The workspace's own types, followed to their fields.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::mapper::Mapper;
use super::scope::Scope;
use super::wire::{Shape, Wire};
use crate::model::{ItemId, ItemKind};
use crate::report::{CrossingType, Value, Verdict};
use crate::syntax::{TypeBody, TypeDefinition};

/// What has been found out of each type.
#[derive(Default)]
pub(super) struct Types {
    /// `None` while it is being looked at: it is in one of its own fields.
    found: RefCell<BTreeMap<ItemId, Option<Found>>>,
    /// Types that were mapped while a type in them was still open, so that what it is was not known.
    early: RefCell<BTreeSet<ItemId>>,
    /// Types that are being looked at.
    open: RefCell<Vec<ItemId>>,
}

struct Found {
    wire: Wire,
    described: CrossingType,
}

impl Mapper<'_> {
    /// What a type of the workspace becomes, given what its generic arguments become.
    pub(super) fn workspace_type(&self, id: ItemId, arguments: Vec<Wire>) -> Wire {
        let item = self.cut.model.item(id);
        if item.kind == ItemKind::Trait {
            return Wire::blocked(format!("{} is a trait", item.name), "name a type");
        }
        let id = self.defined(id);
        let item = self.cut.model.item(id);
        let definition = item.definition.and_then(|place| {
            let source = self.cut.sources.get(place.file)?;
            source.type_at(place.name.start)?;
            Some((place, source))
        });
        let Some((place, source)) = definition else {
            return self.made_by_macro(id);
        };
        let Some(of) = source.type_at(place.name.start) else {
            return self.made_by_macro(id);
        };
        let mut scope = Scope::new(place.file, source.clone());
        scope.self_type = Some(id);
        let parameters = of
            .generics
            .type_params()
            .map(|parameter| parameter.ident.to_string());
        let generic = of.generics.type_params().next().is_some();
        scope.known = parameters.zip(arguments).collect();
        scope = scope.bound(&of.generics);
        if let TypeBody::Alias(alias) = &of.body {
            return self.map(alias, &scope);
        }
        if let Some(known) = self.types.found.borrow().get(&id)
            && !(generic && known.is_some())
        {
            return match known {
                Some(found) => found.wire.clone(),
                // Recursive: a message may hold itself.
                None => {
                    self.meets_open(id);
                    Wire::plain(Shape::Named(item.name.clone()), 16)
                }
            };
        }
        self.types.found.borrow_mut().insert(id, None);
        self.types.open.borrow_mut().push(id);
        let (wire, fields) = self.body(&item.name, of, &scope);
        self.types.open.borrow_mut().pop();
        let mut wire = wire;
        if is_handle_name(&item.name) && wire.verdict != Verdict::Wire {
            wire = Wire::dropped("a way to the database: the service has a pool of its own");
        }
        let described = CrossingType {
            item: self.cut.model.item_path(id),
            place: Some(self.cut.place(place.file, place.name.start)),
            verdict: wire.verdict,
            proto: wire.shape.written().map(|name| kind_of(&of.body, &name)),
            note: wire.note.clone(),
            fields,
            through: Vec::new(),
        };
        wire.types.push(id);
        self.types.found.borrow_mut().insert(
            id,
            Some(Found {
                wire: wire.clone(),
                described,
            }),
        );
        self.map_again();
        wire
    }

    /// Notes the types between an open one and what meets it: what they are hangs on what that is.
    fn meets_open(&self, id: ItemId) {
        let open = self.types.open.borrow();
        let between = open.iter().rev().take_while(|one| **one != id);
        self.types.early.borrow_mut().extend(between);
    }

    /// Maps the types once more that were mapped too early, so that a type has one verdict,
    /// independent of the order of the functions.
    fn map_again(&self) {
        if !self.types.open.borrow().is_empty() {
            return;
        }
        let early = std::mem::take(&mut *self.types.early.borrow_mut());
        for id in &early {
            self.types.found.borrow_mut().remove(id);
        }
        for id in early {
            // Found anew, unless another of them was the way to it.
            if !self.types.found.borrow().contains_key(&id) {
                self.workspace_type(id, Vec::new());
            }
        }
    }

    /// `Self` has an item of its own in an index; the type that it is has the definition.
    pub(super) fn defined(&self, id: ItemId) -> ItemId {
        let item = self.cut.model.item(id);
        if item.definition.is_some() {
            return id;
        }
        let same = self.cut.model.item_ids().find(|(_, other)| {
            other.definition.is_some()
                && other.module == item.module
                && other.path == item.path
                && other.kind == item.kind
        });
        same.map_or(id, |(id, _)| id)
    }

    fn body(&self, name: &str, of: &TypeDefinition, scope: &Scope) -> (Wire, Vec<Value>) {
        match &of.body {
            TypeBody::Struct(fields) => self.structure(name, fields, scope),
            TypeBody::Enum(variants) => self.enumeration(name, variants, scope),
            TypeBody::Alias(alias) => (self.map(alias, scope), Vec::new()),
            TypeBody::Union => {
                let wire = Wire::blocked("a union says not what is in it", "an enum");
                (wire, Vec::new())
            }
        }
    }

    fn structure(&self, name: &str, fields: &syn::Fields, scope: &Scope) -> (Wire, Vec<Value>) {
        let mapped: Vec<_> = fields
            .iter()
            .map(|field| self.field(field, scope))
            .collect();
        let values = mapped
            .iter()
            .enumerate()
            .map(|(at, (value, _))| numbered(value.clone(), at))
            .collect();
        let wires = || mapped.iter().map(|(_, wire)| wire);
        // A database connection or a lock inside makes the whole a handle: it stays where it is, and
        // the service has one of its own.
        if let Some(handle) = wires().find(|wire| wire.verdict == Verdict::Drop || is_local(wire)) {
            let what = handle.note.clone().unwrap_or_default();
            let wire = Wire::dropped(format!("a handle ({what}): the service has one of its own"));
            return (wire, values);
        }
        if let (syn::Fields::Unnamed(_), [(_, inner)]) = (fields, mapped.as_slice()) {
            let wire = inner.clone().with(
                Verdict::Convert,
                "a newtype: rebuilt by its checked constructor",
            );
            return (wire, values);
        }
        let message = Wire::plain(Shape::Named(name.to_owned()), 2);
        let parts = mapped
            .iter()
            .map(|(value, wire)| (value.name.as_str(), wire));
        (message.of_parts(parts), values)
    }

    fn enumeration(
        &self,
        name: &str,
        variants: &[syn::Variant],
        scope: &Scope,
    ) -> (Wire, Vec<Value>) {
        let mut parts = Vec::new();
        let mut values = Vec::new();
        let plain = variants.iter().all(|variant| variant.fields.is_empty());
        for variant in variants {
            for (at, field) in variant.fields.iter().enumerate() {
                let (value, mapped) = self.field(field, scope);
                let value = numbered(value, at);
                let name = format!("{}.{}", variant.ident, value.name);
                values.push(Value {
                    name: name.clone(),
                    ..value
                });
                parts.push((name, mapped));
            }
        }
        let named = Wire::plain(Shape::Named(name.to_owned()), 4);
        let mut wire = named.of_parts(parts.iter().map(|(name, wire)| (name.as_str(), wire)));
        if plain {
            wire = wire.with(
                Verdict::Wire,
                "an enum: 0 is UNSPECIFIED, and an error to read",
            );
        }
        (wire, values)
    }

    fn field(&self, field: &syn::Field, scope: &Scope) -> (Value, Wire) {
        let wire = self.map(&field.ty, scope);
        let name = field
            .ident
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default();
        let rust = scope
            .source
            .slice(scope.source.span(syn::spanned::Spanned::span(&field.ty)));
        (value(&name, rust, &wire), wire)
    }

    /// A type whose definition a macro made: its variants are known by name, its fields' types are
    /// not.
    fn made_by_macro(&self, id: ItemId) -> Wire {
        let model = self.cut.model;
        let item = model.item(id);
        let parts = || model.items.iter().filter(|part| part.owner == Some(id));
        let has_fields = parts().any(|part| part.kind == ItemKind::Field);
        let has_variants = parts().any(|part| part.kind == ItemKind::Variant);
        let mut wire = if has_variants && !has_fields {
            let note = "an enum that a macro writes: 0 is UNSPECIFIED, and an error to read";
            Wire::plain(Shape::Named(item.name.clone()), 4).with(Verdict::Wire, note)
        } else {
            Wire::blocked(
                format!(
                    "a macro makes {}, so its fields are not in the source",
                    item.name
                ),
                "write it out, or a type beside it that says what crosses",
            )
        };
        let described = CrossingType {
            item: model.item_path(id),
            place: item
                .definition
                .map(|place| self.cut.place(place.file, place.name.start)),
            verdict: wire.verdict,
            proto: wire.shape.written().map(|name| format!("enum {name}")),
            note: wire.note.clone(),
            fields: Vec::new(),
            through: Vec::new(),
        };
        wire.types.push(id);
        let found = Found {
            wire: wire.clone(),
            described,
        };
        self.types.found.borrow_mut().insert(id, Some(found));
        wire
    }

    /// The types that `crossing` reach, each with what brings it across.
    pub(super) fn described(&self, crossing: &BTreeMap<ItemId, Vec<String>>) -> Vec<CrossingType> {
        let found = self.types.found.borrow();
        let mut described = Vec::new();
        for (id, through) in crossing {
            if let Some(Some(one)) = found.get(id) {
                let mut one = one.described.clone();
                one.through.clone_from(through);
                one.through.sort();
                one.through.dedup();
                described.push(one);
            }
        }
        described.sort_by(|a, b| a.item.cmp(&b.item));
        described
    }
}

/// A field, an argument or a result as a report writes it.
pub(super) fn value(name: &str, rust: &str, wire: &Wire) -> Value {
    Value {
        name: name.to_owned(),
        rust: rust.split_whitespace().collect::<Vec<_>>().join(" "),
        proto: wire.shape.written(),
        verdict: wire.verdict,
        note: wire.note.clone(),
    }
}

fn numbered(value: Value, at: usize) -> Value {
    match value.name.as_str() {
        "" => Value {
            name: at.to_string(),
            ..value
        },
        _ => value,
    }
}

fn kind_of(body: &TypeBody, name: &str) -> String {
    match body {
        TypeBody::Enum(variants) if variants.iter().all(|variant| variant.fields.is_empty()) => {
            format!("enum {name}")
        }
        TypeBody::Struct(syn::Fields::Unnamed(fields)) if fields.unnamed.len() == 1 => {
            name.to_owned()
        }
        _ => format!("message {name}"),
    }
}

fn is_local(wire: &Wire) -> bool {
    wire.note
        .as_deref()
        .is_some_and(|note| note.contains("in this process alone"))
}

/// Names that people give to their own wrapper of a connection or a pool.
fn is_handle_name(name: &str) -> bool {
    ["Conn", "Connection", "Pool", "Db", "Database"]
        .iter()
        .any(|end| name.ends_with(end))
}
