use std::collections::BTreeSet;
use std::path::Path;

use crate::cell::Cell;
use crate::contender::Contender;
use crate::load::Load;
use crate::scenario::Scenario;
use crate::summary::{self, Figure};
use crate::svg::{Axis, Line, chart};

/// Two pictures for each scenario: the goodput over the load, and the 99th percentile of the answers.
pub(crate) fn write(folder: &Path, cells: &[Cell]) -> Result<(), String> {
    let measured: BTreeSet<_> = cells.iter().map(|cell| cell.scenario).collect();
    for scenario in Scenario::ALL {
        let name = scenario.name();
        if !measured.contains(name) {
            continue;
        }
        let goodput = lines(cells, name, |cell| Some(cell.of_capacity * 100.0));
        let axis = Axis::linear("answered in time, % of capacity", 0.0, 110.0, 20.0);
        save(
            folder,
            &format!("{name}-goodput.svg"),
            &chart(name, &axis, &goodput),
        )?;
        let p99 = lines(cells, name, |cell| cell.ok_p99);
        let least = if scenario == Scenario::Micro {
            0.1
        } else {
            5.0
        };
        let axis = Axis::logarithmic("99th percentile of answers, ms", least, 300.0);
        save(
            folder,
            &format!("{name}-p99.svg"),
            &chart(name, &axis, &p99),
        )?;
    }
    Ok(())
}

fn lines(
    cells: &[Cell],
    scenario: &str,
    figure: impl Fn(&Cell) -> Option<f64> + Copy,
) -> Vec<Line> {
    let line = |contender: Contender| {
        let point = |load: Load| {
            let Load::Times(times) = load else {
                return None;
            };
            let cells = summary::cells(cells, scenario, &load.name(), contender.name());
            Some((times, Figure::of(&cells, figure)?))
        };
        Line {
            name: contender.name(),
            points: Load::ALL.into_iter().filter_map(point).collect(),
        }
    };
    let lines = Contender::ALL.map(line).into_iter();
    lines.filter(|line| !line.points.is_empty()).collect()
}

fn save(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let file = folder.join(name);
    std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}
