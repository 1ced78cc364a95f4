//! Types of which only the traits are known: `impl Trait`, `dyn Trait`, generic parameters.

use syn::{GenericArgument, PathArguments, TypeParamBound};

use super::effects::Effects;
use super::foreign::{Foreign, foreign};
use super::mapper::{Mapper, closure, repeated, type_arguments};
use super::scope::Scope;
use super::wire::{Shape, Wire};
use crate::model::{ItemId, ItemKind};
use crate::report::Verdict;

impl Mapper<'_> {
    pub(super) fn dynamic(&self, of: &syn::TypeTraitObject, scope: &Scope) -> Wire {
        let traits: Vec<_> = of.bounds.iter().filter_map(trait_of).collect();
        for last in &traits {
            let name = last.ident.to_string();
            match name.as_str() {
                "Fn" | "FnMut" | "FnOnce" => return closure(),
                "Error" => return self.foreign("core", "Error", &[], scope),
                "AsyncRead" | "AsyncBufRead" | "Read" | "BufRead" | "AsyncWrite" | "Write"
                | "Stream" | "Future" | "Iterator" => {
                    return self.bounds(&name, of.bounds.iter(), scope);
                }
                _ => {}
            }
            let at = scope.source.span(last.ident.span()).start;
            let item = self
                .cut
                .named_at(scope.file, at)
                .map(|id| self.cut.model.item(id));
            if let Some(item) = item
                && matches!(
                    foreign(&item.package, &item.name),
                    Foreign::Connection | Foreign::Stream
                )
            {
                return self.bounds(&name, of.bounds.iter(), scope);
            }
            if let Some(port) = self.port(last, scope) {
                return port;
            }
        }
        let names: Vec<_> = traits.iter().map(|last| last.ident.to_string()).collect();
        let names = names.join(" + ");
        Wire::blocked(
            format!("dyn {names}: what is behind it is not known"),
            format!("a coarser function that makes its own {names}, or an enum of what there is"),
        )
    }

    /// A trait of the workspace whose implementations are no data is a port: the service makes
    /// its own implementation, whatever library that uses.
    fn port(&self, last: &syn::PathSegment, scope: &Scope) -> Option<Wire> {
        let at = scope.source.span(last.ident.span()).start;
        let id = self.cut.named_at(scope.file, at)?;
        let item = self.cut.model.item(id);
        if item.module.is_none() || item.kind != ItemKind::Trait {
            return None;
        }
        let mut types = Effects::new(self.cut).implementers(&item.name).into_iter();
        let is_data = types.any(|id| self.is_data(id));
        let name = &item.name;
        (!is_data).then(|| {
            Wire::dropped(format!(
                "a handle (the port {name}): the service makes its own"
            ))
        })
    }

    /// Whether a type has fields or variants, and all of them can be sent.
    fn is_data(&self, id: ItemId) -> bool {
        let model = self.cut.model;
        let mut parts = model.items.iter().filter(|part| part.owner == Some(id));
        let has_parts = parts.any(|part| matches!(part.kind, ItemKind::Field | ItemKind::Variant));
        let wire = self.workspace_type(id, Vec::new());
        has_parts && matches!(wire.verdict, Verdict::Wire | Verdict::Convert)
    }

    /// What a type of which only `bounds` are known becomes.
    pub(super) fn bounds<'b>(
        &self,
        name: &str,
        bounds: impl Iterator<Item = &'b TypeParamBound>,
        scope: &Scope,
    ) -> Wire {
        let mut others = Vec::new();
        for last in bounds.filter_map(trait_of) {
            let of = last.ident.to_string();
            let argument = type_arguments(&last.arguments).next();
            let item = associated(&last.arguments, "Item").map(|item| self.map(item, scope));
            match of.as_str() {
                "Fn" | "FnMut" | "FnOnce" | "AsyncFn" | "AsyncFnMut" | "AsyncFnOnce" => {
                    return closure();
                }
                "Into" | "AsRef" | "Borrow" | "TryInto" | "ToOwned" if argument.is_some() => {
                    let wire = argument.map(|argument| self.map(argument, scope));
                    return wire
                        .unwrap_or_else(closure)
                        .with(Verdict::Convert, "converted in the shim");
                }
                "ToString" => {
                    return Wire::converted(Shape::Scalar("string"), 24, "written out in the shim");
                }
                "IntoIterator" | "Iterator" | "ExactSizeIterator" | "DoubleEndedIterator" => {
                    let item = item
                        .unwrap_or_else(|| Wire::blocked("an iterator of what?", "write its Item"));
                    return repeated(item, false)
                        .with(Verdict::Convert, "an iterator with an end: collected first");
                }
                "Stream" | "TryStream" => {
                    let item = item
                        .unwrap_or_else(|| Wire::blocked("a stream of what?", "write its Item"));
                    return item
                        .reshaped(Shape::Stream)
                        .with(Verdict::Convert, "a streaming call");
                }
                "AsyncRead" | "AsyncBufRead" | "Read" | "BufRead" | "AsyncWrite" | "Write" => {
                    let bytes = Shape::Stream(Box::new(Shape::Scalar("bytes")));
                    return Wire::converted(bytes, 4096, "a streaming call of bytes");
                }
                "Future" | "IntoFuture" => {
                    let output =
                        associated(&last.arguments, "Output").map(|output| self.map(output, scope));
                    return output.unwrap_or_else(|| Wire::plain(Shape::Nothing, 0));
                }
                "Send" | "Sync" | "Sized" | "Unpin" | "Debug" | "Clone" | "Copy" => continue,
                _ => {}
            }
            let at = scope.source.span(last.ident.span()).start;
            let found = self
                .cut
                .named_at(scope.file, at)
                .map(|id| self.cut.model.item(id));
            if found.is_some_and(|item| {
                matches!(foreign(&item.package, &item.name), Foreign::Connection)
            }) {
                return Wire::dropped("a way to the database: the service has a pool of its own");
            }
            if let Some(port) = self.port(last, scope) {
                return port;
            }
            others.push(of);
        }
        let bounds = if others.is_empty() {
            String::new()
        } else {
            format!(": {}", others.join(" + "))
        };
        Wire::blocked(
            format!("generic over {name}{bounds}"),
            "a function for each type that it is called with, where there are at most four",
        )
    }
}

/// `T` in `Trait<name = T>`.
fn associated<'s>(arguments: &'s PathArguments, name: &str) -> Option<&'s syn::Type> {
    let PathArguments::AngleBracketed(list) = arguments else {
        return None;
    };
    list.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(of) if of.ident == name => Some(&of.ty),
        _ => None,
    })
}

fn trait_of(bound: &TypeParamBound) -> Option<&syn::PathSegment> {
    match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last(),
        _ => None,
    }
}
