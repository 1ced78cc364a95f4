use super::pen::{Ink, Pen};
use crate::output::words::{count, short};
use crate::report::{Disposition, Effect, Evidence, Function, Place, Report};

/// Each function, those that need somebody's attention first.
pub(super) fn write(pen: &mut Pen, report: &Report) {
    let groups = [
        ("Functions that need an edit first", Ink::Bad),
        ("Functions that become calls", Ink::Good),
        ("Functions that move into shared code", Ink::Plain),
        ("Tasks that move into the service", Ink::Plain),
        ("Functions that stay behind", Ink::Plain),
    ];
    for (at, (title, ink)) in groups.into_iter().enumerate() {
        let functions = report.functions.iter();
        let mut group: Vec<&Function> = functions
            .filter(|f| group_of(&f.disposition) == at)
            .collect();
        if group.is_empty() {
            continue;
        }
        group.sort_by_key(|f| std::cmp::Reverse(f.uses));
        pen.heading(title, group.len());
        // What is true of each is said once.
        let common = common(&group);
        for (_, text) in &common {
            pen.labelled(2, "all:", ink, text);
        }
        let (shown, left) = pen.shown(&group);
        let rows: Vec<_> = shown.iter().map(|f| row(report, f)).collect();
        pen.rows_with(2, &rows, |pen, i| {
            for (label, text) in advice(&shown[i].disposition) {
                if !common.contains(&(label, text)) {
                    let ink = if label == "why" { ink } else { Ink::Plain };
                    pen.labelled(4, label, ink, text);
                }
            }
        });
        pen.more(2, left, "function");
    }
    effects(pen, report);
}

/// Its place among the groups.
fn group_of(disposition: &Disposition) -> usize {
    match disposition {
        Disposition::Blocked { .. } => 0,
        Disposition::Rpc { .. } => 1,
        Disposition::Shared { .. } => 2,
        Disposition::Background { .. } => 3,
        Disposition::Stay { .. } => 4,
    }
}

fn row(report: &Report, function: &Function) -> (String, String) {
    let facts = format!(
        "{}, {}  {}",
        count(function.uses, "use"),
        effect(function.effect),
        place(function.place.as_ref())
    );
    (short(report, &function.item).to_owned(), facts)
}

fn common<'a>(group: &[&'a Function]) -> Vec<(&'static str, &'a str)> {
    let Some((first, others)) = group.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Vec::new();
    };
    let mut common = advice(&first.disposition);
    for function in others {
        let advice = advice(&function.disposition);
        common.retain(|each| advice.contains(each));
    }
    common
}

fn advice(disposition: &Disposition) -> Vec<(&'static str, &str)> {
    match disposition {
        Disposition::Rpc { notes } => notes.iter().map(|note| ("shim", note.as_str())).collect(),
        Disposition::Shared { reason }
        | Disposition::Background { reason }
        | Disposition::Stay { reason } => vec![("why", reason)],
        Disposition::Blocked { reason, suggestion } => vec![("why", reason), ("edit", suggestion)],
    }
}

/// What makes functions more than reads, each with the functions that it does so to.
fn effects(pen: &mut Pen, report: &Report) {
    let mut causes: Vec<(&Evidence, Vec<&str>)> = Vec::new();
    for function in &report.functions {
        let worst = function.evidence.iter().max_by_key(|e| e.effect);
        let Some(worst) = worst.filter(|e| e.effect > Effect::Read) else {
            continue;
        };
        let name = short(report, &function.item);
        let same = |cause: &Evidence| cause.what == worst.what && cause.place == worst.place;
        match causes.iter_mut().find(|(cause, _)| same(cause)) {
            Some((_, names)) => names.push(name),
            None => causes.push((worst, vec![name])),
        }
    }
    if causes.is_empty() {
        return;
    }
    causes.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    pen.heading("Why functions are thought to write", causes.len());
    let (shown, left) = pen.shown(&causes);
    for (cause, names) in shown {
        pen.prose(2, Ink::Plain, &cause.what);
        let does = format!("{}, at {}", effect(cause.effect), place(Some(&cause.place)));
        pen.prose(4, Ink::Dim, &does);
        let (few, others) = pen.few(names);
        let others = match others {
            0 => String::new(),
            n => format!(" and {}", count(n, "other")),
        };
        pen.labelled(4, "in", Ink::Plain, &(few.join(", ") + &others));
    }
    pen.more(2, left, "cause");
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads",
        Effect::IdempotentWrite => "writes idempotently",
        Effect::Write => "writes",
    }
}

/// `src/mail.rs:42`.
pub(super) fn place(place: Option<&Place>) -> String {
    match place {
        Some(place) => format!("{}:{}", place.file, place.line),
        None => "(made by a macro)".to_owned(),
    }
}
