//! The names of the types that a function's expressions can have.
//!
//! What is called without being named (a conversion behind `?`, a `Drop`, a dereference) hangs on types.
//! Every expression's type is among those that the function's signature, its variables, the fields that it
//! reads and the functions that it calls say, so that no other type's implementations can be meant.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::super::Cut;
use crate::model::{Definition, Item, ItemId, ItemKind, Position};
use crate::syntax::{Source, TypeBody};

pub(super) type Names = HashSet<String>;

/// Names of types, found once.
#[derive(Default)]
pub(super) struct Universe {
    said: RefCell<HashMap<ItemId, Rc<Names>>>,
    parts: RefCell<HashMap<String, Rc<Names>>>,
}

impl Universe {
    /// The types that a function can have values of.
    pub(super) fn of(&self, cut: &Cut<'_>, item: ItemId, place: Definition) -> Names {
        let mut names = Names::new();
        names.extend(self.said_by(cut, item).iter().cloned());
        for reference in cut.references_in(item) {
            names.extend(self.said_by(cut, reference.to).iter().cloned());
        }
        let locals = cut
            .model
            .locals
            .within(place.file, place.whole.start, place.whole.end);
        for (_, declared) in locals {
            identifiers(declared, &mut names);
        }
        self.open_aliases(cut, &mut names);
        names
    }

    /// The types of the values that a function owns, and drops.
    pub(super) fn owned(&self, cut: &Cut<'_>, item: ItemId, place: Definition) -> Names {
        let mut names = Names::new();
        let locals = cut
            .model
            .locals
            .within(place.file, place.whole.start, place.whole.end);
        let mut changes = false;
        for (_, declared) in locals {
            let of = declared.split_once(": ").map_or("", |(_, of)| of);
            changes |= of.starts_with("&mut");
            if !of.starts_with('&') {
                identifiers(of, &mut names);
            }
        }
        let body = body_start(cut, place);
        for reference in cut.references_in(item) {
            let to = cut.model.item(reference.to);
            if reference.span.start < body {
                continue;
            }
            match to.kind {
                ItemKind::Function | ItemKind::Method => {
                    let result = result_of(cut, to);
                    if !result.trim_start().starts_with('&') {
                        identifiers(&result, &mut names);
                        if result.contains("Self") {
                            names.extend(to.owner.map(|owner| cut.model.item(owner).name.clone()));
                        }
                    }
                }
                // What a field held is dropped when it is given another value.
                ItemKind::Field if changes => {
                    names.extend(self.said_by(cut, reference.to).iter().cloned());
                }
                ItemKind::Type | ItemKind::Variant => {
                    names.extend(self.said_by(cut, reference.to).iter().cloned());
                }
                _ => {}
            }
        }
        self.open_aliases(cut, &mut names);
        names
    }

    /// These types and all that are in their fields.
    pub(super) fn with_parts(&self, cut: &Cut<'_>, names: &Names) -> Names {
        let mut all = names.clone();
        let mut open: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = open.pop() {
            for part in self.parts_of(cut, &name).iter() {
                if all.insert(part.clone()) {
                    open.push(part.clone());
                }
            }
        }
        all
    }

    /// The names in the fields of the workspace's types of a name.
    fn parts_of(&self, cut: &Cut<'_>, name: &str) -> Rc<Names> {
        if let Some(known) = self.parts.borrow().get(name) {
            return Rc::clone(known);
        }
        let mut parts = Names::new();
        for id in cut.world.types_named(name) {
            for_definition(cut, *id, |source, place| {
                if let Some(of) = source.type_at(place.name.start) {
                    body_names(&of.body, source, &mut parts);
                }
            });
        }
        let parts = Rc::new(parts);
        self.parts
            .borrow_mut()
            .insert(name.to_owned(), Rc::clone(&parts));
        parts
    }

    fn open_aliases(&self, cut: &Cut<'_>, names: &mut Names) {
        let mut open: Vec<String> = names.iter().cloned().collect();
        while let Some(name) = open.pop() {
            for id in cut.world.types_named(&name) {
                for_definition(cut, *id, |source, place| {
                    if let Some(of) = source.type_at(place.name.start)
                        && matches!(of.body, TypeBody::Alias(_))
                    {
                        let mut inside = Names::new();
                        body_names(&of.body, source, &mut inside);
                        for name in inside {
                            if names.insert(name.clone()) {
                                open.push(name);
                            }
                        }
                    }
                });
            }
        }
    }

    /// The types that an item's declaration says.
    fn said_by(&self, cut: &Cut<'_>, id: ItemId) -> Rc<Names> {
        if let Some(known) = self.said.borrow().get(&id) {
            return Rc::clone(known);
        }
        let item = cut.model.item(id);
        let mut names = Names::new();
        if let Some(owner) = item.owner {
            names.insert(cut.model.item(owner).name.clone());
        }
        if item.kind == ItemKind::Method && item.module.is_some() {
            names.extend(item.path.rsplit("::").nth(1).map(str::to_owned));
        }
        match item.kind {
            ItemKind::Type | ItemKind::Trait => {
                names.insert(item.name.clone());
            }
            ItemKind::Function | ItemKind::Method | ItemKind::Static | ItemKind::Constant => {
                identifiers(&declaration(cut, item), &mut names);
            }
            ItemKind::Field => identifiers(&field_type(cut, item), &mut names),
            _ => {}
        }
        let names = Rc::new(names);
        self.said.borrow_mut().insert(id, Rc::clone(&names));
        names
    }
}

/// Where a function's body begins; what stands before it is its signature.
fn body_start(cut: &Cut<'_>, place: Definition) -> Position {
    let found = cut.sources.get(place.file).and_then(|source| {
        let function = source.function_at(place.name.start)?;
        let body = function.body.as_ref()?;
        Some(source.span(syn::spanned::Spanned::span(body)).start)
    });
    found.unwrap_or(place.whole.start)
}

/// A field's type, as it is written.
pub(super) fn field_type(cut: &Cut<'_>, item: &Item) -> String {
    let Some(place) = item.definition else {
        return String::new();
    };
    let source = cut.sources.get(place.file);
    source.map_or_else(String::new, |source| source.slice(place.whole).to_owned())
}

fn for_definition(cut: &Cut<'_>, id: ItemId, mut then: impl FnMut(&Source, Definition)) {
    if let Some(place) = cut.model.item(id).definition
        && let Some(source) = cut.sources.get(place.file)
    {
        then(&source, place);
    }
}

fn body_names(body: &TypeBody, source: &Source, names: &mut Names) {
    let mut of = |of: &syn::Type| {
        let span = source.span(syn::spanned::Spanned::span(of));
        identifiers(source.slice(span), names);
    };
    match body {
        TypeBody::Struct(fields) => fields.iter().for_each(|field| of(&field.ty)),
        TypeBody::Enum(variants) => {
            let fields = variants.iter().flat_map(|variant| &variant.fields);
            fields.for_each(|field| of(&field.ty));
        }
        TypeBody::Alias(alias) => of(alias),
        TypeBody::Union => {}
    }
}

/// A function's signature, or a value's type.
fn declaration(cut: &Cut<'_>, item: &Item) -> String {
    let Some((place, source)) = item
        .definition
        .and_then(|place| Some((place, cut.sources.get(place.file)?)))
    else {
        return String::new();
    };
    if let Some(function) = source.function_at(place.name.start) {
        let span = syn::spanned::Spanned::span(&function.signature);
        return source.slice(source.span(span)).to_owned();
    }
    let Some(value) = source.value_at(place.name.start) else {
        return source.slice(place.whole).to_owned();
    };
    let span = syn::spanned::Spanned::span(&value.of);
    source.slice(source.span(span)).to_owned()
}

/// What a function of the workspace returns, as it is written.
pub(super) fn result_of(cut: &Cut<'_>, item: &Item) -> String {
    let found = item.definition.and_then(|place| {
        let source = cut.sources.get(place.file)?;
        let function = source.function_at(place.name.start)?;
        let syn::ReturnType::Type(_, of) = &function.signature.output else {
            return None;
        };
        let span = syn::spanned::Spanned::span(&**of);
        Some(source.slice(source.span(span)).to_owned())
    });
    found.unwrap_or_default()
}

/// The names of types among the words of a text.
pub(super) fn identifiers(text: &str, names: &mut Names) {
    let words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    let types = words.filter(|word| word.starts_with(char::is_uppercase));
    for word in types {
        if !names.contains(word) {
            names.insert(word.to_owned());
        }
    }
}
