//! Which fields of an entity a function reads, so that only those are sent.
//!
//! An entity is followed through the methods that it has and the functions of the workspace that it
//! is passed to. It escapes where it is stored, returned, cloned or passed out of sight: then all of
//! it is sent.

use std::collections::{BTreeSet, HashSet};

use syn::visit::{self, Visit};

use super::Cut;
use crate::model::{FileId, ItemId, ItemKind};
use crate::report::Projection;
use crate::syntax::{Function, Source};

/// An argument that a function takes.
pub(super) struct Taken<'t> {
    pub(super) cut: &'t Cut<'t>,
    pub(super) function: ItemId,
    pub(super) written: &'t Function,
    pub(super) source: &'t Source,
    pub(super) argument: &'t str,
}

/// What `taken` reads of `entity`; `None` where the entity is no struct with named fields, or the
/// argument is not it alone.
pub(super) fn project(taken: &Taken<'_>, entity: ItemId) -> Option<Projection> {
    let model = taken.cut.model;
    let fields: Vec<_> = model
        .items
        .iter()
        .filter(|item| item.owner == Some(entity) && item.kind == ItemKind::Field)
        .map(|item| item.name.as_str())
        .collect();
    if fields.len() < 2 {
        return None;
    }
    let mut following = Following {
        cut: taken.cut,
        entity,
        read: BTreeSet::new(),
        escapes: None,
        seen: HashSet::new(),
    };
    let file = model.item(taken.function).definition?.file;
    following.body(
        taken.function,
        file,
        taken.written,
        taken.source,
        taken.argument,
    );
    let mut read: Vec<_> = following.read.into_iter().collect();
    if following.escapes.is_some() {
        read = fields.iter().map(|name| (*name).to_owned()).collect();
        read.sort();
    }
    Some(Projection {
        function: model.item_path(taken.function),
        argument: taken.argument.to_owned(),
        entity: model.item_path(entity),
        fields: fields.len(),
        read,
        escapes: following.escapes,
    })
}

struct Following<'f> {
    cut: &'f Cut<'f>,
    entity: ItemId,
    read: BTreeSet<String>,
    escapes: Option<String>,
    seen: HashSet<(ItemId, String)>,
}

impl Following<'_> {
    fn body(&mut self, id: ItemId, file: FileId, function: &Function, source: &Source, name: &str) {
        if self.escapes.is_some() || !self.seen.insert((id, name.to_owned())) {
            return;
        }
        let Some(body) = &function.body else {
            self.escape(&format!(
                "{} is a trait's: what it does is not known",
                self.cut.model.item_path(id)
            ));
            return;
        };
        let mut uses = Uses {
            name,
            found: Vec::new(),
        };
        uses.visit_block(body);
        for found in uses.found {
            self.follow(found, id, file, source);
        }
    }

    fn follow(&mut self, found: Found, id: ItemId, file: FileId, source: &Source) {
        let at = |span: proc_macro2::Span| self.cut.named_at(file, source.span(span).start);
        match found {
            Found::Field(field) => {
                self.read.insert(field);
            }
            Found::Method(method) => match at(method.span()) {
                Some(called) if self.cut.model.item(called).module.is_some() => {
                    self.enter(called, 0)
                }
                // The accessor of a field that is of another package's type, `clone()` and such.
                _ => self.escape(&format!(
                    "{method}() in {} takes all of it",
                    self.cut.model.item_path(id)
                )),
            },
            Found::Passed { to, position } => match at(to.span()) {
                Some(called) if self.cut.model.item(called).module.is_some() => {
                    self.enter(called, position)
                }
                _ => self.escape(&format!(
                    "{} passes it to {to}",
                    self.cut.model.item_path(id)
                )),
            },
            Found::Whole(how) => self.escape(&format!("{} {how}", self.cut.model.item_path(id))),
        }
    }

    /// Goes on in a function of the workspace whose argument at `position` is the entity; a receiver
    /// is the first.
    fn enter(&mut self, called: ItemId, position: usize) {
        let item = self.cut.model.item(called);
        let source = item
            .definition
            .and_then(|place| Some((place, self.cut.sources.get(place.file)?)));
        let Some((place, source)) = source else {
            return self.escape(&format!(
                "{} is made by a macro",
                self.cut.model.item_path(called)
            ));
        };
        let Some(function) = source.function_at(place.name.start) else {
            return self.escape(&format!(
                "it goes into {}",
                self.cut.model.item_path(called)
            ));
        };
        let name = match function.signature.inputs.iter().nth(position) {
            Some(syn::FnArg::Receiver(_)) => "self".to_owned(),
            Some(syn::FnArg::Typed(argument)) => match &*argument.pat {
                syn::Pat::Ident(name) => name.ident.to_string(),
                _ => {
                    return self.escape(&format!(
                        "{} takes it apart",
                        self.cut.model.item_path(called)
                    ));
                }
            },
            None => return self.escape(&format!("{} takes it", self.cut.model.item_path(called))),
        };
        self.body(called, place.file, function, &source, &name);
    }

    fn escape(&mut self, why: &str) {
        let entity = &self.cut.model.item(self.entity).name;
        self.escapes.get_or_insert(format!("{entity}: {why}"));
    }
}

/// How an argument is used.
enum Found {
    Field(String),
    Method(syn::Ident),
    Passed { to: syn::Ident, position: usize },
    Whole(&'static str),
}

/// Finds each use of the local `name`.
struct Uses<'n> {
    name: &'n str,
    found: Vec<Found>,
}

impl Uses<'_> {
    /// Whether an expression is the local itself, borrowed or not.
    fn is_it(&self, expr: &syn::Expr) -> bool {
        match expr {
            syn::Expr::Path(path) => path.path.is_ident(self.name),
            syn::Expr::Reference(inner) => self.is_it(&inner.expr),
            syn::Expr::Paren(inner) => self.is_it(&inner.expr),
            syn::Expr::Unary(syn::ExprUnary {
                op: syn::UnOp::Deref(_),
                expr,
                ..
            }) => self.is_it(expr),
            _ => false,
        }
    }

    fn arguments<'a>(
        &mut self,
        to: Option<&syn::Ident>,
        arguments: impl Iterator<Item = &'a syn::Expr>,
        receiver: usize,
    ) {
        for (position, argument) in arguments.enumerate() {
            if !self.is_it(argument) {
                self.visit_expr(argument);
                continue;
            }
            let found = match to {
                Some(to) => Found::Passed {
                    to: to.clone(),
                    position: position + receiver,
                },
                None => Found::Whole("calls something with it"),
            };
            self.found.push(found);
        }
    }
}

impl<'ast> Visit<'ast> for Uses<'_> {
    fn visit_expr_field(&mut self, expr: &'ast syn::ExprField) {
        if !self.is_it(&expr.base) {
            return visit::visit_expr_field(self, expr);
        }
        if let syn::Member::Named(field) = &expr.member {
            self.found.push(Found::Field(field.to_string()));
        }
    }

    fn visit_expr_method_call(&mut self, expr: &'ast syn::ExprMethodCall) {
        if self.is_it(&expr.receiver) {
            self.found.push(Found::Method(expr.method.clone()));
        } else {
            self.visit_expr(&expr.receiver);
        }
        self.arguments(Some(&expr.method), expr.args.iter(), 1);
    }

    fn visit_expr_call(&mut self, expr: &'ast syn::ExprCall) {
        let to = match &*expr.func {
            syn::Expr::Path(path) => path.path.segments.last().map(|last| &last.ident),
            _ => None,
        };
        self.arguments(to, expr.args.iter(), 0);
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if path.path.is_ident(self.name) {
            self.found.push(Found::Whole("keeps or returns it"));
        }
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let arguments = mac.parse_body_with(
            syn::punctuated::Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated,
        );
        match arguments {
            Ok(arguments) => arguments
                .iter()
                .for_each(|argument| self.visit_expr(argument)),
            Err(_) if mentions(mac.tokens.clone(), self.name) => self.tokens(mac.tokens.clone()),
            Err(_) => {}
        }
    }
}

impl Uses<'_> {
    /// In a macro's own syntax, `user.email` is a field's use and a bare `user` is all of it.
    fn tokens(&mut self, tokens: proc_macro2::TokenStream) {
        use proc_macro2::TokenTree;
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(ident) if ident == self.name => {
                    let dot = matches!(tokens.peek(), Some(TokenTree::Punct(dot)) if dot.as_char() == '.');
                    if !dot {
                        self.found.push(Found::Whole("gives it to a macro"));
                        continue;
                    }
                    tokens.next();
                    let Some(TokenTree::Ident(member)) = tokens.next() else {
                        continue;
                    };
                    let called = matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.delimiter() == proc_macro2::Delimiter::Parenthesis);
                    self.found.push(match called {
                        true => Found::Method(member),
                        false => Found::Field(member.to_string()),
                    });
                }
                TokenTree::Group(group) => self.tokens(group.stream()),
                _ => {}
            }
        }
    }
}

fn mentions(tokens: proc_macro2::TokenStream, name: &str) -> bool {
    use proc_macro2::TokenTree;
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}
