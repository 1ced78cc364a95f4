//! A report for a terminal.

mod code;
mod crossings;
mod data;
mod functions;
mod head;
mod pen;

use crate::report::Report;
use pen::Pen;

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether escape sequences colour it.
    pub color: bool,
    /// The columns that a line may take.
    pub width: usize,
    /// Whether everything is listed, and not the beginning of each list.
    pub all: bool,
}

/// The report as text: what matters first, then each list, the most used first.
#[must_use]
pub fn report(report: &Report, style: Style) -> String {
    let mut pen = Pen::new(style);
    head::write(&mut pen, report);
    functions::write(&mut pen, report);
    code::write(&mut pen, report);
    data::write(&mut pen, report);
    data::write_cost(&mut pen, report);
    crossings::write(&mut pen, report);
    pen.finish()
}
