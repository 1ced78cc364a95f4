//! Calls across the cut that are made once a turn of a loop.

use super::super::Cut;
use super::super::calls::is_function;
use crate::report::LoopedCall;

pub(in super::super) fn find(cut: &Cut<'_>) -> Vec<LoopedCall> {
    let mut found = Vec::new();
    for reference in cut.inbound() {
        let item = cut.model.item(reference.to);
        if !is_function(item.kind) || cut.is_test(reference) {
            continue;
        }
        let Some(within) = reference.within else {
            continue;
        };
        let Some(definition) = cut.model.item(within).definition else {
            continue;
        };
        let source = cut.sources.get(reference.file);
        let loops = source.map_or(0, |source| {
            source.loops_around(reference.span.start, definition.whole)
        });
        if loops == 0 {
            continue;
        }
        found.push(LoopedCall {
            function: cut.model.item_path(reference.to),
            place: cut.place(reference.file, reference.span.start),
            within: cut.model.item_path(within),
            loops,
            suggestion: suggestion(&item.name, loops),
        });
    }
    found.sort_by(|a, b| {
        let key = |one: &LoopedCall| (std::cmp::Reverse(one.loops), one.function.clone());
        key(a).cmp(&key(b)).then_with(|| a.place.cmp(&b.place))
    });
    found
}

fn suggestion(name: &str, loops: usize) -> String {
    let calls = match loops {
        1 => "one call a turn".to_owned(),
        loops => format!("one call a turn of {loops} nested loops"),
    };
    format!(
        "{calls}: collect what it is called with, and call a `{name}_batch` that takes the list once, behind the loop"
    )
}
