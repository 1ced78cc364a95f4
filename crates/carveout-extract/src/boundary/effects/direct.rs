//! What a function itself does, and what it calls in the workspace.

use std::rc::Rc;

use super::super::calls::is_function;
use super::super::sql::Sql;
use super::facts::Is;
use super::{Effects, Sign, callbacks, exclusive, externals, macros, universe};
use crate::model::{Definition, FileId, Item, ItemId, ItemKind, Position, Reference, Span};
use crate::report::Effect;
use crate::syntax::{Binding, Call, Function, Source};

/// What a function itself does.
#[derive(Default)]
pub(super) struct Direct {
    /// What it does to the world.
    pub(super) signs: Vec<Sign>,
    /// What it does to what its caller gave it, which is no effect of its caller's.
    pub(super) own: Vec<Sign>,
    /// Its parameters that are functions and are called, by place.
    pub(super) callbacks: Vec<(usize, Position)>,
    /// What it calls in the workspace, each with where.
    pub(super) edges: Vec<(ItemId, Position)>,
    /// Whether it talks to a database.
    pub(super) database: bool,
}

/// The body of a function, or of a static.
pub(super) struct Body<'s> {
    pub(super) source: &'s Source,
    pub(super) file: FileId,
    pub(super) whole: Span,
    pub(super) written: Option<&'s Function>,
    pub(super) parameters: Vec<String>,
    /// Functions that stand in it and are their own.
    nested: Vec<Span>,
    /// Where SQL stands in it.
    pub(super) queries: Vec<Position>,
}

impl<'s> Body<'s> {
    fn new(source: &'s Source, place: Definition) -> Self {
        let written = source.function_at(place.name.start);
        let whole = written.map_or(place.whole, |written| written.span);
        let nested = source.functions.iter().map(|function| function.span);
        Self {
            source,
            file: place.file,
            whole,
            written,
            parameters: written.map(parameters).unwrap_or_default(),
            nested: nested
                .filter(|span| whole.encloses(span) && *span != whole)
                .collect(),
            queries: Vec::new(),
        }
    }

    /// Whether a place is in the body itself.
    pub(super) fn has(&self, at: Position) -> bool {
        self.whole.contains(at) && !self.nested.iter().any(|span| span.contains(at))
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = &'s Call> + '_ {
        self.source
            .flow
            .calls
            .iter()
            .filter(|call| self.has(call.at))
    }

    pub(super) fn bindings<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'s Binding> + 'b {
        let bindings = self.source.flow.bindings.iter();
        bindings.filter(move |one| one.name == name && self.has(one.at))
    }

    fn call_at(&self, at: Position) -> Option<&'s Call> {
        self.source.flow.calls.iter().find(|call| call.at == at)
    }

    /// All of the call, or of the macro, whose name begins at a place.
    pub(super) fn span_of(&self, at: Position) -> Option<Span> {
        let mut macros = self.source.flow.macros.iter();
        let of_macro = || macros.find(|one| one.at == at).map(|one| one.span);
        self.call_at(at).map(|call| call.span).or_else(of_macro)
    }

    pub(super) fn receiver_is_made(&self, effects: &Effects<'_>, at: Position) -> bool {
        self.call_at(at).is_some_and(|call| {
            let first = || call.arguments.first().map(|argument| &argument.root);
            let root = call.receiver.as_ref().or_else(first);
            root.is_some_and(|root| externals::is_made(effects, self, root))
        })
    }

    pub(super) fn first_is_made(&self, effects: &Effects<'_>, at: Position) -> bool {
        let first = self.call_at(at).and_then(|call| call.arguments.first());
        first.is_some_and(|argument| externals::is_made(effects, self, &argument.root))
    }

    /// Whether a variable is bound to text that is known SQL.
    pub(super) fn holds_sql(&self, effects: &Effects<'_>, name: &str) -> bool {
        if self.parameters.iter().any(|one| one == name) {
            return false;
        }
        let mut bound = self.bindings(name).peekable();
        bound.peek().is_some()
            && bound.all(|one| {
                let Some(statement) = self.source.statement(one.at) else {
                    return false;
                };
                self.queries.iter().any(|at| statement.contains(*at))
                    || effects.cut.references_of(self.file).iter().any(|other| {
                        statement.contains(other.span.start) && effects.constant_sql(other.to)
                    })
            })
            && !exclusive::is_changed_here(self, name)
    }

    /// Whether a method changes nothing of what it is called on.
    pub(super) fn looks(&self, effects: &Effects<'_>, method: Position) -> bool {
        exclusive::looks(effects, self, method)
    }

    /// Whether a variable's value may be changed. `guard` is one that cannot be borrowed by `&mut`.
    pub(super) fn changes(&self, effects: &Effects<'_>, name: &str, guard: bool) -> bool {
        exclusive::changes(effects, self, name, guard)
    }
}

/// The names of a function's parameters, `self` among them.
fn parameters(written: &Function) -> Vec<String> {
    struct Names(Vec<String>);
    impl<'ast> syn::visit::Visit<'ast> for Names {
        fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
            self.0.push(pattern.ident.to_string());
        }
    }
    let mut names = Names(Vec::new());
    for input in &written.signature.inputs {
        match input {
            syn::FnArg::Receiver(_) => names.0.push("self".to_owned()),
            syn::FnArg::Typed(argument) => syn::visit::Visit::visit_pat(&mut names, &argument.pat),
        }
    }
    names.0
}

pub(super) fn of(effects: &Effects<'_>, item: ItemId) -> Direct {
    let cut = effects.cut;
    let mut direct = Direct::default();
    let named = cut.model.item(item);
    let Some(place) = named.definition else {
        made(effects, item, &mut direct);
        return direct;
    };
    let mut sign = |effect, what: String, at| {
        direct.signs.push(Sign {
            what,
            effect,
            file: place.file,
            at,
        });
    };
    let Some(source) = cut.sources.get(place.file) else {
        let what = "its source is not read".to_owned();
        sign(Effect::Write, what, place.name.start);
        return direct;
    };
    if named.kind == ItemKind::Macro {
        macros::of(effects, item, &source, place, &mut direct);
        return direct;
    }
    let mut body = Body::new(&source, place);
    if is_function(named.kind) {
        match body.written {
            None => {
                sign(
                    Effect::Write,
                    format!("{} is made by a macro", named.name),
                    place.name.start,
                );
                return direct;
            }
            Some(written) if written.body.is_none() => {
                declared(effects, item, place, &mut direct);
                return direct;
            }
            Some(_) => {}
        }
    }
    if effects.may_be_implemented_by_macro(item) {
        let what = format!(
            "calls {}, which a macro or a derive may implement",
            named.path
        );
        direct.sign(place.file, place.name.start, Effect::Write, what);
    }
    statements(effects, &mut body, &mut direct);
    if named.kind == ItemKind::Constant {
        return direct;
    }
    calls(effects, &body, &mut direct);
    for reference in cut.references_in(item) {
        if body.has(reference.span.start) || !is_function(named.kind) {
            refer(effects, &body, item, reference, &mut direct);
        }
    }
    for at in source.flow.unsafes.iter().filter(|at| body.has(**at)) {
        direct.sign(
            place.file,
            *at,
            Effect::Write,
            "has an unsafe block".to_owned(),
        );
    }
    iterations(effects, &body, &mut direct);
    callbacks::find(effects, &body, &mut direct);
    exclusive::find(effects, &body, &mut direct);
    let implicit = effects.implicit_calls(item, place, &source);
    direct
        .edges
        .extend(implicit.into_iter().map(|to| (to, place.name.start)));
    if direct.database && direct.signs.is_empty() {
        direct.sign(
            place.file,
            place.name.start,
            Effect::Read,
            "talks to a database".to_owned(),
        );
    }
    direct
}

impl Direct {
    pub(super) fn sign(&mut self, file: FileId, at: Position, effect: Effect, what: String) {
        self.signs.push(Sign {
            what,
            effect,
            file,
            at,
        });
    }
}

/// A trait's function without a body does what the implementations do; without any it may do anything.
fn declared(effects: &Effects<'_>, item: ItemId, place: Definition, direct: &mut Direct) {
    let known = effects.implementations_of(item);
    direct
        .edges
        .extend(known.iter().map(|one| (*one, place.name.start)));
    if effects.may_be_implemented_by_macro(item) {
        let path = effects.cut.model.item_path(item);
        let what = format!("calls {path}, which a macro or a derive may implement");
        direct.sign(place.file, place.name.start, Effect::Write, what);
    }
    if known.is_empty() {
        let path = effects.cut.model.item_path(item);
        let what = format!("calls {path}, which nothing in the workspace implements");
        direct.sign(place.file, place.name.start, Effect::Write, what);
    }
}

/// The SQL that stands in the body.
fn statements(effects: &Effects<'_>, body: &mut Body<'_>, direct: &mut Direct) {
    let queries = effects.queries(body.file);
    let parts: Vec<Span> = effects
        .cut
        .references_of(body.file)
        .iter()
        .filter(|one| body.has(one.span.start))
        .filter(|one| {
            let item = effects.cut.model.item(one.to);
            item.module.is_none() && effects.cut.world.facts.say(Is::SqlPart, item)
        })
        .filter_map(|one| body.span_of(one.span.start))
        .collect();
    for query in queries.iter() {
        if !body.has(query.at) {
            continue;
        }
        direct.database = true;
        // A part of a statement is no statement: all of them are looked at together.
        let of_parts = parts.iter().any(|span| {
            let call = body
                .source
                .flow
                .calls
                .iter()
                .find(|call| call.span == *span);
            let arguments = call.into_iter().flat_map(|call| &call.arguments);
            arguments
                .into_iter()
                .any(|argument| argument.span.contains(query.at))
        });
        if of_parts {
            continue;
        }
        match &query.sql {
            Sql::No => {}
            Sql::Statements {
                effect,
                summary,
                functions,
                whole,
                ..
            } => {
                body.queries.push(query.at);
                let facts = &effects.cut.world.facts;
                let mut unknown = functions
                    .iter()
                    .filter(|name| !facts.name(Is::SqlReads, name));
                if let Some(name) = unknown.next() {
                    let what = format!("calls {name} in SQL, which may do anything");
                    direct.sign(body.file, query.at, Effect::Write, what);
                }
                direct.sign(body.file, query.at, *effect, summary.clone());
                if !whole {
                    let what = format!("{summary}, a part of which is not written there");
                    direct.sign(body.file, query.at, Effect::Write, what);
                }
            }
            Sql::Unparsed => {
                let what = "runs SQL that does not parse".to_owned();
                direct.sign(body.file, query.at, Effect::Write, what);
            }
        }
    }
}

/// Calls that the index has no name for. One of a closure that stands in the body is known: its body is
/// there.
fn calls(effects: &Effects<'_>, body: &Body<'_>, direct: &mut Direct) {
    for call in body.calls() {
        if effects.cut.named_at(body.file, call.at).is_some() || is_keyword(&call.name) {
            continue;
        }
        let declared = effects.cut.model.locals.declared_at(body.file, call.at);
        let is_closure = declared.is_some_and(|declared| {
            declared.starts_with("let ") && declared.contains("impl ") && declared.contains("Fn")
        });
        if is_closure {
            continue;
        }
        let parameter = call
            .receiver
            .is_none()
            .then(|| parameter_at(body, &call.name));
        if let Some(at) = parameter.flatten().filter(|_| declared.is_some()) {
            direct.callbacks.push((at, call.at));
            continue;
        }
        let what = match call.name.as_str() {
            "" => "calls a function that is a value".to_owned(),
            name => format!("calls {name}, of which the index says nothing"),
        };
        direct.sign(body.file, call.at, Effect::Write, what);
    }
    for used in body
        .source
        .flow
        .macros
        .iter()
        .filter(|one| body.has(one.at))
    {
        if effects.cut.named_at(body.file, used.at).is_none() {
            let what = format!("uses {}!, of which the index says nothing", used.name);
            direct.sign(body.file, used.at, Effect::Write, what);
        }
    }
}

/// The place of a parameter that is a name.
fn parameter_at(body: &Body<'_>, name: &str) -> Option<usize> {
    let inputs = &body.written?.signature.inputs;
    inputs.iter().position(|input| match input {
        syn::FnArg::Typed(argument) => {
            matches!(&*argument.pat, syn::Pat::Ident(of) if of.ident == name)
        }
        syn::FnArg::Receiver(_) => false,
    })
}

/// Loops over a channel's end, which the index has no call for.
fn iterations(effects: &Effects<'_>, body: &Body<'_>, direct: &mut Direct) {
    for at in body.source.flow.iterated.iter().filter(|at| body.has(**at)) {
        let local = effects
            .cut
            .model
            .locals
            .type_at(body.file, *at)
            .map(str::to_owned);
        let of = local.or_else(|| {
            let field = effects.cut.named_at(body.file, *at)?;
            Some(universe::field_type(
                effects.cut,
                effects.cut.model.item(field),
            ))
        });
        if of.is_some_and(|of| of.contains("Receiver")) {
            let what = "takes what a channel holds".to_owned();
            direct.sign(body.file, *at, Effect::Write, what);
        }
    }
}

/// Words that stand before parentheses among tokens and call nothing.
fn is_keyword(name: &str) -> bool {
    matches!(
        name,
        "if" | "in"
            | "match"
            | "while"
            | "for"
            | "return"
            | "move"
            | "async"
            | "let"
            | "mut"
            | "ref"
            | "else"
            | "as"
            | "fn"
    )
}

/// What naming an item does.
fn refer(
    effects: &Effects<'_>,
    body: &Body<'_>,
    item: ItemId,
    reference: &Reference,
    direct: &mut Direct,
) {
    let cut = effects.cut;
    let to = cut.model.item(reference.to);
    let at = reference.span.start;
    let called = is_function(to.kind) || to.kind == ItemKind::Macro;
    direct.database |= effects.known.schema.table(reference.to).is_some();
    if to.module.is_none() {
        direct.database |= effects.is_database(to);
        if to.kind == ItemKind::Macro && macros::writes_to_memory(effects, body, to, at) {
            return;
        }
        if called && let Some((effect, what)) = externals::call(effects, body, reference, to) {
            direct.sign(body.file, at, effect, what);
        }
        return;
    }
    match to.kind {
        ItemKind::Function | ItemKind::Method | ItemKind::Macro => {
            if reference.to != item {
                direct.edges.push((reference.to, at));
            }
            let many = effects.implementations_of(reference.to);
            direct.edges.extend(many.into_iter().map(|one| (one, at)));
        }
        ItemKind::Static if reference.to != item => {
            direct.edges.push((reference.to, at));
            if is_mutable(effects, to) {
                let what = format!("uses the static {}, which is mut", to.name);
                direct.sign(body.file, at, Effect::Write, what);
            }
        }
        ItemKind::Constant if effects.constant_sql(reference.to) => {
            direct.edges.push((reference.to, at));
        }
        ItemKind::Field if is_read(body.source, at) => {
            let declared = universe::field_type(cut, to);
            if callbacks::is_function_type(effects, &declared) {
                let what = format!("calls what is stored in {}", to.path);
                direct.sign(body.file, at, Effect::Write, what);
            }
        }
        _ => {}
    }
}

/// Whether a field's name stands behind a dot.
fn is_read(source: &Source, at: Position) -> bool {
    let start = Span {
        start: Position::default(),
        end: at,
    };
    source.slice(start).trim_end().ends_with('.')
}

fn is_mutable(effects: &Effects<'_>, item: &Item) -> bool {
    let source = item.definition.and_then(|place| {
        let source: Rc<Source> = effects.cut.sources.get(place.file)?;
        Some(source.slice(place.whole).contains("static mut "))
    });
    source.unwrap_or(false)
}

/// What a function does that a macro or a derive made.
fn made(effects: &Effects<'_>, id: ItemId, direct: &mut Direct) {
    let cut = effects.cut;
    let item = cut.model.item(id);
    if !is_function(item.kind) && item.kind != ItemKind::Macro {
        return;
    }
    if let Some(fields) = effects.derived(item) {
        let at = Position::default();
        direct.edges.extend(fields.into_iter().map(|to| (to, at)));
        return;
    }
    if effects.known.schema.table(id).is_some() || effects.builds(item) {
        return;
    }
    let what = format!("calls {}, which a macro made", cut.model.item_path(id));
    direct.sign(FileId(0), Position::default(), Effect::Write, what);
}
