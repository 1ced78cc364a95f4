//! From a type as it is written to what it becomes in a contract.

use syn::{GenericArgument, PathArguments};

use super::Cut;
use super::foreign::{Foreign, foreign, primitive};
use super::scope::Scope;
use super::types::Types;
use super::wire::{Shape, Wire};
use crate::report::Verdict;

/// Maps types of one cut, and remembers those of the workspace that it met.
pub(super) struct Mapper<'a> {
    pub(super) cut: &'a Cut<'a>,
    pub(super) types: Types,
}

impl<'a> Mapper<'a> {
    pub(super) fn new(cut: &'a Cut<'a>) -> Self {
        Self {
            cut,
            types: Types::default(),
        }
    }

    /// What `of` becomes.
    pub(super) fn map(&self, of: &syn::Type, scope: &Scope) -> Wire {
        match of {
            syn::Type::Paren(inner) => self.map(&inner.elem, scope),
            syn::Type::Group(inner) => self.map(&inner.elem, scope),
            syn::Type::Reference(reference) => self.reference(reference, scope),
            syn::Type::Slice(slice) => self.sequence(&slice.elem, scope, false),
            syn::Type::Array(array) => {
                let wire = self.sequence(&array.elem, scope, false);
                wire.with(Verdict::Convert, "length-checked")
            }
            syn::Type::Tuple(tuple) => self.tuple(tuple, scope),
            syn::Type::Path(path) => self.path(path, scope),
            syn::Type::ImplTrait(of) => self.bounds("impl Trait", of.bounds.iter(), scope),
            syn::Type::TraitObject(of) => self.dynamic(of, scope),
            syn::Type::FnPtr(_) => closure(),
            syn::Type::Never(_) => Wire::plain(Shape::Nothing, 0),
            syn::Type::Ptr(_) => Wire::blocked(
                "a raw pointer means nothing elsewhere",
                "take or return the value",
            ),
            _ => Wire::blocked("a type that is not written out", "write its name"),
        }
    }

    fn reference(&self, reference: &syn::TypeReference, scope: &Scope) -> Wire {
        let wire = self.map(&reference.elem, scope);
        if matches!(wire.verdict, Verdict::Blocked | Verdict::Drop) {
            return wire;
        }
        match (reference.mutability.is_some(), scope.returned) {
            (true, false) => wire.with(
                Verdict::Convert,
                "changed in place: returned, and assigned at the caller",
            ),
            (true, true) => Wire::blocked(
                "a mutable borrow cannot be returned from elsewhere",
                "take the new value instead",
            ),
            (false, true) => wire.with(Verdict::Convert, "borrowed: an owned twin is returned"),
            (false, false) => wire,
        }
    }

    fn tuple(&self, tuple: &syn::TypeTuple, scope: &Scope) -> Wire {
        let elements: Vec<_> = tuple.elems.iter().map(|one| self.map(one, scope)).collect();
        match elements.as_slice() {
            [] => Wire::plain(Shape::Nothing, 0),
            elements => {
                let names: Vec<_> = elements
                    .iter()
                    .filter_map(|one| one.shape.written())
                    .collect();
                let message = Wire::converted(
                    Shape::Named(format!("({})", names.join(", "))),
                    2,
                    "a message of its own",
                );
                let parts = elements.iter().map(|one| ("element", one));
                message.of_parts(parts)
            }
        }
    }

    fn sequence(&self, element: &syn::Type, scope: &Scope, set: bool) -> Wire {
        if let syn::Type::Path(path) = element
            && path.path.is_ident("u8")
            && !set
        {
            return Wire::plain(Shape::Scalar("bytes"), 256);
        }
        repeated(self.map(element, scope), set)
    }

    fn path(&self, path: &syn::TypePath, scope: &Scope) -> Wire {
        let Some(last) = path.path.segments.last() else {
            return Wire::blocked("a type without a name", "name it");
        };
        let name = last.ident.to_string();
        if path.qself.is_some() {
            return Wire::blocked(
                format!("{name} is a type of a trait's"),
                "write the type that it is here",
            );
        }
        if path.path.segments.len() == 1 {
            if let Some(known) = scope.known.get(&name) {
                return known.clone();
            }
            if let Some(bounds) = scope.bounds.get(&name) {
                return self.bounds(&name, bounds.iter(), scope);
            }
        }
        let arguments: Vec<&syn::Type> = type_arguments(&last.arguments).collect();
        let at = scope.source.span(last.ident.span()).start;
        let item = match name.as_str() {
            "Self" => scope.self_type,
            _ => self.cut.named_at(scope.file, at),
        };
        match item.map(|id| (id, self.cut.model.item(id))) {
            Some((id, item)) if item.module.is_some() => {
                let arguments = arguments.iter().map(|one| self.map(one, scope)).collect();
                self.workspace_type(id, arguments)
            }
            Some((_, item)) => self.foreign(&item.package, &item.name, &arguments, scope),
            None if primitive(&name).is_some() || is_prelude(&name) => {
                self.foreign("", &name, &arguments, scope)
            }
            None => Wire::blocked(
                format!("the index does not say what {name} is"),
                "make `cargo check` pass and index again",
            ),
        }
    }

    pub(super) fn foreign(
        &self,
        package: &str,
        name: &str,
        arguments: &[&syn::Type],
        scope: &Scope,
    ) -> Wire {
        let first = || arguments.first().map(|one| self.map(one, scope));
        let zone = arguments
            .first()
            .is_some_and(|zone| is_named(zone, "FixedOffset") || is_named(zone, "Local"));
        match foreign(package, name) {
            Foreign::Wire(_) if package == "chrono" && name == "DateTime" && zone => {
                Wire::converted(
                    Shape::Named("Moment".to_owned()),
                    16,
                    "a Timestamp and the offset in seconds",
                )
            }
            Foreign::Wire(wire) => wire,
            Foreign::Sequence { set } => match arguments.first() {
                Some(element) => self.sequence(element, scope, set),
                None => Wire::blocked(format!("{name} of what?"), "write its element's type"),
            },
            Foreign::Map => match arguments {
                [key, value, ..] => mapping(self.map(key, scope), self.map(value, scope)),
                _ => Wire::blocked(format!("{name} of what?"), "write its types"),
            },
            Foreign::Option => first().map_or_else(|| unknown(package, name), optional),
            // `Box<dyn Error>` is opaque, and `Arc<State>` a handle, by what is in them.
            Foreign::Transparent => first().unwrap_or_else(|| unknown(package, name)),
            Foreign::Result => self.result(arguments, scope),
            Foreign::Stream => match first() {
                Some(item) => item
                    .reshaped(Shape::Stream)
                    .with(Verdict::Convert, "a streaming call"),
                None => unknown(package, name),
            },
            Foreign::Connection => {
                Wire::dropped("a way to the database: the service has a pool of its own")
            }
            Foreign::Local => Wire::blocked(
                format!("{name} means something in this process alone"),
                "pass the value that is in it",
            ),
            Foreign::Opaque => Wire::converted(
                Shape::Named("google.rpc.Status".to_owned()),
                64,
                "an error without a type: code and message arrive, the rest is lost",
            ),
            Foreign::Unknown => unknown(package, name),
        }
    }

    /// `Result<T, E>`: T, with what becomes of E.
    fn result(&self, arguments: &[&syn::Type], scope: &Scope) -> Wire {
        let Some(value) = arguments.first().map(|value| self.map(value, scope)) else {
            return Wire::plain(Shape::Nothing, 0);
        };
        if value.is_blocked() {
            return value;
        }
        // An alias such as `diesel::QueryResult<T>` has its error inside.
        let error = arguments.get(1).map(|error| self.map(error, scope));
        let error = error.unwrap_or_else(|| self.foreign("core", "Error", &[], scope));
        let mut value = value;
        let note = match &error.shape {
            Shape::Named(name) if name == "google.rpc.Status" => {
                "its error has no type: code and message arrive, the rest is lost".to_owned()
            }
            Shape::Named(name) if !error.is_blocked() => {
                format!("its error {name} arrives as typed details, variant and all")
            }
            _ => "its error arrives as code and message: it cannot be sent whole".to_owned(),
        };
        if !error.is_blocked() {
            value.types.extend(&error.types);
        }
        value.with(Verdict::Wire, note)
    }
}

pub(super) fn repeated(element: Wire, set: bool) -> Wire {
    match element.verdict {
        Verdict::Drop => return Wire::blocked("many handles", "one call for each"),
        Verdict::Blocked => return element,
        Verdict::Wire | Verdict::Convert => {}
    }
    let size = element.size.saturating_mul(10).max(1);
    let single = element.shape.is_single();
    let wire = Wire {
        size,
        ..element.reshaped(Shape::Repeated)
    };
    match (set, single) {
        (_, false) => wire.with(Verdict::Convert, "each element in a message of its own"),
        (true, true) => wire.with(Verdict::Convert, "a set: sorted"),
        (false, true) => wire,
    }
}

fn optional(of: Wire) -> Wire {
    if of.verdict == Verdict::Drop {
        return of;
    }
    let single = of.shape.is_single();
    let wire = of.reshaped(Shape::Optional);
    if single {
        wire
    } else {
        wire.with(
            Verdict::Convert,
            "in a message of its own, so that none and empty differ",
        )
    }
}

fn mapping(key: Wire, value: Wire) -> Wire {
    let plain = key.shape.is_key() && key.verdict == Verdict::Wire && value.shape.is_single();
    let shape = if plain {
        Shape::Map(Box::new(key.shape.clone()), Box::new(value.shape.clone()))
    } else {
        Shape::Repeated(Box::new(Shape::Named("Entry".to_owned())))
    };
    let mut wire = Wire::plain(shape, 1).of_parts([("key", &key), ("value", &value)].into_iter());
    wire.size = wire.size.saturating_mul(10);
    if plain {
        wire
    } else {
        wire.with(Verdict::Convert, "entries of key and value, sorted")
    }
}

pub(super) fn closure() -> Wire {
    Wire::blocked(
        "a closure cannot be sent",
        "a coarser function, which takes what the closure would be told",
    )
}

fn unknown(package: &str, name: &str) -> Wire {
    Wire::blocked(
        format!("{name} of {package} is opaque here"),
        format!("take or return the plain values that {name} is made from"),
    )
}

/// The types among generic arguments.
pub(super) fn type_arguments(arguments: &PathArguments) -> impl Iterator<Item = &syn::Type> {
    let list = match arguments {
        PathArguments::AngleBracketed(list) => Some(&list.args),
        _ => None,
    };
    list.into_iter()
        .flatten()
        .filter_map(|argument| match argument {
            GenericArgument::Type(of) => Some(of),
            _ => None,
        })
}

fn is_named(of: &syn::Type, name: &str) -> bool {
    let syn::Type::Path(path) = of else {
        return false;
    };
    path.path
        .segments
        .last()
        .is_some_and(|last| last.ident == name)
}

/// Names that need no import, for an index that says nothing of them.
fn is_prelude(name: &str) -> bool {
    matches!(name, "String" | "Vec" | "Option" | "Result" | "Box")
}
