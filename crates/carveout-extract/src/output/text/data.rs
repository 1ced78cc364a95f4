use std::collections::BTreeSet;

use super::functions::place;
use super::pen::{Ink, Pen};
use crate::output::words::{count, number, short};
use crate::report::{Report, Table, Touch};

/// What both sides hold in common: tables and transactions.
pub(super) fn write(pen: &mut Pen, report: &Report) {
    if !report.tables.is_empty() {
        pen.heading("Tables", report.tables.len());
        let (shown, left) = pen.shown(&report.tables);
        for table in shown {
            write_table(pen, table);
        }
        pen.more(2, left, "table");
    }
    if !report.transactions.is_empty() {
        pen.heading(
            "Transactions that the cut would split",
            report.transactions.len(),
        );
        let (shown, left) = pen.shown(&report.transactions);
        for split in shown {
            let within = short(report, &split.within).to_owned();
            pen.rows(2, &[(within, place(Some(&split.place)))]);
            let crosses: Vec<_> = split
                .crosses
                .iter()
                .map(|item| short(report, item))
                .collect();
            pen.labelled(4, "calls", Ink::Bad, &crosses.join(", "));
            pen.labelled(4, "edit", Ink::Plain, &split.suggestion);
        }
        pen.more(2, left, "transaction");
    }
}

fn write_table(pen: &mut Pen, table: &Table) {
    let files: BTreeSet<_> = table.others.iter().map(|touch| &touch.place.file).collect();
    let others = match files.len() {
        0 => "nobody else touches it".to_owned(),
        n => format!("also touched in {}", count(n, "other file")),
    };
    pen.rows(2, &[(table.name.clone(), others)]);
    for (label, touches) in [("here", &table.touched), ("others", &table.others)] {
        let (shown, left) = pen.few(touches);
        let rows: Vec<_> = shown.iter().map(|touch| touched(label, touch)).collect();
        pen.rows(4, &rows);
        pen.more(4, left, "place");
    }
}

fn touched(label: &str, touch: &Touch) -> (String, String) {
    let place = place(Some(&touch.place));
    let facts = format!("{} ({}) in {}", touch.operation, touch.by, touch.module);
    (format!("{label:<6} {place}"), facts)
}

/// What the cut costs when it runs.
pub(super) fn write_cost(pen: &mut Pen, report: &Report) {
    let cost = &report.cost;
    if !cost.loops.is_empty() {
        pen.heading("Calls that would stand in loops", cost.loops.len());
        let (shown, left) = pen.shown(&cost.loops);
        for looped in shown {
            let function = short(report, &looped.function).to_owned();
            let facts = format!(
                "{} deep  {}",
                count(looped.loops, "loop"),
                place(Some(&looped.place))
            );
            pen.rows(2, &[(function, facts)]);
            pen.labelled(4, "in", Ink::Plain, &looped.within);
            pen.labelled(4, "edit", Ink::Plain, &looped.suggestion);
        }
        pen.more(2, left, "call");
    }
    if !cost.depth.is_empty() {
        pen.heading("Entry points that get to the other side", cost.depth.len());
        let (shown, left) = pen.shown(&cost.depth);
        for entry in shown {
            let calls = count(entry.crossings, "call");
            let facts = format!("{calls} across, the first {} deep", number(entry.depth));
            pen.rows(2, &[(entry.entry.clone(), facts)]);
            let way: Vec<_> = entry.path.iter().map(|item| short(report, item)).collect();
            pen.labelled(4, "way", Ink::Plain, &way.join(" → "));
        }
        pen.more(2, left, "entry point");
    }
    if !cost.payload.is_empty() {
        pen.heading(
            "What a call would carry, estimated from types",
            cost.payload.len(),
        );
        let (shown, left) = pen.shown(&cost.payload);
        let rows: Vec<_> = shown
            .iter()
            .map(|payload| {
                let facts = format!(
                    "{} whole, {} projected",
                    bytes(payload.whole),
                    bytes(payload.projected)
                );
                (short(report, &payload.function).to_owned(), facts)
            })
            .collect();
        pen.rows(2, &rows);
        pen.more(2, left, "function");
    }
}

fn bytes(n: usize) -> String {
    format!("{} B", number(n))
}
