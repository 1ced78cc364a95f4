//! One walk over a file's syntax tree, which notes what analysis asks for.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::literals::Literal;
use super::regions::{ONCE_AN_ELEMENT, TRANSACTIONS, calls_method, ends, ends_in_begin};
use super::source::{Function, Loop, Region, Source, TypeBody, TypeDefinition, Value};

pub(super) struct Collector<'s> {
    source: &'s mut Source,
    of: Option<syn::Type>,
    of_trait: bool,
    implements: Option<String>,
    around: Option<syn::Generics>,
    /// The call that a string would be given to.
    calls: Vec<String>,
}

impl<'s> Collector<'s> {
    pub(super) fn new(source: &'s mut Source) -> Self {
        Self {
            source,
            of: None,
            of_trait: false,
            implements: None,
            around: None,
            calls: Vec::new(),
        }
    }

    pub(super) fn file(&mut self, file: &syn::File) {
        self.visit_file(file);
    }

    fn function(
        &mut self,
        span: proc_macro2::Span,
        attributes: &[syn::Attribute],
        public: bool,
        signature: &syn::Signature,
        body: Option<&syn::Block>,
    ) {
        let function = Function {
            name: self.source.span(signature.ident.span()).start,
            span: self.source.span(span),
            signature: signature.clone(),
            attributes: attributes.iter().map(last_name).collect(),
            public,
            of: self.of.clone(),
            of_trait: self.of_trait,
            implements: self.implements.clone(),
            around: self.around.clone(),
            body: body.cloned(),
        };
        self.source.functions.push(function);
        if attributes.iter().any(is_test) {
            let span = self.source.span(span);
            self.source.tests.push(span);
        }
    }

    fn define(
        &mut self,
        ident: &syn::Ident,
        generics: &syn::Generics,
        attributes: &[syn::Attribute],
        body: TypeBody,
    ) {
        let definition = TypeDefinition {
            name: self.source.span(ident.span()).start,
            generics: generics.clone(),
            derives: attributes.iter().flat_map(derives).collect(),
            body,
        };
        self.source.types.push(definition);
    }

    fn call(&mut self, name: &syn::Ident, span: proc_macro2::Span) {
        let region = Region {
            name: name.to_string(),
            at: self.source.span(name.span()).start,
            span: self.source.span(span),
        };
        self.source.calls.push(region);
    }

    /// Notes what the closures among `arguments` are to the call `name`.
    fn closures<'a>(&mut self, name: &syn::Ident, arguments: impl Iterator<Item = &'a syn::Expr>) {
        let name = name.to_string();
        let once_an_element = ONCE_AN_ELEMENT.contains(&name.as_str());
        let transaction = TRANSACTIONS.contains(&name.as_str());
        for argument in arguments {
            if transaction && let syn::Expr::Path(function) = argument {
                // `transaction(change)`: the function is all that runs in it.
                let span = self.source.span(function.span());
                self.transaction(&name, span);
            }
            let syn::Expr::Closure(closure) = argument else {
                continue;
            };
            let span = self.source.span(closure.body.span());
            if once_an_element {
                self.source.loops.push(Loop { body: span });
            }
            if transaction {
                self.transaction(&name, span);
            }
        }
    }

    fn transaction(&mut self, name: &str, span: crate::model::Span) {
        self.source.transactions.push(Region {
            name: name.to_owned(),
            at: span.start,
            span,
        });
    }

    fn literal(&mut self, value: String, span: proc_macro2::Span) {
        let literal = Literal {
            value,
            span: self.source.span(span),
            given_to: self.calls.last().cloned().unwrap_or_default(),
        };
        self.source.literals.push(literal);
    }

    /// The tokens of a macro that is not called as a function is. Blocks among them are Rust, as far
    /// as they parse; of the rest, strings are all that can be known.
    fn unparsed(&mut self, tokens: TokenStream) {
        if let Ok(statements) = syn::Block::parse_within.parse2(tokens.clone()) {
            for statement in &statements {
                self.visit_stmt(statement);
            }
            return;
        }
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.unparsed(group.stream()),
                TokenTree::Literal(literal) => {
                    let span = literal.span();
                    if let syn::Lit::Str(string) = syn::Lit::new(literal) {
                        self.literal(string.value(), span);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    /// `begin()` to the end of its block: the transaction of a database whose interface has no
    /// closures.
    fn begun(&mut self, block: &syn::Block) {
        let begins = |statement: &&syn::Stmt| {
            let syn::Stmt::Local(local) = statement else {
                return false;
            };
            local
                .init
                .as_ref()
                .is_some_and(|init| ends_in_begin(&init.expr))
        };
        let mut statements = block.stmts.iter();
        while let Some(statement) = statements.by_ref().find(begins) {
            let begun = self.source.span(statement.span());
            // What comes behind the commit is no part of it.
            let commit = statements.clone().find(|statement| ends(statement));
            let end = match commit {
                Some(commit) => self.source.span(commit.span()).end,
                None => self.source.span(block.span()).end,
            };
            let span = crate::model::Span {
                start: begun.end,
                end,
            };
            self.source.transactions.push(Region {
                name: "begin".to_owned(),
                at: begun.start,
                span,
            });
        }
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(
            item.span(),
            &item.attrs,
            is_public(&item.vis),
            &item.sig,
            Some(&item.block),
        );
        // What is nested in it is no method of the type around it.
        let of = self.of.take();
        let of_trait = std::mem::take(&mut self.of_trait);
        visit::visit_item_fn(self, item);
        (self.of, self.of_trait) = (of, of_trait);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(
            item.span(),
            &item.attrs,
            is_public(&item.vis),
            &item.sig,
            Some(&item.block),
        );
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(
            item.span(),
            &item.attrs,
            true,
            &item.sig,
            item.default.as_ref(),
        );
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let before = (self.of.replace((*item.self_ty).clone()), self.of_trait);
        let around = self.around.replace(item.generics.clone());
        self.of_trait = item.trait_.is_some();
        let implements = std::mem::replace(&mut self.implements, trait_name(item));
        visit::visit_item_impl(self, item);
        self.implements = implements;
        (self.of, self.of_trait) = before;
        self.around = around;
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        let before = (self.of.take(), self.of_trait);
        let around = self.around.replace(item.generics.clone());
        self.of_trait = true;
        visit::visit_item_trait(self, item);
        (self.of, self.of_trait) = before;
        self.around = around;
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.attrs.iter().any(is_test) {
            let span = self.source.span(item.span());
            self.source.tests.push(span);
        }
        visit::visit_item_mod(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.define(
            &item.ident,
            &item.generics,
            &item.attrs,
            TypeBody::Struct(item.fields.clone()),
        );
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        let variants = item.variants.iter().cloned().collect();
        self.define(
            &item.ident,
            &item.generics,
            &item.attrs,
            TypeBody::Enum(variants),
        );
        visit::visit_item_enum(self, item);
    }

    fn visit_item_union(&mut self, item: &'ast syn::ItemUnion) {
        self.define(&item.ident, &item.generics, &item.attrs, TypeBody::Union);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.define(
            &item.ident,
            &item.generics,
            &item.attrs,
            TypeBody::Alias(item.ty.clone()),
        );
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        let name = self.source.span(item.ident.span()).start;
        self.source.values.push(Value {
            name,
            of: (*item.ty).clone(),
            is_static: true,
        });
        visit::visit_item_static(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        let name = self.source.span(item.ident.span()).start;
        self.source.values.push(Value {
            name,
            of: (*item.ty).clone(),
            is_static: false,
        });
        visit::visit_item_const(self, item);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let span = self.source.span(item.span());
        self.source.imports.push(span);
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        let span = self.source.span(statement.span());
        self.source.statements.push(span);
        visit::visit_stmt(self, statement);
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.begun(block);
        visit::visit_block(self, block);
    }

    fn visit_expr_for_loop(&mut self, expr: &'ast syn::ExprForLoop) {
        let body = self.source.span(expr.body.span());
        self.source.loops.push(Loop { body });
        visit::visit_expr_for_loop(self, expr);
    }

    fn visit_expr_while(&mut self, expr: &'ast syn::ExprWhile) {
        // Its condition is asked once a turn as well.
        let body = self.source.span(expr.span());
        self.source.loops.push(Loop { body });
        visit::visit_expr_while(self, expr);
    }

    fn visit_expr_loop(&mut self, expr: &'ast syn::ExprLoop) {
        let body = self.source.span(expr.body.span());
        self.source.loops.push(Loop { body });
        visit::visit_expr_loop(self, expr);
    }

    fn visit_expr_method_call(&mut self, expr: &'ast syn::ExprMethodCall) {
        self.call(&expr.method, expr.span());
        if expr.method == "run" && calls_method(&expr.receiver, "build_transaction") {
            for argument in &expr.args {
                let span = self.source.span(argument.span());
                self.transaction("build_transaction", span);
            }
        }
        self.closures(&expr.method, expr.args.iter());
        self.visit_expr(&expr.receiver);
        self.calls.push(expr.method.to_string());
        for argument in &expr.args {
            self.visit_expr(argument);
        }
        self.calls.pop();
    }

    fn visit_expr_call(&mut self, expr: &'ast syn::ExprCall) {
        let name = match &*expr.func {
            syn::Expr::Path(path) => path.path.segments.last().map(|last| &last.ident),
            _ => None,
        };
        self.visit_expr(&expr.func);
        if let Some(name) = name {
            self.call(name, expr.span());
            self.closures(name, expr.args.iter());
        }
        self.calls
            .push(name.map(ToString::to_string).unwrap_or_default());
        for argument in &expr.args {
            self.visit_expr(argument);
        }
        self.calls.pop();
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.literal(literal.value(), literal.span());
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {
        // Documentation is a string too, and says nothing about what runs.
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let name = mac.path.segments.last().map(|last| last.ident.to_string());
        self.calls.push(name.unwrap_or_default());
        let arguments =
            mac.parse_body_with(Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated);
        match arguments {
            Ok(arguments) => {
                for argument in &arguments {
                    // The tokens' own spans are kept, so what is found is where it stands.
                    self.visit_expr(argument);
                }
            }
            Err(_) => self.unparsed(mac.tokens.clone()),
        }
        self.calls.pop();
    }
}

/// The last name of the trait that a block implements.
fn trait_name(item: &syn::ItemImpl) -> Option<String> {
    let (path, _) = item.trait_.as_ref()?;
    let last = path.segments.last()?;
    Some(last.ident.to_string())
}

fn is_public(visibility: &syn::Visibility) -> bool {
    !matches!(visibility, syn::Visibility::Inherited)
}

fn last_name(attribute: &syn::Attribute) -> String {
    let last = attribute.path().segments.last();
    last.map(|last| last.ident.to_string()).unwrap_or_default()
}

/// `#[test]` and its like, and `#[cfg(test)]`.
fn is_test(attribute: &syn::Attribute) -> bool {
    let name = last_name(attribute);
    if matches!(name.as_str(), "test" | "rstest" | "test_case" | "bench") {
        return true;
    }
    let syn::Meta::List(list) = &attribute.meta else {
        return false;
    };
    name == "cfg" && list.tokens.to_string() == "test"
}

fn derives(attribute: &syn::Attribute) -> Vec<String> {
    if !attribute.path().is_ident("derive") {
        return Vec::new();
    }
    let paths =
        attribute.parse_args_with(Punctuated::<syn::Path, syn::Token![,]>::parse_terminated);
    let last = |path: &syn::Path| Some(path.segments.last()?.ident.to_string());
    paths.iter().flatten().filter_map(last).collect()
}
