use super::functions::place;
use super::pen::{Ink, Pen};
use crate::output::words::short;
use crate::report::{CrossingType, Projection, Report, Verdict};

/// The types that cross, and what is read of the big ones.
pub(super) fn write(pen: &mut Pen, report: &Report) {
    if !report.types.is_empty() {
        pen.heading("Types that cross", report.types.len());
        let mut types: Vec<_> = report.types.iter().collect();
        types.sort_by_key(|t| std::cmp::Reverse(t.verdict));
        let (shown, left) = pen.shown(&types);
        let rows: Vec<_> = shown.iter().map(|t| row(report, t)).collect();
        pen.rows_with(2, &rows, |pen, i| under(pen, shown[i]));
        pen.more(2, left, "type");
    }
    if !report.projections.is_empty() {
        pen.heading(
            "Entities of which only a part is read",
            report.projections.len(),
        );
        let (shown, left) = pen.shown(&report.projections);
        let row = |projection: &Projection| {
            let name = short(report, &projection.function);
            let name = format!("{name}({})", projection.argument);
            (name, read(report, projection))
        };
        let rows: Vec<_> = shown.iter().map(row).collect();
        pen.rows_with(2, &rows, |pen, i| {
            if !shown[i].read.is_empty() {
                pen.labelled(4, "reads", Ink::Plain, &shown[i].read.join(", "));
            }
            if let Some(escapes) = &shown[i].escapes {
                pen.labelled(4, "sent whole, as", Ink::Bad, escapes);
            }
        });
        pen.more(2, left, "entity");
    }
}

fn row(report: &Report, crossing: &CrossingType) -> (String, String) {
    let becomes = match (&crossing.proto, crossing.verdict) {
        (_, Verdict::Blocked) => "cannot cross".to_owned(),
        (_, Verdict::Drop) => "dropped: the service has its own".to_owned(),
        (Some(proto), Verdict::Wire) => proto.clone(),
        (Some(proto), Verdict::Convert) => format!("{proto}, converted"),
        (None, Verdict::Convert) => "converted".to_owned(),
        (None, Verdict::Wire) => "as it is".to_owned(),
    };
    let at = crossing
        .place
        .as_ref()
        .map(|at| format!("  {}", place(Some(at))));
    let facts = becomes + &at.unwrap_or_default();
    (short(report, &crossing.item).to_owned(), facts)
}

/// What there is to know of a type, and which of its fields cannot cross.
fn under(pen: &mut Pen, crossing: &CrossingType) {
    if let Some(note) = &crossing.note {
        let bad = crossing.verdict == Verdict::Blocked;
        pen.labelled(4, "note", if bad { Ink::Bad } else { Ink::Plain }, note);
    }
    let fields = crossing.fields.iter();
    for field in fields.filter(|f| f.verdict == Verdict::Blocked) {
        let why = field.note.as_deref().unwrap_or("it cannot cross");
        let text = format!("{}: {} – {why}", field.name, field.rust);
        pen.labelled(4, "field", Ink::Bad, &text);
    }
}

fn read(report: &Report, projection: &Projection) -> String {
    format!(
        "{} of {} fields of {}",
        projection.read.len(),
        projection.fields,
        short(report, &projection.entity)
    )
}
