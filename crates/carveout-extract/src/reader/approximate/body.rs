//! From a file's syntax to its facts: types, patterns and expressions.

use syn::visit::{self, Visit};

use super::facts::{Decl, Path, Segment, Space, Ty, What};
use super::parse::Reader;
use super::types::{bytes, path, segment, ty};

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        self.item(item);
    }

    /// Attributes are their macros' own; derives are of no module.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(item, |reader, item| visit::visit_impl_item_fn(reader, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(item, |reader, item| {
            visit::visit_trait_item_fn(reader, item)
        });
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        let declares = block
            .stmts
            .iter()
            .any(|one| matches!(one, syn::Stmt::Item(_)));
        if declares {
            self.within(None, |reader| visit::visit_block(reader, block));
        } else {
            visit::visit_block(self, block);
        }
    }

    fn visit_vis_restricted(&mut self, of: &'ast syn::VisRestricted) {
        self.path(&of.path, Space::Types);
    }

    fn visit_type_path(&mut self, of: &'ast syn::TypePath) {
        self.qualified(of.qself.as_ref(), &of.path, Space::Types);
        visit::visit_type_path(self, of);
    }

    fn visit_trait_bound(&mut self, of: &'ast syn::TraitBound) {
        self.path(&of.path, Space::Types);
        visit::visit_trait_bound(self, of);
    }

    fn visit_fn_arg(&mut self, of: &'ast syn::FnArg) {
        if let syn::FnArg::Typed(of) = of {
            self.binds(&of.pat, ty(&of.ty));
        }
        visit::visit_fn_arg(self, of);
    }

    fn visit_local(&mut self, of: &'ast syn::Local) {
        visit::visit_local(self, of);
        let init = of.init.as_ref().and_then(|init| self.type_of(&init.expr));
        match &of.pat {
            syn::Pat::Type(typed) => self.binds(&typed.pat, ty(&typed.ty)),
            pat => self.binds(pat, init),
        }
    }

    fn visit_expr_let(&mut self, of: &'ast syn::ExprLet) {
        let ty = self.type_of(&of.expr);
        self.binds(&of.pat, ty);
        visit::visit_expr_let(self, of);
    }

    fn visit_expr_match(&mut self, of: &'ast syn::ExprMatch) {
        let ty = self.type_of(&of.expr);
        for arm in &of.arms {
            self.binds(&arm.pat, ty.clone());
        }
        visit::visit_expr_match(self, of);
    }

    fn visit_expr_for_loop(&mut self, of: &'ast syn::ExprForLoop) {
        let ty = self.type_of(&of.expr).map(|ty| Ty::Inner(Box::new(ty)));
        self.binds(&of.pat, ty);
        visit::visit_expr_for_loop(self, of);
    }

    fn visit_expr_closure(&mut self, of: &'ast syn::ExprClosure) {
        for input in &of.inputs {
            match input {
                syn::Pat::Type(typed) => self.binds(&typed.pat, ty(&typed.ty)),
                pat => self.binds(pat, None),
            }
        }
        visit::visit_expr_closure(self, of);
    }

    fn visit_expr_call(&mut self, of: &'ast syn::ExprCall) {
        match &*of.func {
            // What is called is a function, whatever a variable is called.
            syn::Expr::Path(func) => {
                self.qualified(func.qself.as_ref(), &func.path, Space::Values);
                visit::visit_path(self, &func.path);
            }
            func => self.visit_expr(func),
        }
        of.args.iter().for_each(|one| self.visit_expr(one));
    }

    fn visit_expr_path(&mut self, of: &'ast syn::ExprPath) {
        let single = of.path.get_ident().map(ToString::to_string);
        if !single.is_some_and(|name| self.locals.contains_key(&name)) {
            self.qualified(of.qself.as_ref(), &of.path, Space::Values);
        }
        visit::visit_expr_path(self, of);
    }

    fn visit_expr_struct(&mut self, of: &'ast syn::ExprStruct) {
        self.path(&of.path, Space::Types);
        for field in &of.fields {
            self.member(&of.path, &field.member);
        }
        visit::visit_expr_struct(self, of);
    }

    fn visit_pat_struct(&mut self, of: &'ast syn::PatStruct) {
        self.path(&of.path, Space::Types);
        for field in &of.fields {
            self.member(&of.path, &field.member);
        }
        visit::visit_pat_struct(self, of);
    }

    fn visit_pat_tuple_struct(&mut self, of: &'ast syn::PatTupleStruct) {
        self.path(&of.path, Space::Values);
        visit::visit_pat_tuple_struct(self, of);
    }

    fn visit_pat_ident(&mut self, of: &'ast syn::PatIdent) {
        // `None` and `LIMIT` are patterns that bind nothing.
        let name = segment(&of.ident);
        if of.subpat.is_none() && name.name.starts_with(|one: char| one.is_ascii_uppercase()) {
            let path = Path {
                global: false,
                segments: vec![name],
            };
            self.named(What::Path(path, Space::Values));
        }
        visit::visit_pat_ident(self, of);
    }

    fn visit_expr_field(&mut self, of: &'ast syn::ExprField) {
        if let (syn::Member::Named(name), Some(ty)) = (&of.member, self.type_of(&of.base)) {
            let name = segment(name);
            self.named(What::Member {
                of: ty,
                name,
                call: false,
            });
        }
        visit::visit_expr_field(self, of);
    }

    fn visit_expr_method_call(&mut self, of: &'ast syn::ExprMethodCall) {
        if let Some(ty) = self.type_of(&of.receiver) {
            let name = segment(&of.method);
            self.named(What::Member {
                of: ty,
                name,
                call: true,
            });
        }
        visit::visit_expr_method_call(self, of);
    }

    fn visit_macro(&mut self, of: &'ast syn::Macro) {
        self.path(&of.path, Space::Macros);
        self.macro_tokens(&of.tokens);
    }
}

impl Reader {
    /// `<Type as Trait>::name` begins at the trait; `<Type>::name` begins nowhere.
    pub(super) fn qualified(&mut self, of: Option<&syn::QSelf>, written: &syn::Path, space: Space) {
        match of {
            None => self.path(written, space),
            Some(of) if of.position > 0 => {
                let mut path = path(written);
                path.segments.truncate(of.position);
                self.named(What::Path(path, Space::Types));
            }
            Some(_) => {}
        }
    }

    fn member(&mut self, of: &syn::Path, member: &syn::Member) {
        if let syn::Member::Named(name) = member {
            let name = segment(name);
            let of = match of.is_ident("Self") {
                true => Ty::SelfType,
                false => Ty::Path(path(of), Vec::new()),
            };
            self.named(What::Member {
                of,
                name,
                call: false,
            });
        }
    }

    /// The variables of a pattern hide what has their name elsewhere.
    fn binds(&mut self, pattern: &syn::Pat, ty: Option<Ty>) {
        match pattern {
            syn::Pat::Ident(of) => {
                self.locals.insert(of.ident.to_string(), ty);
            }
            syn::Pat::Reference(of) => self.binds(&of.pat, ty),
            syn::Pat::Paren(of) => self.binds(&of.pat, ty),
            syn::Pat::Type(of) => self.binds(&of.pat, super::types::ty(&of.ty)),
            syn::Pat::TupleStruct(of) => {
                let wraps = of
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "Some" || last.ident == "Ok");
                let inner = ty.filter(|_| wraps).map(|ty| Ty::Inner(Box::new(ty)));
                of.elems
                    .iter()
                    .for_each(|one| self.binds(one, inner.clone()));
            }
            syn::Pat::Tuple(of) => {
                for (at, one) in of.elems.iter().enumerate() {
                    let part = ty.clone().map(|ty| Ty::Part(Box::new(ty), at));
                    self.binds(one, part);
                }
            }
            syn::Pat::Slice(of) => of.elems.iter().for_each(|one| self.binds(one, None)),
            syn::Pat::Struct(of) => of.fields.iter().for_each(|one| self.binds(&one.pat, None)),
            syn::Pat::Or(of) => of.cases.iter().for_each(|one| self.binds(one, ty.clone())),
            _ => {}
        }
    }

    /// What an expression is, as far as its text and the signatures it names say.
    fn type_of(&self, expression: &syn::Expr) -> Option<Ty> {
        match expression {
            syn::Expr::Path(of) if of.qself.is_none() => match of.path.get_ident() {
                Some(name) if name == "self" => Some(Ty::SelfType),
                Some(name) => match self.locals.get(&name.to_string()) {
                    Some(known) => known.clone(),
                    None => Some(Ty::Of(path(&of.path))),
                },
                None => Some(Ty::Of(path(&of.path))),
            },
            syn::Expr::Struct(of) if of.path.is_ident("Self") => Some(Ty::SelfType),
            syn::Expr::Struct(of) => Some(Ty::Path(path(&of.path), Vec::new())),
            syn::Expr::Call(of) => match &*of.func {
                syn::Expr::Path(of) if of.qself.is_none() => {
                    let of = path(&of.path);
                    let wraps = matches!(of.segments.last()?.name.as_str(), "Some" | "Ok");
                    (!wraps).then_some(Ty::Of(of))
                }
                _ => None,
            },
            syn::Expr::MethodCall(of) => {
                let receiver = Box::new(self.type_of(&of.receiver)?);
                let name = of.method.to_string();
                Some(match name.as_str() {
                    "clone" | "as_ref" | "as_mut" | "to_owned" | "iter" | "iter_mut"
                    | "into_iter" | "as_deref" => *receiver,
                    "unwrap" | "expect" | "unwrap_or_default" | "unwrap_or_else" => {
                        Ty::Inner(receiver)
                    }
                    _ => Ty::Member {
                        of: receiver,
                        name,
                        call: true,
                    },
                })
            }
            syn::Expr::Field(of) => match &of.member {
                syn::Member::Named(name) => {
                    let base = Box::new(self.type_of(&of.base)?);
                    Some(Ty::Member {
                        of: base,
                        name: name.to_string(),
                        call: false,
                    })
                }
                syn::Member::Unnamed(_) => None,
            },
            syn::Expr::Await(of) => self.type_of(&of.base),
            syn::Expr::Try(of) => Some(Ty::Inner(Box::new(self.type_of(&of.expr)?))),
            syn::Expr::Reference(of) => self.type_of(&of.expr),
            syn::Expr::Paren(of) => self.type_of(&of.expr),
            syn::Expr::Unary(of) => self.type_of(&of.expr),
            _ => None,
        }
    }
}

/// A declaration that a macro makes.
pub(super) fn made(
    name: &Segment,
    descriptor: String,
    kind: scip::types::symbol_information::Kind,
    whole: (u32, u32),
) -> Decl {
    Decl {
        name: name.name.clone(),
        descriptor,
        kind,
        name_at: name.at,
        whole,
        members: Vec::new(),
        ty: None,
    }
}

/// Where a token stream stands.
pub(super) fn extent(first: proc_macro2::Span, last: proc_macro2::Span) -> (u32, u32) {
    (bytes(first).0, bytes(last).1)
}
