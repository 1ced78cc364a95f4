//! What a function does to what it was given by `&mut`.
//!
//! It is no effect of its caller's, who knows that it gave a value to be changed, and judges by whose
//! value that is. For the function itself it counts: what it is asked a second time, the value has
//! changed.

use super::facts::Is;
use super::{
    Effects,
    direct::{Body, Direct},
};
use crate::model::{ItemKind, Position};
use crate::report::Effect;
use crate::syntax::How;

/// Notes the parameters that are changed.
pub(super) fn find(effects: &Effects<'_>, body: &Body<'_>, direct: &mut Direct) {
    let Some(written) = body.written else {
        return;
    };
    find_dropped(body, direct);
    for input in &written.signature.inputs {
        let (name, by_mut, of) = match input {
            syn::FnArg::Receiver(receiver) => (
                "self".to_owned(),
                is_mut(&text(body, receiver)),
                String::new(),
            ),
            syn::FnArg::Typed(argument) => {
                let of = text(body, &argument.ty);
                (text(body, &argument.pat), is_mut(&of), of)
            }
        };
        if !by_mut || is_exclusive(effects, written, &of) {
            continue;
        }
        let name = name.trim_start_matches("mut ");
        if name != "self" && !body.parameters.iter().any(|one| one == name)
            || body.changes(effects, name, false)
        {
            let what = format!("changes {name}, which is its caller's");
            direct.own.push(super::Sign {
                what,
                effect: Effect::Write,
                file: body.file,
                at: body.whole.start,
            });
        }
    }
}

/// Types whose `Drop` notifies the other end of a channel, or removes a file.
const ENDS: [&str; 14] = [
    "Sender",
    "SyncSender",
    "UnboundedSender",
    "Receiver",
    "UnboundedReceiver",
    "DropGuard",
    "OwnedSemaphorePermit",
    "SemaphorePermit",
    "JoinSet",
    "Child",
    "TempDir",
    "TempPath",
    "NamedTempFile",
    "AbortOnDropHandle",
];

/// Notes parameters that are dropped at the end, and tell somebody.
fn find_dropped(body: &Body<'_>, direct: &mut Direct) {
    let inputs = body.written.map(|written| &written.signature.inputs);
    for input in inputs.into_iter().flatten() {
        let syn::FnArg::Typed(argument) = input else {
            continue;
        };
        let of = text(body, &argument.ty);
        let mut words = of.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        if let Some(end) = words.find(|word| !of.starts_with('&') && ENDS.contains(word)) {
            let what = format!("drops a {end}");
            direct.sign(body.file, body.whole.start, Effect::Write, what);
        }
    }
}

/// Whether a receiver is by `&mut`: `&mut self`, `&'a mut self`, `self: Pin<&mut Self>`.
fn is_mut(receiver: &str) -> bool {
    receiver.contains("&mut") || receiver.starts_with('&') && receiver.contains(" mut ")
}

fn text(body: &Body<'_>, of: &impl syn::spanned::Spanned) -> String {
    body.source.slice(body.source.span(of.span())).to_owned()
}

/// Whether what is given by `&mut` is a connection or the like, which one can use in no other way.
fn is_exclusive(effects: &Effects<'_>, written: &crate::syntax::Function, of: &str) -> bool {
    let facts = &effects.cut.world.facts;
    let says = |text: &str| {
        let words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        words
            .into_iter()
            .any(|word| facts.name(Is::Exclusive, word))
    };
    // `&mut Vec<Connection>` is a list, and no connection.
    let outer = of.trim_start_matches(['&', '\'', ' ']).trim_start();
    let outer = outer.split_once("mut ").map_or(outer, |(_, rest)| rest);
    let outer = outer.trim_start_matches("impl ").trim_start_matches("dyn ");
    let outer = outer.split('<').next().unwrap_or(outer);
    if says(outer) {
        return true;
    }
    let bounds = written
        .signature
        .generics
        .type_params()
        .filter(|one| one.ident == outer.trim());
    let bounds = bounds.flat_map(|one| &one.bounds);
    bounds.into_iter().any(|bound| match bound {
        syn::TypeParamBound::Trait(bound) => {
            let last = bound.path.segments.last();
            last.is_some_and(|last| facts.name(Is::Exclusive, &last.ident.to_string()))
        }
        _ => false,
    })
}

/// Whether the value of a name may be changed in a body.
pub(super) fn changes(effects: &Effects<'_>, body: &Body<'_>, name: &str, guard: bool) -> bool {
    let uses = body
        .source
        .flow
        .uses
        .iter()
        .filter(|one| one.name == name && body.has(one.at));
    for one in uses {
        let changed = match one.how {
            How::Changed if guard => !is_dropped(body, one.at),
            How::Changed => true,
            // A guard that is not `mut` cannot be borrowed by `&mut`.
            How::Through(_) if guard => false,
            How::Through(method) => !looks(effects, body, method),
        };
        if changed {
            return true;
        }
    }
    false
}

/// Whether a variable is assigned to, or borrowed by `&mut`, or given away.
pub(super) fn is_changed_here(body: &Body<'_>, name: &str) -> bool {
    let mut uses = body.source.flow.uses.iter();
    uses.any(|one| {
        let method = |at: Position| {
            body.calls()
                .any(|call| call.at == at && call.name.starts_with("push"))
        };
        one.name == name && body.has(one.at) && matches!(one.how, How::Through(at) if method(at))
    })
}

/// `drop(guard)`.
fn is_dropped(body: &Body<'_>, at: Position) -> bool {
    let mut calls = body.calls();
    calls.any(|call| call.name == "drop" && call.receiver.is_none() && call.span.contains(at))
}

/// Whether a method changes nothing of what it is called on.
pub(super) fn looks(effects: &Effects<'_>, body: &Body<'_>, method: Position) -> bool {
    let Some(id) = effects.cut.named_at(body.file, method) else {
        return false;
    };
    let item = effects.cut.model.item(id);
    if item.module.is_none() {
        let facts = &effects.cut.world.facts;
        let kinds = [Is::Looks, Is::Reads, Is::Sql, Is::RunsGiven, Is::Locks];
        return kinds.into_iter().any(|is| facts.say(is, item));
    }
    if item.kind != ItemKind::Method {
        return false;
    }
    let Some(place) = item.definition else {
        return effects.derived(item).is_some();
    };
    let source = effects.cut.sources.get(place.file);
    source.is_some_and(|source| {
        let written = source.function_at(place.name.start);
        let receiver = written.and_then(|written| written.signature.receiver());
        receiver.is_some_and(|receiver| {
            let span = syn::spanned::Spanned::span(receiver);
            !is_mut(source.slice(source.span(span)))
        })
    })
}
