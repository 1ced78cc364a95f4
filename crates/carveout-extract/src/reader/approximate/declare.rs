//! What an item declares: its symbol's end, its members and where it is.

use proc_macro2::Span;
use scip::types::symbol_information::Kind;
use syn::spanned::Spanned;

use super::facts::{Bytes, Decl};
use super::types::{bytes, escaped, ty};

/// `#[path = "file.rs"]`
pub(super) fn path_attribute(attribute: &syn::Attribute) -> Option<String> {
    if !attribute.path().is_ident("path") {
        return None;
    }
    match &attribute.meta {
        syn::Meta::NameValue(syn::MetaNameValue {
            value:
                syn::Expr::Lit(syn::ExprLit {
                    lit: syn::Lit::Str(path),
                    ..
                }),
            ..
        }) => Some(path.value()),
        _ => None,
    }
}

/// From the first attribute, or else the visibility, or else `first`, to `last`.
pub(super) fn whole(
    attributes: &[syn::Attribute],
    visibility: Span,
    first: Span,
    last: Span,
) -> Bytes {
    let visibility = bytes(visibility);
    let start = match attributes.first() {
        Some(attribute) => bytes(attribute.pound_token.span).0,
        // An inherited one is at no place.
        None if visibility.1 > visibility.0 => visibility.0,
        None => bytes(first).0,
    };
    (start, bytes(last).1)
}

pub(super) fn decl(ident: &syn::Ident, suffix: &str, kind: Kind, whole: Bytes) -> Decl {
    let name = ident.to_string();
    Decl {
        descriptor: format!("{}{suffix}", escaped(&name)),
        name,
        kind,
        name_at: bytes(ident.span()),
        whole,
        members: Vec::new(),
        ty: None,
    }
}

pub(super) fn prefixed(mut decl: Decl, prefix: &str) -> Decl {
    decl.descriptor.insert_str(0, prefix);
    decl
}

pub(super) fn function(signature: &syn::Signature, kind: Kind, whole: Bytes) -> Decl {
    let mut decl = decl(&signature.ident, "().", kind, whole);
    if let syn::ReturnType::Type(_, returned) = &signature.output {
        decl.ty = ty(returned);
    }
    decl
}

pub(super) fn method_kind(signature: &syn::Signature) -> Kind {
    match signature.receiver() {
        Some(_) => Kind::Method,
        None => Kind::StaticMethod,
    }
}

pub(super) fn variant(of: &syn::Variant, prefix: &str) -> Decl {
    let end = match &of.fields {
        syn::Fields::Named(fields) => fields.brace_token.span.close(),
        syn::Fields::Unnamed(fields) => fields.paren_token.span.close(),
        syn::Fields::Unit => of.ident.span(),
    };
    let whole = whole(&of.attrs, of.ident.span(), of.ident.span(), end);
    let mut decl = prefixed(decl(&of.ident, "#", Kind::EnumMember, whole), prefix);
    decl.members = fields(&of.fields, &decl.descriptor);
    decl
}

pub(super) fn fields(of: &syn::Fields, prefix: &str) -> Vec<Decl> {
    match of {
        syn::Fields::Named(fields) => named_fields(fields, prefix),
        _ => Vec::new(),
    }
}

pub(super) fn named_fields(of: &syn::FieldsNamed, prefix: &str) -> Vec<Decl> {
    let field = |field: &syn::Field| {
        let ident = field.ident.as_ref()?;
        let end = field.ty.span();
        let whole = whole(&field.attrs, field.vis.span(), ident.span(), end);
        let mut decl = prefixed(decl(ident, ".", Kind::Field, whole), prefix);
        decl.ty = ty(&field.ty);
        Some(decl)
    };
    of.named.iter().filter_map(field).collect()
}
