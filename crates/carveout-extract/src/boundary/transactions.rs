//! Transactions that the cut would split: what is called in them on the other side runs on another
//! connection, and is neither undone with them nor sees what they have written.

use std::collections::BTreeSet;

use super::Cut;
use super::calls::is_function;
use super::effects::Effects;
use crate::model::{ItemId, Reference};
use crate::report::Transaction;
use crate::syntax::{Region, Source};

pub(super) fn find(cut: &Cut<'_>) -> Vec<Transaction> {
    let effects = Effects::new(cut);
    let mut crossing: Vec<&Reference> = cut.inbound().chain(cut.outbound()).collect();
    crossing.retain(|one| is_function(cut.model.item(one.to).kind));
    crossing.sort_by_key(|one| (one.file, one.span));
    let mut found = Vec::new();
    for of_file in crossing.chunk_by(|a, b| a.file == b.file) {
        let Some(source) = of_file.first().and_then(|one| cut.sources.get(one.file)) else {
            continue;
        };
        for region in &source.transactions {
            found.extend(split(cut, &effects, of_file, &source, region));
        }
    }
    found
}

/// What one transaction calls on the other side.
fn split(
    cut: &Cut<'_>,
    effects: &Effects<'_>,
    crossing: &[&Reference],
    source: &Source,
    region: &Region,
) -> Option<Transaction> {
    let inside = crossing
        .iter()
        .filter(|one| region.span.contains(one.span.start));
    let joins = |one: &&&Reference| effects.uses_database(one.to) || takes_connection(cut, one.to);
    let inside: Vec<&&Reference> = inside.filter(joins).collect();
    let first = inside.first()?;
    let enters = cut.has(first.to);
    let crosses: BTreeSet<String> = inside
        .iter()
        .map(|one| cut.model.item_path(one.to))
        .collect();
    let within = around(cut, source, region, first);
    Some(Transaction {
        place: cut.place(first.file, region.at),
        suggestion: suggestion(&within, &crosses, enters),
        within,
        crosses: crosses.into_iter().collect(),
    })
}

/// The function around a transaction.
fn around(cut: &Cut<'_>, source: &Source, region: &Region, first: &Reference) -> String {
    let functions = source.functions.iter();
    let innermost = functions
        .filter(|function| function.span.contains(region.at))
        .max_by_key(|function| function.span.start);
    let item = first.within.filter(|item| {
        let definition = cut.model.item(*item).definition;
        definition.is_some_and(|place| place.whole.contains(region.at))
    });
    match (item, innermost) {
        (Some(item), _) => cut.model.item_path(item),
        (None, Some(function)) => function.signature.ident.to_string(),
        (None, None) => cut.model.module(first.from).path.clone(),
    }
}

/// Whether a function is given a connection, a transaction or a pool.
fn takes_connection(cut: &Cut<'_>, item: ItemId) -> bool {
    let definition = cut.model.item(item).definition;
    let found = definition.and_then(|place| {
        let source = cut.sources.get(place.file)?;
        let function = source.function_at(place.name.start)?;
        let is_connection = |argument: &syn::FnArg| {
            let syn::FnArg::Typed(argument) = argument else {
                return false;
            };
            let span = syn::spanned::Spanned::span(&*argument.ty);
            let written = source.slice(source.span(span));
            ["Conn", "Transaction", "Pool", "Executor", "Txn"]
                .iter()
                .any(|word| written.contains(word))
        };
        Some(function.signature.inputs.iter().any(is_connection))
    });
    found.unwrap_or(false)
}

fn suggestion(within: &str, crosses: &BTreeSet<String>, enters: bool) -> String {
    let few: Vec<&str> = crosses
        .iter()
        .take(3)
        .map(|path| last_parts(path))
        .collect();
    let more = crosses.len().saturating_sub(few.len());
    let called = match more {
        0 => few.join(", "),
        more => format!("{} and {more} more", few.join(", ")),
    };
    let within = last_parts(within);
    let whole = if enters {
        format!("move the whole of {within}'s transaction into the service, as one function of it")
    } else {
        format!("move {called} into the service with {within}, so that the transaction stays whole")
    };
    format!(
        "{whole}; or write an outbox row in the transaction and do {called} after the commit, from that row; or leave {called} \
         where its caller is"
    )
}

/// `mail::send` of `app::mail::send`.
fn last_parts(path: &str) -> &str {
    let mut ends = path.rmatch_indices("::").map(|(at, _)| at + 2);
    let _last = ends.next();
    ends.next().map_or(path, |at| &path[at..])
}
