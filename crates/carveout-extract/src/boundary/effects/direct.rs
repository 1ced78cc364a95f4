//! What a function itself does, without what it calls in the workspace.

use super::super::calls::is_function;
use super::super::sql::Sql;
use super::externals::{self, Call};
use super::{Effects, Sign, diesel};
use crate::model::{Definition, Item, ItemId, ItemKind, Reference, Span};
use crate::report::Effect;
use crate::syntax::{Region, Source};

/// What a function itself does.
#[derive(Default)]
pub(super) struct Direct {
    pub(super) signs: Vec<Sign>,
    /// Whether it talks to a database.
    pub(super) database: bool,
}

const LOCKS: &str = "locks shared state";

/// Words of a macro's definition that its users do without saying so.
const MACROS_DO: [&str; 10] = [
    "insert_into",
    "execute",
    "fs ::",
    "fs::",
    "Command",
    "spawn",
    "send (",
    ".send(",
    "static_mut",
    "write_all",
];

pub(super) fn of(effects: &Effects<'_>, item: ItemId) -> Direct {
    let cut = effects.cut;
    let mut direct = Direct::default();
    let Some(definition) = cut.model.item(item).definition else {
        return direct;
    };
    let queries = effects.queries(definition.file);
    let inside = queries
        .iter()
        .filter(|query| definition.whole.contains(query.at));
    let mut strings = Vec::new();
    for query in inside {
        direct.database = true;
        let span = Span {
            start: query.at,
            end: query.at,
        };
        let (effect, what) = match &query.sql {
            Sql::No => continue,
            Sql::Statements {
                effect, summary, ..
            } => {
                strings.push(span);
                (*effect, summary.clone())
            }
            Sql::Unparsed => (Effect::Write, "runs SQL that does not parse".to_owned()),
        };
        direct.signs.push(Sign {
            what,
            effect,
            file: definition.file,
            at: query.at,
        });
    }
    if let Some(what) = without_body(effects, item, definition) {
        direct.signs.push(Sign {
            what,
            effect: Effect::Write,
            file: definition.file,
            at: definition.name.start,
        });
    }
    let source = cut.sources.get(definition.file);
    let source = source.as_deref();
    for reference in cut.references_in(item) {
        let to = cut.model.item(reference.to);
        direct.database |= is_database(to) || effects.known.schema.table(reference.to).is_some();
        let found = match to.module {
            None => external(effects, source, reference, to, &strings),
            Some(_) => own(effects, reference.to),
        };
        let found = found
            .filter(|(_, what)| !(what.starts_with(LOCKS) && guards_connection(effects, item)));
        direct.signs.extend(found.map(|(effect, what)| Sign {
            what,
            effect,
            file: reference.file,
            at: reference.span.start,
        }));
    }
    if let Some(source) = source {
        let more = unresolved(effects, source, definition, &direct.signs);
        direct.signs.extend(more);
    }
    if direct.database && direct.signs.is_empty() {
        direct.signs.push(Sign {
            what: "talks to a database".to_owned(),
            effect: Effect::Read,
            file: definition.file,
            at: definition.name.start,
        });
    }
    direct
}

/// Calls that the index has no name for, if their own names say that they change something.
fn unresolved(
    effects: &Effects<'_>,
    source: &Source,
    definition: Definition,
    known: &[Sign],
) -> Vec<Sign> {
    let calls = source.calls.iter().filter(|call| {
        // A bare name is a closure's, whose body is seen, or a variant's.
        let qualified = call.span.start < call.at;
        qualified && definition.whole.contains(call.at) && says_change(&call.name)
    });
    let unknown = calls.filter(|call| effects.cut.named_at(definition.file, call.at).is_none());
    // `insert_into(…)…execute()`: what the statement does is known from its beginning.
    let told = |call: &&Region| {
        call.name == "execute"
            && source.statement(call.at).is_some_and(|statement| {
                let mut known = known.iter();
                known.any(|sign| sign.effect > Effect::Read && statement.contains(sign.at))
            })
    };
    let signs = unknown.filter(|call| !told(call)).map(|call| Sign {
        what: format!("calls {}, of which the index says nothing", call.name),
        effect: Effect::Write,
        file: definition.file,
        at: call.at,
    });
    signs.collect()
}

/// Whether a call of this name may change what others see, going by the first word of it.
fn says_change(name: &str) -> bool {
    let first = name.split('_').next().unwrap_or(name);
    matches!(
        first,
        "send"
            | "execute"
            | "exec"
            | "save"
            | "store"
            | "insert"
            | "update"
            | "upsert"
            | "delete"
            | "destroy"
            | "drop"
            | "create"
            | "write"
            | "post"
            | "put"
            | "patch"
            | "publish"
            | "enqueue"
            | "notify"
            | "emit"
            | "dispatch"
            | "perform"
            | "request"
            | "invoke"
            | "upload"
            | "run"
            | "spawn"
            | "persist"
            | "revoke"
            | "apply"
            | "call"
            | "query"
    )
}

/// Whether a method's own type is about connections: a lock in it guards one, and what is done with
/// that is the statement's to say.
fn guards_connection(effects: &Effects<'_>, method: ItemId) -> bool {
    let model = effects.cut.model;
    let Some(place) = model
        .item(method)
        .owner
        .and_then(|owner| model.item(owner).definition)
    else {
        return false;
    };
    let source = effects.cut.sources.get(place.file);
    source.is_some_and(|source| {
        let text = source.slice(place.whole);
        ["Conn", "Pool", "Transaction"]
            .iter()
            .any(|word| text.contains(word))
    })
}

fn is_database(item: &Item) -> bool {
    is_function(item.kind) && matches!(externals::call(item), Call::Database)
}

/// A trait's method that has no body, if nothing in the workspace implements it.
fn without_body(effects: &Effects<'_>, item: ItemId, definition: Definition) -> Option<String> {
    let model = effects.cut.model;
    let owner = model.item(model.item(item).owner?);
    let declared = owner.kind == ItemKind::Trait && is_function(model.item(item).kind);
    if !declared
        || !effects
            .known
            .implementations
            .of_method(model, item)
            .is_empty()
    {
        return None;
    }
    let source = effects.cut.sources.get(definition.file);
    let body = source.is_some_and(|source| {
        let function = source.function_at(definition.name.start);
        function.is_some_and(|function| function.body.is_some())
    });
    (!body).then(|| {
        format!(
            "calls {}, which nothing in the workspace implements",
            model.item_path(item)
        )
    })
}

/// What naming an item of another package does.
fn external(
    effects: &Effects<'_>,
    source: Option<&Source>,
    reference: &Reference,
    item: &Item,
    strings: &[Span],
) -> Option<(Effect, String)> {
    if !is_function(item.kind) {
        return None;
    }
    match externals::call(item) {
        Call::Harmless => None,
        Call::Database => diesel::effect(effects, source, reference, item, strings),
        Call::Does(effect, what) => Some((effect, format!("{what}: calls {}", item.path))),
        Call::Unknown => Some((
            Effect::Write,
            format!("calls {}, of which nothing is known", item.path),
        )),
    }
}

/// What naming an item of the workspace does, calls aside.
fn own(effects: &Effects<'_>, id: ItemId) -> Option<(Effect, String)> {
    let item = effects.cut.model.item(id);
    let Some(place) = item.definition else {
        let known = !is_function(item.kind) || effects.is_known(id);
        let path = effects.cut.model.item_path(id);
        return (!known).then(|| (Effect::Write, format!("calls {path}, which a macro made")));
    };
    if !matches!(item.kind, ItemKind::Static | ItemKind::Macro) {
        return None;
    }
    let source = effects.cut.sources.get(place.file)?;
    let text = source.slice(place.whole);
    if item.kind == ItemKind::Static {
        let mutable = text.contains("static mut ");
        return mutable.then(|| {
            let what = format!("uses the static {}, which is mut", item.name);
            (Effect::Write, what)
        });
    }
    let does = MACROS_DO.iter().find(|word| text.contains(**word))?;
    let what = format!("uses the macro {}!, which says {does:?}", item.name);
    Some((Effect::Write, what))
}
