//! From a file's syntax to its facts: the items.

use std::collections::HashMap;

use scip::types::symbol_information::Kind;
use syn::spanned::Spanned;
use syn::visit::Visit;

use super::super::fresh::Text;
use super::declare::{
    decl, fields, function, method_kind, named_fields, path_attribute, prefixed, variant, whole,
};
use super::facts::{
    Around, Decl, Facts, Impl, Inline, Named, Outside, Path, Scope, Space, Ty, Use, What,
};
use super::types::{bytes, escaped, label, path, path_label, segment, ty};

/// Parses a file. One that is no Rust has an error, and nothing else.
pub(super) fn parse(text: String) -> Facts {
    let text = plain(text);
    let parsed = syn::parse_file(&text);
    let mut reader = Reader {
        facts: Facts {
            scopes: vec![Scope {
                module: Some(Inline::default()),
                ..Scope::default()
            }],
            impls: Vec::new(),
            names: Vec::new(),
            includes: 0,
            error: None,
            text: Text::new(text),
        },
        scope: 0,
        around: None,
        locals: HashMap::new(),
    };
    match parsed {
        Ok(file) => reader.items(&file.items),
        Err(error) => reader.facts.error = Some(error.to_string()),
    }
    reader.facts
}

/// Without what the parser takes off a file's start, which would shift every position: a byte order
/// mark, and a `#!` line, which becomes as many spaces.
fn plain(mut text: String) -> String {
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    let script = text.starts_with("#!") && !text[2..].trim_start().starts_with('[');
    if script {
        let end = text.find('\n').unwrap_or(text.len());
        text.replace_range(..end, &" ".repeat(end));
    }
    text
}

/// Goes through a file.
pub(super) struct Reader {
    pub(super) facts: Facts,
    pub(super) scope: usize,
    pub(super) around: Option<Around>,
    /// What the function's variables are, as far as its text says: the last one of a name counts.
    pub(super) locals: HashMap<String, Option<Ty>>,
}

impl Reader {
    pub(super) fn named(&mut self, what: What) {
        self.facts.names.push(Named {
            scope: self.scope,
            around: self.around,
            what,
        });
    }

    pub(super) fn path(&mut self, of: &syn::Path, space: Space) {
        let of = path(of);
        self.named(What::Path(of, space));
    }

    pub(super) fn items(&mut self, items: &[syn::Item]) {
        for item in items {
            self.item(item);
        }
    }

    /// Goes into a scope of its own, and comes back.
    pub(super) fn within(&mut self, module: Option<Inline>, inside: impl FnOnce(&mut Self)) {
        self.facts.scopes.push(Scope {
            parent: Some(self.scope),
            module,
            ..Scope::default()
        });
        let around = self.scope;
        self.scope = self.facts.scopes.len() - 1;
        inside(self);
        self.scope = around;
    }

    pub(super) fn declare(&mut self, decl: Decl) -> usize {
        let items = &mut self.facts.scopes[self.scope].items;
        items.push(decl);
        items.len() - 1
    }

    pub(super) fn item(&mut self, item: &syn::Item) {
        match item {
            syn::Item::Mod(item) => self.module(item),
            syn::Item::Use(item) => {
                let global = item.leading_colon.is_some();
                self.use_tree(
                    &item.tree,
                    &Path {
                        global,
                        segments: Vec::new(),
                    },
                );
                self.visit_visibility(&item.vis);
            }
            syn::Item::Fn(item) => {
                let whole = whole(
                    &item.attrs,
                    item.vis.span(),
                    item.sig.span(),
                    item.block.brace_token.span.close(),
                );
                self.declare(function(&item.sig, Kind::Function, whole));
                self.function(item, |reader, item| syn::visit::visit_item_fn(reader, item));
            }
            syn::Item::Struct(item) => {
                let end = match (&item.fields, item.semi_token) {
                    (syn::Fields::Named(fields), _) => fields.brace_token.span.close(),
                    (_, Some(semi)) => semi.span(),
                    _ => item.ident.span(),
                };
                let whole = whole(&item.attrs, item.vis.span(), item.struct_token.span, end);
                let mut decl = decl(&item.ident, "#", Kind::Struct, whole);
                decl.members = fields(&item.fields, &decl.descriptor);
                self.declare(decl);
                syn::visit::visit_item_struct(self, item);
            }
            syn::Item::Union(item) => {
                let end = item.fields.brace_token.span.close();
                let whole = whole(&item.attrs, item.vis.span(), item.union_token.span, end);
                let mut decl = decl(&item.ident, "#", Kind::Union, whole);
                decl.members = named_fields(&item.fields, &decl.descriptor);
                self.declare(decl);
                syn::visit::visit_item_union(self, item);
            }
            syn::Item::Enum(item) => {
                let end = item.brace_token.span.close();
                let whole = whole(&item.attrs, item.vis.span(), item.enum_token.span, end);
                let mut of = decl(&item.ident, "#", Kind::Enum, whole);
                of.members = item
                    .variants
                    .iter()
                    .map(|one| variant(one, &of.descriptor))
                    .collect();
                self.declare(of);
                syn::visit::visit_item_enum(self, item);
            }
            syn::Item::Type(item) => {
                let whole = whole(
                    &item.attrs,
                    item.vis.span(),
                    item.type_token.span,
                    item.semi_token.span,
                );
                let mut decl = decl(&item.ident, "#", Kind::TypeAlias, whole);
                decl.ty = ty(&item.ty);
                self.declare(decl);
                syn::visit::visit_item_type(self, item);
            }
            syn::Item::Const(item) => {
                let whole = whole(
                    &item.attrs,
                    item.vis.span(),
                    item.const_token.span,
                    item.semi_token.span,
                );
                let mut decl = decl(&item.ident, ".", Kind::Constant, whole);
                decl.ty = ty(&item.ty);
                if item.ident != "_" {
                    self.declare(decl);
                }
                syn::visit::visit_item_const(self, item);
            }
            syn::Item::Static(item) => {
                let whole = whole(
                    &item.attrs,
                    item.vis.span(),
                    item.static_token.span,
                    item.semi_token.span,
                );
                let mut decl = decl(&item.ident, ".", Kind::StaticVariable, whole);
                decl.ty = ty(&item.ty);
                self.declare(decl);
                syn::visit::visit_item_static(self, item);
            }
            syn::Item::Trait(item) => self.trait_(item),
            syn::Item::Impl(item) => self.impl_(item),
            syn::Item::Macro(item) => self.item_macro(item),
            other => syn::visit::visit_item(self, other),
        }
    }

    /// A function's own variables do not reach another.
    pub(super) fn function<T>(&mut self, of: &T, inside: impl FnOnce(&mut Self, &T)) {
        let around = std::mem::take(&mut self.locals);
        inside(self, of);
        self.locals = around;
    }

    fn module(&mut self, item: &syn::ItemMod) {
        let name = segment(&item.ident);
        let path = item.attrs.iter().find_map(path_attribute);
        self.visit_visibility(&item.vis);
        let Some((brace, items)) = &item.content else {
            let conditional = item.attrs.iter().any(|one| one.path().is_ident("cfg"));
            self.facts.scopes[self.scope].outside.push(Outside {
                name: name.name,
                name_at: name.at,
                path,
                conditional,
            });
            return;
        };
        let whole = whole(
            &item.attrs,
            item.vis.span(),
            item.mod_token.span,
            brace.span.close(),
        );
        let inline = Inline {
            name: name.name,
            name_at: name.at,
            whole,
            path,
        };
        self.within(Some(inline), |reader| reader.items(items));
    }

    fn use_tree(&mut self, tree: &syn::UseTree, before: &Path) {
        let mut path = before.clone();
        let (name, renamed_at) = match tree {
            syn::UseTree::Path(tree) => {
                path.segments.push(segment(&tree.ident));
                return self.use_tree(&tree.tree, &path);
            }
            syn::UseTree::Group(tree) => {
                for tree in &tree.items {
                    self.use_tree(tree, before);
                }
                return;
            }
            syn::UseTree::Glob(_) => (None, None),
            syn::UseTree::Name(tree) => {
                path.segments.push(segment(&tree.ident));
                let own = path.segments.iter().rev().find(|one| one.name != "self");
                (own.map(|one| one.name.clone()), None)
            }
            syn::UseTree::Rename(tree) => {
                path.segments.push(segment(&tree.ident));
                // `as _` gives it no name.
                let named = tree.rename != "_";
                let at = named.then(|| bytes(tree.rename.span()));
                (Some(tree.rename.to_string()), at)
            }
        };
        self.facts.scopes[self.scope].uses.push(Use {
            path,
            name,
            renamed_at,
        });
    }

    fn trait_(&mut self, item: &syn::ItemTrait) {
        let end = item.brace_token.span.close();
        let mut of = decl(
            &item.ident,
            "#",
            Kind::Trait,
            whole(&item.attrs, item.vis.span(), item.trait_token.span, end),
        );
        for one in &item.items {
            let member = match one {
                syn::TraitItem::Fn(one) => {
                    let end = one
                        .default
                        .as_ref()
                        .map_or(one.semi_token.span(), |body| body.brace_token.span.close());
                    function(
                        &one.sig,
                        method_kind(&one.sig),
                        whole(&one.attrs, one.sig.span(), one.sig.span(), end),
                    )
                }
                syn::TraitItem::Const(one) => decl(
                    &one.ident,
                    ".",
                    Kind::Constant,
                    whole(
                        &one.attrs,
                        one.const_token.span,
                        one.const_token.span,
                        one.semi_token.span,
                    ),
                ),
                syn::TraitItem::Type(one) => decl(
                    &one.ident,
                    "#",
                    Kind::AssociatedType,
                    whole(
                        &one.attrs,
                        one.type_token.span,
                        one.type_token.span,
                        one.semi_token.span,
                    ),
                ),
                _ => continue,
            };
            of.members.push(prefixed(member, &of.descriptor));
        }
        let at = self.declare(of);
        let around = self.around.replace(Around::Trait(self.scope, at));
        syn::visit::visit_item_trait(self, item);
        self.around = around;
    }

    fn impl_(&mut self, item: &syn::ItemImpl) {
        let mut descriptor = format!("impl#[{}]", escaped(&label(&item.self_ty)));
        if let Some((path, _)) = &item.trait_ {
            descriptor.push_str(&format!("[{}]", escaped(&path_label(path))));
        }
        let members = item.items.iter().filter_map(|one| match one {
            syn::ImplItem::Fn(one) => Some(function(
                &one.sig,
                method_kind(&one.sig),
                whole(
                    &one.attrs,
                    one.vis.span(),
                    one.sig.span(),
                    one.block.brace_token.span.close(),
                ),
            )),
            syn::ImplItem::Const(one) => Some(decl(
                &one.ident,
                ".",
                Kind::Constant,
                whole(
                    &one.attrs,
                    one.vis.span(),
                    one.const_token.span,
                    one.semi_token.span,
                ),
            )),
            syn::ImplItem::Type(one) => Some(decl(
                &one.ident,
                "#",
                Kind::AssociatedType,
                whole(
                    &one.attrs,
                    one.vis.span(),
                    one.type_token.span,
                    one.semi_token.span,
                ),
            )),
            _ => None,
        });
        let members = members.map(|one| prefixed(one, &descriptor)).collect();
        self.facts.impls.push(Impl {
            scope: self.scope,
            of: ty(&item.self_ty),
            trait_: item.trait_.as_ref().map(|(of, _)| path(of)),
            members,
        });
        if let Some((of, _)) = &item.trait_ {
            self.path(of, Space::Types);
        }
        let this = Around::Impl(self.facts.impls.len() - 1);
        let around = self.around.replace(this);
        syn::visit::visit_item_impl(self, item);
        self.around = around;
    }
}
