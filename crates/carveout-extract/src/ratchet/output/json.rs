use serde_json::{Value, json};

use super::{Outcome, id};
use crate::ratchet::Key;

/// The version of what [`json`] prints. A field that changes its meaning or goes raises it; one that
/// is added does not.
const SCHEMA: u32 = 1;

/// For a program. `docs/boundary/check.md` says what each field is.
pub(crate) fn json(outcome: &Outcome<'_>) -> String {
    let verdict = outcome.verdict;
    let new: Vec<Value> = verdict
        .new
        .iter()
        .map(|new| {
            let places: Vec<Value> = new
                .uses
                .places
                .iter()
                .map(|(file, line)| json!({ "file": outcome.path(*file), "line": line }))
                .collect();
            json!({
                "rule": id(new).id,
                "key": key(new.key),
                "boundaries": outcome.boundaries(new),
                "message": outcome.sentence(new),
                "tolerated": new.tolerated,
                "count": new.uses.count(),
                "places": places,
            })
        })
        .collect();
    let stale: Vec<Value> = verdict
        .stale
        .iter()
        .map(|stale| {
            json!({
                "rule": super::STALE.id,
                "key": key(stale.key),
                "message": outcome.stale_sentence(stale),
                "tolerated": stale.tolerated,
                "count": stale.count,
                "allowed_now": stale.allowed,
                "baseline_line": stale.line,
            })
        })
        .collect();
    let value = json!({
        "schema": SCHEMA,
        "tool": { "name": "carveout-extract", "version": env!("CARGO_PKG_VERSION") },
        "origin": outcome.model.origin,
        "approximate": outcome.model.origin.approximate,
        "ok": verdict.is_clean(),
        "new": new,
        "stale": stale,
        "held": verdict.held,
        "unjudged": verdict.unjudged,
        "tolerated": { "keys": outcome.baseline.entries.len(), "uses": outcome.baseline.uses() },
        "boundaries": boundaries(outcome),
        "gaps": outcome.model.gaps,
    });
    format!("{value:#}\n")
}

fn key(key: &Key) -> Value {
    json!({ "from": key.from, "to": key.to, "kind": key.kind })
}

fn boundaries(outcome: &Outcome<'_>) -> Vec<Value> {
    let rules = outcome.rules.boundaries.iter();
    rules
        .zip(&outcome.crossings.traffic)
        .map(|(rule, traffic)| {
            let unused = rule.public.iter().enumerate();
            let unused: Vec<_> = unused
                .filter(|(place, _)| !traffic.public.contains(place))
                .map(|(_, name)| name)
                .collect();
            json!({
                "path": rule.path,
                "public": rule.public,
                "public_unused": unused,
                "inbound_uses": traffic.inbound,
                "inbound_items": traffic.items.len(),
                "inbound_modules": traffic.users.len(),
                "outbound_uses": traffic.outbound,
                "outbound_modules": traffic.used.len(),
            })
        })
        .collect()
}
