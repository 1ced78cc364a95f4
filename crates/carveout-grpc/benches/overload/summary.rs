use crate::cell::Cell;

/// The middle of a figure over the seeds, and the least and the greatest.
#[derive(Clone, Copy)]
pub(crate) struct Figure {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    repeated: bool,
}

impl Figure {
    /// Nothing where no seed has the figure.
    pub(crate) fn of(cells: &[&Cell], figure: impl Fn(&Cell) -> Option<f64>) -> Option<Self> {
        let mut figures: Vec<f64> = cells.iter().filter_map(|cell| figure(cell)).collect();
        figures.sort_by(f64::total_cmp);
        let (below, above) = (
            figures.get(figures.len().wrapping_sub(1) / 2)?,
            figures[figures.len() / 2],
        );
        Some(Self {
            median: (below + above) / 2.0,
            least: figures[0],
            most: figures[figures.len() - 1],
            repeated: figures.len() > 1,
        })
    }

    /// `96.1`, or `96.1 (94.8 to 97.0)` where it was measured more than once.
    pub(crate) fn text(self, digits: usize) -> String {
        let Self {
            median,
            least,
            most,
            repeated,
        } = self;
        if repeated {
            format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
        } else {
            format!("{median:.digits$}")
        }
    }
}

/// The cells of one contender under one load.
pub(crate) fn cells<'a>(
    all: &'a [Cell],
    scenario: &str,
    load: &str,
    contender: &str,
) -> Vec<&'a Cell> {
    let this = |cell: &&Cell| {
        (cell.scenario, cell.load.as_str(), cell.contender) == (scenario, load, contender)
    };
    all.iter().filter(this).collect()
}
