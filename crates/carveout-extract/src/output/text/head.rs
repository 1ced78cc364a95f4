use super::pen::{Ink, Pen};
use crate::output::words;
use crate::report::Report;

/// The first screen: what it is, how far it can be trusted, and the verdict.
pub(super) fn write(pen: &mut Pen, report: &Report) {
    pen.title(&format!("The boundary of {}", report.modules.join(" + ")));
    let origin = &report.origin;
    pen.prose(
        0,
        Ink::Dim,
        &format!(
            "in {}, as {} {} saw it; {:.1} % of identifiers resolved",
            report.workspace, origin.tool, origin.version, origin.resolved_percent
        ),
    );
    if origin.approximate {
        let why = "Names were guessed from syntax alone: every number below is approximate.";
        pen.labelled(0, "!", Ink::Bad, why);
    }
    let (gaps, left) = pen.shown(&report.gaps);
    for gap in gaps {
        pen.labelled(0, "!", Ink::Bad, &format!("Not seen: {gap}"));
    }
    pen.more(2, left, "gap");
    pen.blank();
    pen.prose(0, Ink::Bold, &words::verdict(report));
    for (about, fact) in words::facts(report) {
        pen.labelled(
            0,
            &format!("{:<12}", format!("{about}:")),
            Ink::Plain,
            &fact,
        );
    }
}
