//! What a body does with its names: what is called on what, what is bound to what, what is changed.
//!
//! It is one walk over a file's syntax tree beside [`super::collect`], and knows nothing of types. Where
//! it cannot say what a name stands for, it says so, and nothing that is built on it is proved.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use super::source::Source;
use crate::model::{Position, Span};

/// What bodies do with their names.
#[derive(Default)]
pub struct Flow {
    /// Every call, those in the tokens of macros included.
    pub calls: Vec<Call>,
    /// Every use of a macro.
    pub macros: Vec<MacroUse>,
    /// What patterns bind.
    pub bindings: Vec<Binding>,
    /// How names are used.
    pub uses: Vec<Use>,
    /// `?`.
    pub questions: Vec<Position>,
    /// `unsafe` blocks.
    pub unsafes: Vec<Position>,
    /// The last name of what a `for` goes through, where that is a variable or a field.
    pub iterated: Vec<Position>,
    /// Of a lock that is taken, what its guard is for.
    pub guards: Vec<(Position, Guard)>,
    /// What a rule of `macro_rules!` is made of, by the name of the macro.
    pub rules: Vec<Rules>,
}

/// A call of a function or a method.
pub struct Call {
    /// Its name; empty for what is called without one: `(self.hook)(value)`.
    pub name: String,
    /// Where the name begins.
    pub at: Position,
    /// All of it, a method's receiver included.
    pub span: Span,
    /// What a method is called on.
    pub receiver: Option<Root>,
    /// What it is given.
    pub arguments: Vec<Argument>,
    /// Whether it stands in tokens of a macro that are no Rust.
    pub in_tokens: bool,
}

/// An argument of a call.
pub struct Argument {
    /// Where its value comes from.
    pub root: Root,
    /// All of it.
    pub span: Span,
    /// Whether it is a closure or an `async` block.
    pub closure: bool,
    /// Where the last name of a path begins.
    pub path: Option<Position>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// A call, a literal or a constructor made it.
    Made,
    /// A variable or a parameter.
    Name(String),
    /// A path: a constant, a static, a table.
    Path(Position),
    /// Nothing can be said.
    Unknown,
}

/// A name that a pattern binds.
pub struct Binding {
    /// The name.
    pub name: String,
    /// Where.
    pub at: Position,
    /// What it is bound to, or a part of it.
    pub root: Root,
}

/// A use of a variable or a parameter.
pub struct Use {
    /// The name; `self` for a receiver.
    pub name: String,
    /// Where.
    pub at: Position,
    /// How.
    pub how: How,
}

/// How a name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Assigned to, borrowed by `&mut`, given away whole.
    Changed,
    /// It, or a part of it, is what the method whose name begins here is called on.
    Through(Position),
}

/// What becomes of a lock's guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The method whose name begins here is called on it, and it is gone.
    Used(Position),
    /// It is bound to a name that is not `mut`.
    Bound(String),
}

/// A use of a macro.
pub struct MacroUse {
    /// Its name.
    pub name: String,
    /// Where the name begins.
    pub at: Position,
    /// All of it.
    pub span: Span,
    /// Its first argument, if it is a name.
    pub first: Option<Position>,
}

/// The definition of a `macro_rules!`.
pub struct Rules {
    /// Where its name begins.
    pub at: Position,
    /// What it is made of.
    pub tokens: TokenStream,
}

/// Methods whose result is their receiver, or a part of it.
const SAME: [&str; 26] = [
    "clone",
    "cloned",
    "copied",
    "to_owned",
    "as_ref",
    "as_mut",
    "as_deref",
    "as_deref_mut",
    "unwrap",
    "expect",
    "unwrap_or_default",
    "ok",
    "by_ref",
    "borrow",
    "borrow_mut",
    "deref",
    "deref_mut",
    "into",
    "into_iter",
    "iter",
    "iter_mut",
    "take",
    "get_mut",
    "get_ref",
    "inner",
    "try_clone",
];

/// Methods that take a lock.
const LOCKS: [&str; 3] = ["lock", "lock_owned", "blocking_lock"];

/// Methods that open what `lock` returns.
const OPENS: [&str; 5] = [
    "unwrap",
    "expect",
    "unwrap_or_else",
    "map_err",
    "unwrap_or_default",
];

pub(super) fn collect(source: &Source, file: &syn::File) -> Flow {
    let mut walk = Walk {
        source,
        flow: Flow::default(),
    };
    walk.visit_file(file);
    walk.flow
}

struct Walk<'s> {
    source: &'s Source,
    flow: Flow,
}

impl Walk<'_> {
    fn at(&self, ident: &syn::Ident) -> Position {
        self.source.span(ident.span()).start
    }

    fn span(&self, of: &impl Spanned) -> Span {
        self.source.span(of.span())
    }

    fn root(&self, expr: &syn::Expr) -> Root {
        match peel(expr) {
            syn::Expr::Field(field) => self.root(&field.base),
            syn::Expr::Index(index) => self.root(&index.expr),
            syn::Expr::MethodCall(call) if SAME.iter().any(|same| call.method == same) => {
                self.root(&call.receiver)
            }
            syn::Expr::Path(path) => match path.path.get_ident() {
                Some(name) if !starts_upper(name) => Root::Name(name.to_string()),
                _ => match path.path.segments.last() {
                    Some(last) => Root::Path(self.at(&last.ident)),
                    None => Root::Unknown,
                },
            },
            // `Some(value)` holds what it is given.
            syn::Expr::Call(call) => match &*call.func {
                syn::Expr::Path(path)
                    if path
                        .path
                        .segments
                        .last()
                        .is_some_and(|last| starts_upper(&last.ident)) =>
                {
                    self.joined(call.args.iter())
                }
                _ => Root::Made,
            },
            syn::Expr::Tuple(tuple) => self.joined(tuple.elems.iter()),
            syn::Expr::Array(array) => self.joined(array.elems.iter()),
            syn::Expr::Struct(of) => self.joined(of.fields.iter().map(|field| &field.expr)),
            syn::Expr::Block(block) => self.tail(&block.block),
            syn::Expr::Unsafe(block) => self.tail(&block.block),
            syn::Expr::If(of) => {
                let other = of
                    .else_branch
                    .as_ref()
                    .map_or(Root::Made, |(_, other)| self.root(other));
                joined(self.tail(&of.then_branch), other)
            }
            syn::Expr::Match(of) => {
                let arms = of.arms.iter().filter(|arm| !diverges(&arm.body));
                arms.fold(Root::Made, |root, arm| joined(root, self.root(&arm.body)))
            }
            syn::Expr::MethodCall(_)
            | syn::Expr::Macro(_)
            | syn::Expr::Lit(_)
            | syn::Expr::Closure(_)
            | syn::Expr::Async(_)
            | syn::Expr::Binary(_)
            | syn::Expr::Range(_)
            | syn::Expr::Repeat(_)
            | syn::Expr::Return(_)
            | syn::Expr::Continue(_)
            | syn::Expr::Break(_) => Root::Made,
            _ => Root::Unknown,
        }
    }

    fn joined<'e>(&self, exprs: impl Iterator<Item = &'e syn::Expr>) -> Root {
        exprs.fold(Root::Made, |root, expr| joined(root, self.root(expr)))
    }

    fn tail(&self, block: &syn::Block) -> Root {
        match block.stmts.last() {
            Some(syn::Stmt::Expr(expr, None)) => self.root(expr),
            _ => Root::Made,
        }
    }

    /// The variable that a place is, or is a part of.
    fn place(&self, expr: &syn::Expr) -> Option<(String, Position)> {
        match expr {
            syn::Expr::Path(path) => {
                let name = path.path.get_ident()?;
                (!starts_upper(name)).then(|| (name.to_string(), self.at(name)))
            }
            syn::Expr::Field(field) => self.place(&field.base),
            syn::Expr::Index(index) => self.place(&index.expr),
            syn::Expr::Paren(inner) => self.place(&inner.expr),
            syn::Expr::Group(inner) => self.place(&inner.expr),
            syn::Expr::Unary(syn::ExprUnary {
                op: syn::UnOp::Deref(_),
                expr,
                ..
            }) => self.place(expr),
            syn::Expr::Reference(of) => self.place(&of.expr),
            _ => None,
        }
    }

    fn uses(&mut self, expr: &syn::Expr, how: How) -> bool {
        let Some((name, at)) = self.place(expr) else {
            return false;
        };
        self.flow.uses.push(Use { name, at, how });
        true
    }

    /// Looks at an expression whose value is only looked at: a place in it is not given away.
    fn look(&mut self, expr: &syn::Expr) {
        if self.place(expr).is_none() {
            self.visit_expr(expr);
        } else {
            self.indices(expr);
        }
    }

    /// What is computed on the way to a place.
    fn indices(&mut self, expr: &syn::Expr) {
        match expr {
            syn::Expr::Field(field) => self.indices(&field.base),
            syn::Expr::Paren(inner) => self.indices(&inner.expr),
            syn::Expr::Group(inner) => self.indices(&inner.expr),
            syn::Expr::Unary(inner) => self.indices(&inner.expr),
            syn::Expr::Reference(inner) => {
                if inner.mutability.is_some() {
                    self.uses(&inner.expr, How::Changed);
                }
                self.indices(&inner.expr);
            }
            syn::Expr::Index(index) => {
                self.indices(&index.expr);
                self.look(&index.index);
            }
            _ => {}
        }
    }

    fn bind(&mut self, pattern: &syn::Pat, root: &Root) {
        let mut names = Names(Vec::new());
        names.visit_pat(pattern);
        for (ident, by_mut) in names.0 {
            if by_mut && let Root::Name(name) = root {
                let at = self.at(&ident);
                let name = name.clone();
                self.flow.uses.push(Use {
                    name,
                    at,
                    how: How::Changed,
                });
            }
            self.flow.bindings.push(Binding {
                name: ident.to_string(),
                at: self.at(&ident),
                root: root.clone(),
            });
        }
    }

    fn arguments<'e>(&self, arguments: impl Iterator<Item = &'e syn::Expr>) -> Vec<Argument> {
        let argument = |expr: &syn::Expr| Argument {
            root: self.root(expr),
            span: self.span(expr),
            closure: matches!(expr, syn::Expr::Closure(_) | syn::Expr::Async(_)),
            path: match peel(expr) {
                syn::Expr::Path(path) => path.path.segments.last().map(|last| self.at(&last.ident)),
                _ => None,
            },
        };
        arguments.map(argument).collect()
    }

    /// The lock that an expression takes and opens, and nothing more.
    fn lock(&self, expr: &syn::Expr) -> Option<Position> {
        match expr {
            syn::Expr::Try(inner) => self.lock(&inner.expr),
            syn::Expr::Await(inner) => self.lock(&inner.base),
            syn::Expr::Paren(inner) => self.lock(&inner.expr),
            syn::Expr::MethodCall(call) if LOCKS.iter().any(|name| call.method == name) => {
                Some(self.at(&call.method))
            }
            syn::Expr::MethodCall(call) if OPENS.iter().any(|name| call.method == name) => {
                self.lock(&call.receiver)
            }
            _ => None,
        }
    }

    /// Calls among tokens: a name before parentheses.
    fn tokens(&mut self, tokens: TokenStream) {
        if let Ok(statements) = syn::Block::parse_within.parse2(tokens.clone()) {
            for statement in &statements {
                self.visit_stmt(statement);
            }
            return;
        }
        let mut before: Option<syn::Ident> = None;
        let mut after_dot = false;
        let mut dot = false;
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    let called = group.delimiter() == proc_macro2::Delimiter::Parenthesis;
                    if let Some(name) = before.take().filter(|_| called) {
                        let at = self.at(&name);
                        let span = Span {
                            start: at,
                            end: self.source.span(group.span_close()).end,
                        };
                        self.flow.calls.push(Call {
                            name: name.to_string(),
                            at,
                            span,
                            receiver: after_dot.then_some(Root::Unknown),
                            arguments: Vec::new(),
                            in_tokens: true,
                        });
                    }
                    self.tokens(group.stream());
                    dot = false;
                }
                TokenTree::Ident(ident) => {
                    after_dot = dot;
                    dot = false;
                    // What a macro is given by name may be changed by it.
                    self.flow.uses.push(Use {
                        name: ident.to_string(),
                        at: self.at(&ident),
                        how: How::Changed,
                    });
                    before = Some(ident);
                }
                TokenTree::Punct(punct) => {
                    before = None;
                    dot = punct.as_char() == '.';
                    if punct.as_char() == '?' {
                        let at = self.source.span(punct.span()).start;
                        self.flow.questions.push(at);
                    }
                }
                TokenTree::Literal(_) => {
                    before = None;
                    dot = false;
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_expr(&mut self, expr: &'ast syn::Expr) {
        match expr {
            syn::Expr::Path(path) => {
                if let Some(name) = path.path.get_ident() {
                    let (name, at) = (name.to_string(), self.at(name));
                    self.flow.uses.push(Use {
                        name,
                        at,
                        how: How::Changed,
                    });
                }
            }
            syn::Expr::Field(_) => {
                if self.place(expr).is_none() {
                    visit::visit_expr(self, expr);
                } else {
                    self.indices(expr);
                }
            }
            syn::Expr::Index(index) => {
                if self.place(&index.expr).is_none() {
                    self.visit_expr(&index.expr);
                } else {
                    self.indices(&index.expr);
                }
                self.look(&index.index);
            }
            syn::Expr::Reference(of) if of.mutability.is_none() => self.look(&of.expr),
            syn::Expr::Reference(of) => {
                if !self.uses(&of.expr, How::Changed) {
                    self.visit_expr(&of.expr);
                }
                self.indices(&of.expr);
            }
            syn::Expr::Unary(of) => self.look(&of.expr),
            syn::Expr::Cast(of) => self.look(&of.expr),
            syn::Expr::Assign(assign) => {
                if !self.uses(&assign.left, How::Changed) {
                    self.visit_expr(&assign.left);
                }
                self.indices(&assign.left);
                self.visit_expr(&assign.right);
            }
            syn::Expr::Binary(binary) => {
                if is_assigning(&binary.op) {
                    self.uses(&binary.left, How::Changed);
                }
                self.look(&binary.left);
                self.look(&binary.right);
            }
            _ => visit::visit_expr(self, expr),
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let at = self.at(&call.method);
        let receiver = self.root(&call.receiver);
        let arguments = self.arguments(call.args.iter());
        let span = self.span(call);
        self.flow.calls.push(Call {
            name: call.method.to_string(),
            at,
            span,
            receiver: Some(receiver),
            arguments,
            in_tokens: false,
        });
        if OPENS.iter().all(|name| call.method != name)
            && let Some(lock) = self.lock(&call.receiver)
        {
            self.flow.guards.push((lock, Guard::Used(at)));
        }
        if self.uses(&call.receiver, How::Through(at)) {
            self.indices(&call.receiver);
        } else {
            self.visit_expr(&call.receiver);
        }
        for argument in &call.args {
            self.visit_expr(argument);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let name = match peel(&call.func) {
            syn::Expr::Path(path) => path.path.segments.last().map(|last| last.ident.clone()),
            _ => None,
        };
        let at = name
            .as_ref()
            .map_or(self.span(&call.func).start, |name| self.at(name));
        let arguments = self.arguments(call.args.iter());
        let span = self.span(call);
        self.flow.calls.push(Call {
            name: name.map(|name| name.to_string()).unwrap_or_default(),
            at,
            span,
            receiver: None,
            arguments,
            in_tokens: false,
        });
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_struct(&mut self, of: &'ast syn::ExprStruct) {
        for field in &of.fields {
            self.visit_expr(&field.expr);
        }
        if let Some(rest) = &of.rest {
            self.visit_expr(rest);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let Some(init) = &local.init else {
            // What is assigned later may be anything.
            self.bind(&local.pat, &Root::Unknown);
            return;
        };
        let root = self.root(&init.expr);
        self.bind(&local.pat, &root);
        if let Some(lock) = self.lock(&init.expr)
            && let Some(name) = bound_by_value(&local.pat)
        {
            self.flow.guards.push((lock, Guard::Bound(name)));
        }
        self.visit_expr(&init.expr);
        if let Some((_, otherwise)) = &init.diverge {
            self.visit_expr(otherwise);
        }
    }

    fn visit_expr_let(&mut self, of: &'ast syn::ExprLet) {
        let root = self.root(&of.expr);
        self.bind(&of.pat, &root);
        self.visit_expr(&of.expr);
    }

    fn visit_expr_match(&mut self, of: &'ast syn::ExprMatch) {
        let root = self.root(&of.expr);
        for arm in &of.arms {
            self.bind(&arm.pat, &root);
        }
        visit::visit_expr_match(self, of);
    }

    fn visit_expr_for_loop(&mut self, of: &'ast syn::ExprForLoop) {
        let root = self.root(&of.expr);
        self.bind(&of.pat, &root);
        match peel(&of.expr) {
            syn::Expr::Field(syn::ExprField {
                member: syn::Member::Named(name),
                ..
            }) => self.flow.iterated.push(self.at(name)),
            syn::Expr::Path(path) => {
                let name = path.path.get_ident();
                let at = name.map(|name| self.at(name));
                self.flow.iterated.extend(at);
            }
            _ => {}
        }
        self.visit_expr(&of.expr);
        self.visit_block(&of.body);
    }

    fn visit_expr_closure(&mut self, of: &'ast syn::ExprClosure) {
        for input in &of.inputs {
            self.bind(input, &Root::Unknown);
        }
        self.visit_expr(&of.body);
    }

    fn visit_expr_try(&mut self, of: &'ast syn::ExprTry) {
        let at = self.source.span(of.question_token.span()).start;
        self.flow.questions.push(at);
        self.visit_expr(&of.expr);
    }

    fn visit_expr_unsafe(&mut self, of: &'ast syn::ExprUnsafe) {
        let at = self.source.span(of.unsafe_token.span()).start;
        self.flow.unsafes.push(at);
        visit::visit_expr_unsafe(self, of);
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_type(&mut self, _: &'ast syn::Type) {}

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        if let Some(name) = &item.ident {
            let at = self.at(name);
            let tokens = item.mac.tokens.clone();
            self.flow.rules.push(Rules { at, tokens });
            return;
        }
        self.visit_macro(&item.mac);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let Some(last) = mac.path.segments.last() else {
            return;
        };
        let arguments =
            mac.parse_body_with(Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated);
        let first = arguments.as_ref().ok().and_then(|arguments| {
            let (_, at) = self.place(arguments.first()?)?;
            Some(at)
        });
        self.flow.macros.push(MacroUse {
            name: last.ident.to_string(),
            at: self.at(&last.ident),
            span: self.span(mac),
            first,
        });
        match arguments {
            Ok(arguments) => {
                for argument in &arguments {
                    self.look(argument);
                }
            }
            Err(_) => self.tokens(mac.tokens.clone()),
        }
    }
}

/// What a pattern binds, and whether by `ref mut`.
struct Names(Vec<(syn::Ident, bool)>);

impl<'ast> Visit<'ast> for Names {
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        let by_mut = pattern.by_ref.is_some() && pattern.mutability.is_some();
        self.0.push((pattern.ident.clone(), by_mut));
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_expr(&mut self, _: &'ast syn::Expr) {}
}

/// The name of a pattern that is one, by value and not `mut`.
fn bound_by_value(pattern: &syn::Pat) -> Option<String> {
    match pattern {
        syn::Pat::Ident(of) if of.mutability.is_none() && of.by_ref.is_none() => {
            Some(of.ident.to_string())
        }
        syn::Pat::Type(of) => bound_by_value(&of.pat),
        _ => None,
    }
}

/// Without what does not change where a value comes from.
fn peel(expr: &syn::Expr) -> &syn::Expr {
    match expr {
        syn::Expr::Paren(inner) => peel(&inner.expr),
        syn::Expr::Group(inner) => peel(&inner.expr),
        syn::Expr::Reference(inner) => peel(&inner.expr),
        syn::Expr::Unary(inner) => peel(&inner.expr),
        syn::Expr::Try(inner) => peel(&inner.expr),
        syn::Expr::Await(inner) => peel(&inner.base),
        syn::Expr::Cast(inner) => peel(&inner.expr),
        other => other,
    }
}

fn joined(one: Root, other: Root) -> Root {
    match (one, other) {
        (Root::Made, other) => other,
        (one, Root::Made) => one,
        (one, other) if one == other => one,
        _ => Root::Unknown,
    }
}

fn diverges(expr: &syn::Expr) -> bool {
    matches!(
        expr,
        syn::Expr::Return(_) | syn::Expr::Continue(_) | syn::Expr::Break(_)
    )
}

fn is_assigning(op: &syn::BinOp) -> bool {
    use syn::BinOp::*;
    matches!(
        op,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

fn starts_upper(ident: &syn::Ident) -> bool {
    ident.to_string().starts_with(char::is_uppercase)
}
