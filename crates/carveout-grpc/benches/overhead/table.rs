//! The table: a row for each thing that is measured, with the ratio of the kit to bare tonic.

/// How often each server is measured, in turn with the other. The speed of a machine that others use
/// too changes within seconds: many short rounds beside each other say more than a few long ones.
pub(crate) const ROUNDS: usize = 31;
/// The same where a round is short.
pub(crate) const MANY_ROUNDS: usize = 201;

/// In the order of their size, the ratios that the true median lies between in 97 of 100 runs: as
/// often as a coin that is thrown so many times shows heads at least so often, 10 to 21 times of 31.
fn sure(rounds: usize) -> [usize; 2] {
    let rounds = rounds as f64;
    let low = (rounds / 2.0 - 1.085 * rounds.sqrt()) as usize;
    [low, rounds as usize - 1 - low]
}

/// What a figure has to be for the kit to cost as little as was promised.
#[derive(Clone, Copy)]
pub(crate) enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wanted::AtLeast(bound) => write!(f, ">= {bound}"),
            Wanted::AtMost(bound) => write!(f, "<= {bound}"),
        }
    }
}

pub(crate) fn head() {
    row("", "bare tonic", "kit", "kit / bare", "wanted");
    let figures = "median (all rounds)";
    row("", figures, figures, "median (97 % sure)", "");
}

fn row(what: &str, bare: &str, kit: &str, ratio: &str, wanted: &str) {
    println!("{what:34} {bare:33} {kit:33} {ratio:23} {wanted}");
}

/// Measures both servers in turn, and prints medians with their ranges. The ratio is that of each
/// round, so that what slows the machine down for a while slows both sides of it.
pub(crate) fn compare(what: &str, wanted: Wanted, rounds: usize, measure: impl Fn(usize) -> f64) {
    let mut figures = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        // The one that comes second finds the caches warm: they take turns at that too.
        for step in 0..2 {
            let which = (round + step) % 2;
            figures[which].push(measure(which));
        }
    }
    let ratios = figures[0]
        .iter()
        .zip(&figures[1])
        .map(|(bare, kit)| kit / bare);
    let ratio = middle(ratios.collect(), sure(rounds), 3);
    let [bare, kit] = figures.map(|figures| middle(figures, [0, rounds - 1], 0));
    row(what, &bare, &kit, &ratio, &wanted.to_string());
}

/// The median of a figure for each round, and those at two places in the order of their size.
fn middle(mut figures: Vec<f64>, places: [usize; 2], digits: usize) -> String {
    figures.sort_by(f64::total_cmp);
    let [low, high] = places.map(|at| figures[at]);
    let median = figures[figures.len() / 2];
    format!("{median:.digits$} ({low:.digits$} to {high:.digits$})")
}

/// Figures that are the same every time, or why there are none.
pub(crate) fn counts(what: &str, counts: Result<[f64; 2], String>) {
    match counts {
        Ok([bare, kit]) => {
            let ratio = format!("{:.3}", kit / bare);
            row(
                what,
                &format!("{bare:.0}"),
                &format!("{kit:.0}"),
                &ratio,
                "",
            );
        }
        Err(why) => row(what, "not measured", "not measured", &why, ""),
    }
}

/// What only the kit has.
pub(crate) fn own(what: &str, figure: Result<String, String>, wanted: Option<Wanted>) {
    let figure = figure.unwrap_or_else(|why| format!("not measured: {why}"));
    let wanted = wanted.map(|wanted| wanted.to_string()).unwrap_or_default();
    row(what, "", &figure, "", &wanted);
}

/// Runs `measure` a few times.
pub(crate) fn repeated(measure: impl FnMut() -> f64) -> String {
    middle(
        std::iter::repeat_with(measure).take(ROUNDS).collect(),
        [0, ROUNDS - 1],
        0,
    )
}
