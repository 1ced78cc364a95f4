//! The table: a row for each contender under each load, medians with ranges over the seeds.

use crate::capacity::Capacity;
use crate::cell::Cell;
use crate::scenario::Scenario;
use crate::summary::Figure;

pub(crate) fn capacity(scenario: Scenario, capacity: &Capacity) {
    let Capacity {
        rate,
        processors,
        served,
        refused,
        ..
    } = capacity;
    let [served, refused] = [served, refused].map(|seconds| seconds * 1e6);
    println!(
        "\n{}: capacity {rate:.0}/s on {processors:.2} processors, {served:.0} us of one for an answer, {refused:.0} us for a refusal",
        scenario.name()
    );
    row([
        "load",
        "contender",
        "% of capacity",
        "% of ceiling",
        "ok p50, ms",
        "ok p99, ms",
        "refused p99, ms",
        "% refused",
        "reconnects",
        "processors",
        "",
    ]);
}

/// `cells` are those of one contender under one load.
pub(crate) fn print(cells: &[&Cell]) {
    let Some(first) = cells.first() else { return };
    let text = |figure: &dyn Fn(&Cell) -> Option<f64>, digits| {
        Figure::of(cells, figure).map_or("-".to_owned(), |figure| figure.text(digits))
    };
    let share = |figure: fn(&Cell) -> f64| text(&|cell| Some(figure(cell) * 100.0), 1);
    row([
        &first.load,
        first.contender,
        &share(|cell| cell.of_capacity),
        &share(|cell| cell.of_ceiling),
        &text(&|cell| cell.ok_p50, 0),
        &text(&|cell| cell.ok_p99, 0),
        &text(&|cell| cell.refused_p99, 1),
        &share(|cell| cell.refused),
        &text(&|cell| Some(cell.reconnects as f64), 0),
        &text(&|cell| Some(cell.server_cpu), 2),
        &notes(cells),
    ]);
}

/// What only some rows have.
fn notes(cells: &[&Cell]) -> String {
    let mut notes = Vec::new();
    if cells.iter().any(|cell| cell.proxy_cpu > 0.0) {
        let proxy = Figure::of(cells, |cell| Some(cell.proxy_cpu));
        notes.extend(proxy.map(|proxy| format!("proxy {} processors", proxy.text(2))));
    }
    let critical = Figure::of(cells, |cell| Some(cell.critical? * 100.0));
    notes.extend(critical.map(|share| format!("critical {} %", share.text(1))));
    if matches!(cells[0].load.as_str(), "halved" | "cold" | "retries") {
        let never = cells.iter().filter(|cell| cell.recovered_after.is_none());
        let never = never.count();
        let after = Figure::of(cells, |cell| cell.recovered_after);
        notes.extend(after.map(|after| format!("well after {} ms", after.text(0))));
        notes.extend((never > 0).then(|| format!("never well in {never} of {}", cells.len())));
    }
    // The client would be measured, too.
    if cells.iter().any(|cell| cell.client_cpu > 0.8) {
        notes.push("the client was busy".to_owned());
    }
    notes.join(", ")
}

fn row(cells: [&str; 11]) {
    const WIDTHS: [usize; 11] = [8, 26, 21, 21, 16, 16, 16, 21, 14, 19, 0];
    let cells = cells.iter().zip(WIDTHS);
    let line: String = cells
        .map(|(cell, width)| format!("{cell:width$} "))
        .collect();
    println!("{}", line.trim_end());
}
