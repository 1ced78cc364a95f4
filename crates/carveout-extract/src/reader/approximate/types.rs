//! Types: what can be asked for members, and how rust-analyzer writes them in a symbol.

use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type};

use super::facts::{Bytes, Path, Segment, Ty};

/// The bytes of a token.
pub(super) fn bytes(span: proc_macro2::Span) -> Bytes {
    let range = span.byte_range();
    let at = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    (at(range.start), at(range.end))
}

pub(super) fn segment(ident: &syn::Ident) -> Segment {
    Segment {
        name: ident.to_string(),
        at: bytes(ident.span()),
    }
}

pub(super) fn path(path: &syn::Path) -> Path {
    Path {
        global: path.leading_colon.is_some(),
        segments: path
            .segments
            .iter()
            .map(|one| segment(&one.ident))
            .collect(),
    }
}

/// `None` for what has no name, such as a closure.
pub(super) fn ty(of: &Type) -> Option<Ty> {
    match of {
        Type::Path(of) if of.qself.is_none() => {
            if of.path.is_ident("Self") {
                return Some(Ty::SelfType);
            }
            let arguments = of.path.segments.last().map(|last| match &last.arguments {
                PathArguments::AngleBracketed(arguments) => {
                    let types = arguments.args.iter().filter_map(|one| match one {
                        GenericArgument::Type(one) => Some(ty(one).unwrap_or(Ty::Unknown)),
                        _ => None,
                    });
                    types.collect()
                }
                _ => Vec::new(),
            });
            Some(Ty::Path(path(&of.path), arguments.unwrap_or_default()))
        }
        Type::Reference(of) => ty(&of.elem),
        Type::Paren(of) => ty(&of.elem),
        Type::Group(of) => ty(&of.elem),
        Type::Tuple(of) if !of.elems.is_empty() => {
            let parts = of.elems.iter().map(|one| ty(one).unwrap_or(Ty::Unknown));
            Some(Ty::Tuple(parts.collect()))
        }
        Type::ImplTrait(of) => of.bounds.iter().find_map(bound),
        Type::TraitObject(of) => of.bounds.iter().find_map(bound),
        _ => None,
    }
}

fn bound(of: &syn::TypeParamBound) -> Option<Ty> {
    match of {
        syn::TypeParamBound::Trait(of) => Some(Ty::Path(path(&of.path), Vec::new())),
        _ => None,
    }
}

/// As rust-analyzer shows a type: paths as they are written, with one space where any is needed.
pub(super) fn label(of: &Type) -> String {
    match of {
        Type::Path(of) if of.qself.is_none() => {
            let all = of.path.segments.iter().map(|one| one.ident.to_string());
            let mut around: Vec<_> = all.collect();
            around.pop();
            around.push(path_label(&of.path));
            around.join("::")
        }
        Type::Reference(of) => {
            let lifetime = of.lifetime.as_ref().map(|one| format!("{one} "));
            let lifetime = lifetime.unwrap_or_default();
            let mutable = if of.mutability.is_some() { "mut " } else { "" };
            format!("&{lifetime}{mutable}{}", label(&of.elem))
        }
        Type::Slice(of) => format!("[{}]", label(&of.elem)),
        Type::Tuple(of) => {
            let parts: Vec<_> = of.elems.iter().map(label).collect();
            match parts.as_slice() {
                [one] => format!("({one},)"),
                several => format!("({})", several.join(", ")),
            }
        }
        Type::Paren(of) => label(&of.elem),
        Type::Group(of) => label(&of.elem),
        Type::TraitObject(of) => format!("dyn {}", bounds_label(&of.bounds)),
        Type::ImplTrait(of) => format!("impl {}", bounds_label(&of.bounds)),
        other => as_written(other),
    }
}

/// As it shows the trait of an impl: by its last part.
pub(super) fn path_label(of: &syn::Path) -> String {
    let Some(last) = of.segments.last() else {
        return String::new();
    };
    let arguments = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            let parts = arguments.args.iter().map(|one| match one {
                GenericArgument::Type(one) => label(one),
                GenericArgument::Lifetime(one) => one.to_string(),
                GenericArgument::AssocType(one) => format!("{} = {}", one.ident, label(&one.ty)),
                other => as_written(other),
            });
            format!("<{}>", parts.collect::<Vec<_>>().join(", "))
        }
        PathArguments::Parenthesized(arguments) => as_written(arguments),
        PathArguments::None => String::new(),
    };
    format!("{}{arguments}", last.ident)
}

fn bounds_label<P>(bounds: &syn::punctuated::Punctuated<syn::TypeParamBound, P>) -> String {
    let parts = bounds.iter().map(|one| match one {
        syn::TypeParamBound::Trait(one) => path_label(&one.path),
        syn::TypeParamBound::Lifetime(one) => one.to_string(),
        other => as_written(other),
    });
    parts.collect::<Vec<_>>().join(" + ")
}

/// As it is written.
fn as_written(of: &impl Spanned) -> String {
    of.span().source_text().unwrap_or_default()
}

/// A name in a symbol. SCIP puts what is not a simple name between backticks.
pub(super) fn escaped(name: &str) -> String {
    let simple = |one: char| one.is_ascii_alphanumeric() || matches!(one, '_' | '+' | '-' | '$');
    if !name.is_empty() && name.chars().all(simple) {
        return name.to_owned();
    }
    format!("`{}`", name.replace('`', "``"))
}
