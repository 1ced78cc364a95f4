//! What a call of a function of another package does, where it stands.

use super::Effects;
use super::direct::Body;
use super::facts::{Facts, Is};
use super::statements;
use crate::model::{Item, Position, Reference};
use crate::report::Effect;
use crate::syntax::{Guard, Root};

/// What a call of an item of another package does; `None` if nothing that anybody would notice.
pub(super) fn call(
    effects: &Effects<'_>,
    body: &Body<'_>,
    reference: &Reference,
    item: &Item,
) -> Option<(Effect, String)> {
    let facts = &effects.cut.world.facts;
    let at = reference.span.start;
    let reads = || Some((Effect::Read, format!("reads: calls {}", item.path)));
    let write = |why: &str| Some((Effect::Write, format!("{why}: calls {}", item.path)));
    if facts.say(Is::Looks, item) || facts.say(Is::Pure, item) {
        return None;
    }
    if facts.say(Is::Reads, item) {
        return reads();
    }
    let own = [
        (Is::ReadsOwn, "uses up what it was given"),
        (Is::RunsOwn, "runs a query that it was given"),
    ];
    for (is, why) in own {
        if facts.say(is, item) {
            return match body.receiver_is_made(effects, at) {
                true => reads(),
                false if is == Is::RunsOwn && statements::is_told(effects, body, at) => None,
                false => write(why),
            };
        }
    }
    if facts.say(Is::RunsGiven, item) {
        return match body.first_is_made(effects, at) {
            true => reads(),
            false => write("runs a statement that it was given"),
        };
    }
    if facts.say(Is::Sql, item) {
        let span = body.span_of(at)?;
        return match statements::sql(effects, body, span) {
            Some(_) if item_is_prepared(item) && body.first_is_made(effects, at) => reads(),
            Some(why) => write(&why),
            None => reads(),
        };
    }
    if facts.say(Is::SqlPart, item) {
        return statements::part(effects, body, item, at);
    }
    if facts.say(Is::Changes, item) {
        return Some(statements::change(effects, body, reference, item));
    }
    if facts.say(Is::RunsChange, item) && statements::is_told(effects, body, at) {
        return None;
    }
    if facts.say(Is::Command, item) {
        let literal = body.span_of(at).and_then(|span| {
            let mut literals = body.source.literals.iter();
            literals.find(|literal| span.contains(literal.span.start))
        });
        return match literal {
            Some(name) if facts.name(Is::CommandReads, &name.value.to_ascii_uppercase()) => reads(),
            _ => write("runs a command that is not known to read"),
        };
    }
    if facts.say(Is::Locks, item) && guard_is_looked_at(effects, body, at) {
        return Some((
            Effect::Read,
            format!("looks at shared state: calls {}", item.path),
        ));
    }
    Some((
        Effect::Write,
        format!("calls {}, of which nothing is known", item.path),
    ))
}

/// Whether a call takes a statement that was prepared as well as a text.
fn item_is_prepared(item: &Item) -> bool {
    matches!(
        item.name.as_str(),
        "query" | "query_one" | "query_opt" | "query_raw"
    ) && item.package != "sqlx-core"
}

/// Whether what is behind a lock is only looked at.
fn guard_is_looked_at(effects: &Effects<'_>, body: &Body<'_>, at: Position) -> bool {
    let guard = body.source.flow.guards.iter().find(|(lock, _)| *lock == at);
    match guard {
        Some((_, Guard::Used(method))) => body.looks(effects, *method),
        Some((_, Guard::Bound(name))) => !body.changes(effects, name, true),
        None => false,
    }
}

/// What a path in a macro of the workspace does that names another package.
pub(super) fn path_is_pure(facts: &Facts, item: &Item) -> bool {
    facts.say(Is::Looks, item) || facts.say(Is::Pure, item)
}

/// Whether a value that stems from `root` was made by the function itself, by calls that are judged
/// there.
pub(super) fn is_made(effects: &Effects<'_>, body: &Body<'_>, root: &Root) -> bool {
    resolve(effects, body, root, 0)
}

/// No code binds a name to a name to a name as often.
const DEEPEST: usize = 16;

fn resolve(effects: &Effects<'_>, body: &Body<'_>, root: &Root, depth: usize) -> bool {
    match root {
        Root::Made => true,
        Root::Unknown => false,
        // A constant or a table that a schema names; what a static holds is everybody's.
        Root::Path(at) => effects
            .cut
            .named_at(body.file, *at)
            .is_some_and(|id| effects.cut.model.item(id).kind != crate::model::ItemKind::Static),
        Root::Name(name) => {
            let bound: Vec<_> = body.bindings(name).collect();
            let is_parameter = body.parameters.iter().any(|one| one == name);
            depth < DEEPEST
                && !bound.is_empty()
                && !is_parameter
                && bound
                    .iter()
                    .all(|one| resolve(effects, body, &one.root, depth + 1))
        }
    }
}
