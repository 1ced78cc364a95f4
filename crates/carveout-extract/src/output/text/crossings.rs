use super::functions::place;
use super::pen::{Ink, Pen};
use crate::output::words::{count, short};
use crate::report::{Crossing, Report, Use};

/// Every place, by what it names.
pub(super) fn write(pen: &mut Pen, report: &Report) {
    let lists = [
        ("Statics that the other side uses", &report.statics),
        ("In: what others use of it", &report.inbound),
        ("Out: what it uses of others", &report.outbound),
    ];
    for (title, list) in lists {
        if list.is_empty() {
            continue;
        }
        pen.heading(title, list.len());
        let (shown, left) = pen.shown(list);
        let row = |crossing: &Crossing| {
            let facts = format!(
                "{}, {}",
                crossing.kind.name(),
                count(crossing.count, "place")
            );
            (short(report, &crossing.item).to_owned(), facts)
        };
        let rows: Vec<_> = shown.iter().map(row).collect();
        pen.rows_with(2, &rows, |pen, i| uses(pen, &shown[i]));
        pen.more(2, left, "item");
    }
}

fn uses(pen: &mut Pen, crossing: &Crossing) {
    let (shown, left) = pen.few(&crossing.uses);
    let rows: Vec<_> = shown.iter().map(used).collect();
    pen.rows(4, &rows);
    pen.more(4, left, "place");
    let unlisted = crossing.count.saturating_sub(crossing.uses.len());
    if unlisted > 0 {
        pen.prose(
            4,
            Ink::Dim,
            &format!("{} not listed", count(unlisted, "place")),
        );
    }
}

fn used(usage: &Use) -> (String, String) {
    let within = usage.within.as_ref().map(|within| format!(", {within}"));
    let test = if usage.test { " (test)" } else { "" };
    let facts = format!("{}{}{test}", usage.module, within.unwrap_or_default());
    (place(Some(&usage.place)), facts)
}
