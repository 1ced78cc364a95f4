//! Functions that are values: given as arguments, or stored.

use super::{
    Effects, Sign,
    direct::{Body, Direct},
};
use crate::model::{ItemId, ItemKind, Position, Span};
use crate::report::Effect;

/// Notes the parameters that are functions, and variables that hold one of which nothing is known.
pub(super) fn find(effects: &Effects<'_>, body: &Body<'_>, direct: &mut Direct) {
    let Some(written) = body.written else {
        return;
    };
    let mut functions = Vec::new();
    for (at, input) in written.signature.inputs.iter().enumerate() {
        if let syn::FnArg::Typed(argument) = input
            && is_callback(effects, body, written, &argument.ty)
        {
            let name = body.source.slice(
                body.source
                    .span(syn::spanned::Spanned::span(&*argument.pat)),
            );
            functions.push((at, name.trim_start_matches("mut ").to_owned()));
        }
    }
    let uses = effects
        .cut
        .model
        .locals
        .within(body.file, body.whole.start, body.whole.end);
    let start = written
        .body
        .as_ref()
        .map(|block| body.source.span(syn::spanned::Spanned::span(block)).start);
    for (at, declared) in uses.filter(|(at, _)| body.has(*at) && Some(*at) > start) {
        let name = declared.split_once(": ").map_or(declared, |(name, _)| name);
        let name = name.trim_start_matches("let ").trim_start_matches("mut ");
        if functions.iter().any(|(_, known)| known == name) {
            continue;
        }
        let of = declared.split_once(": ").map_or("", |(_, of)| of);
        if ["dyn Fn", "dyn AsyncFn", "fn(", "dyn Future"]
            .iter()
            .any(|word| of.contains(word))
        {
            let what = format!("calls the function in {name}, which may be any");
            direct.sign(body.file, at, Effect::Write, what);
        }
    }
    direct
        .callbacks
        .extend(functions.into_iter().map(|(at, _)| (at, body.whole.start)));
}

/// Whether a type is a function, a closure or a future, or a parameter that is bound to be one.
fn is_callback(
    effects: &Effects<'_>,
    body: &Body<'_>,
    written: &crate::syntax::Function,
    of: &syn::Type,
) -> bool {
    let text = body
        .source
        .slice(body.source.span(syn::spanned::Spanned::span(of)));
    if is_function_type(effects, text) || text.contains("impl Future") {
        return true;
    }
    let mut generics: Vec<&syn::Generics> = vec![&written.signature.generics];
    generics.extend(&written.around);
    let name = text
        .trim_start_matches(['&', ' '])
        .trim_start_matches("mut ");
    generics.into_iter().any(|generics| {
        let own = generics
            .type_params()
            .filter(|one| one.ident == name)
            .flat_map(|one| &one.bounds);
        let clauses = generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates);
        let others = clauses.filter_map(|clause| match clause {
            syn::WherePredicate::Type(of) => {
                let syn::Type::Path(path) = &of.bounded_ty else {
                    return None;
                };
                path.path.is_ident(name).then_some(&of.bounds)
            }
            _ => None,
        });
        let mut bounds = own.chain(others.flatten());
        bounds.any(|bound| match bound {
            syn::TypeParamBound::Trait(bound) => bound.path.segments.last().is_some_and(|last| {
                matches!(
                    last.ident.to_string().as_str(),
                    "Fn" | "FnMut" | "FnOnce" | "AsyncFn" | "AsyncFnMut" | "AsyncFnOnce" | "Future"
                )
            }),
            _ => false,
        })
    })
}

/// Whether a type, as it is written, has a function in it.
pub(super) fn is_function_type(effects: &Effects<'_>, text: &str) -> bool {
    let words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    let direct = words.clone().any(|word| {
        matches!(
            word,
            "fn" | "Fn"
                | "FnMut"
                | "FnOnce"
                | "AsyncFn"
                | "AsyncFnMut"
                | "AsyncFnOnce"
                | "BoxFuture"
                | "LocalBoxFuture"
        )
    });
    direct
        || text.contains("dyn Future")
        || words
            .into_iter()
            .any(|word| is_function_alias(effects, word))
}

fn is_function_alias(effects: &Effects<'_>, word: &str) -> bool {
    let aliases = effects.cut.world.types_named(word).iter();
    aliases.copied().any(|id| {
        let found = effects.cut.model.item(id).definition.and_then(|place| {
            let source = effects.cut.sources.get(place.file)?;
            let of = source.type_at(place.name.start)?;
            let crate::syntax::TypeBody::Alias(of) = &of.body else {
                return None;
            };
            let text = source.slice(source.span(syn::spanned::Spanned::span(&**of)));
            Some(
                ["fn(", "fn (", "Fn(", "FnMut(", "FnOnce(", "dyn Future"]
                    .iter()
                    .any(|word| text.contains(word)),
            )
        });
        found.unwrap_or(false)
    })
}

/// What the functions do that a function's callers give it, at the worst; and which.
pub(super) fn given(effects: &Effects<'_>, item: ItemId, at: usize) -> Option<Sign> {
    let cut = effects.cut;
    let place = cut.model.item(item).definition?;
    let unknown = |what: String, effect| Sign {
        what,
        effect,
        file: place.file,
        at: place.name.start,
    };
    let name = &cut.model.item(item).name;
    let mut worst: Option<Sign> = None;
    let mut seen = 0;
    for reference in cut.references_to(item).filter(|one| !cut.is_test(one)) {
        let source = cut.sources.get(reference.file)?;
        let mut calls = source.flow.calls.iter();
        let call = calls.find(|call| call.at == reference.span.start);
        let imported = source
            .imports
            .iter()
            .any(|span| span.contains(reference.span.start));
        if imported {
            continue;
        }
        seen += 1;
        let has_self = takes_self(effects, item);
        let index = match call.map(|call| call.receiver.is_some()) {
            Some(true) if has_self => at.checked_sub(1),
            _ => Some(at),
        };
        let argument = call
            .zip(index)
            .and_then(|(call, index)| call.arguments.get(index));
        let caller = reference.within.filter(|caller| *caller != item);
        let effect = match (argument, caller) {
            (Some(argument), Some(caller)) if argument.closure => {
                effect_of_part(effects, caller, argument.span)
            }
            (Some(argument), _) => argument
                .path
                .and_then(|at| cut.named_at(reference.file, at))
                .filter(|id| {
                    matches!(
                        cut.model.item(*id).kind,
                        ItemKind::Function | ItemKind::Method | ItemKind::Variant
                    )
                })
                .filter(|id| cut.model.item(*id).module.is_some())
                .map_or(Effect::Write, |id| effects.outside(id)),
            _ => Effect::Write,
        };
        if worst.as_ref().is_none_or(|worst| worst.effect < effect) {
            let place = cut.place(reference.file, reference.span.start);
            let what = format!(
                "calls a function that is given to {name} at {}:{}",
                place.file, place.line
            );
            worst = Some(unknown(what, effect));
        }
    }
    if seen == 0 {
        let what = format!(
            "calls a function that is given to {name}, which has no caller in the workspace"
        );
        return Some(unknown(what, Effect::Write));
    }
    worst
}

fn takes_self(effects: &Effects<'_>, item: ItemId) -> bool {
    let found = effects.cut.model.item(item).definition.and_then(|place| {
        let source = effects.cut.sources.get(place.file)?;
        Some(
            source
                .function_at(place.name.start)?
                .signature
                .receiver()
                .is_some(),
        )
    });
    found.unwrap_or(false)
}

/// What a part of a function does.
fn effect_of_part(effects: &Effects<'_>, caller: ItemId, span: Span) -> Effect {
    let direct = effects.direct(caller);
    let inside = |at: Position| span.contains(at);
    let signs = direct
        .signs
        .iter()
        .filter(|sign| inside(sign.at))
        .map(|sign| sign.effect);
    let edges = direct.edges.iter().filter(|(_, at)| inside(*at));
    let edges = edges.map(|(to, _)| effects.outside(*to));
    signs.chain(edges).max().unwrap_or(Effect::Read)
}
