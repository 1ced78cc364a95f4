//! How far `--approximate` is from an index of the same source:
//! `cargo run --release -p carveout-extract --example approximate_error -- WORKSPACE INDEX`

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Instant;

use carveout_extract::indexer::Workspace;
use carveout_extract::model::{Model, Position};
use carveout_extract::reader::{read_approximate, read_scip};

type Place<'a> = (&'a str, Position);

fn main() -> carveout_extract::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(workspace), Some(index)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: approximate_error WORKSPACE INDEX [SHOWN]");
        return Ok(());
    };
    let shown: usize = arguments
        .next()
        .and_then(|shown| shown.parse().ok())
        .unwrap_or(0);
    let workspace = Workspace::find(Path::new(&workspace))?;
    let began = Instant::now();
    let guessed = read_approximate(&workspace)?;
    println!("read in {:.2?}", began.elapsed());
    let exact = read_scip(Path::new(&index), &workspace.root)?;
    let (found, wanted) = (crossing(&guessed), crossing(&exact));
    let hit = wanted
        .iter()
        .filter(|(place, to)| found.get(*place) == Some(to))
        .count();
    let files: HashSet<&str> = exact.files.iter().map(|file| file.path.as_str()).collect();
    let known: HashMap<&Place<'_>, &&str> = found
        .iter()
        .filter(|((file, _), _)| files.contains(file))
        .collect();
    let extra = known
        .iter()
        .filter(|(place, to)| wanted.get(**place) != Some(**to))
        .count();
    println!(
        "references: {} exact, missed {}, extra {}",
        wanted.len(),
        percent(wanted.len() - hit, wanted.len()),
        percent(extra, known.len())
    );
    let (some, all) = (edges(&guessed), edges(&exact));
    println!(
        "module edges: {} exact, missed {}, extra {}",
        all.len(),
        percent(all.difference(&some).count(), all.len()),
        percent(some.difference(&all).count(), some.len())
    );
    show_edges("edge missed", shown, all.difference(&some));
    show_edges("edge extra", shown, some.difference(&all));
    let (some, all) = (symbols(&guessed), symbols(&exact));
    println!(
        "symbols defined: {} exact, missed {}, extra {}",
        all.len(),
        percent(all.difference(&some).count(), all.len()),
        percent(some.difference(&all).count(), some.len())
    );
    show(
        "missed",
        shown,
        wanted
            .iter()
            .filter(|(place, to)| found.get(*place) != Some(to)),
    );
    show(
        "extra",
        shown,
        known
            .iter()
            .filter(|(place, to)| wanted.get(**place) != Some(**to))
            .map(|(place, to)| (*place, *to)),
    );
    show_names("symbol missed", shown, all.difference(&some));
    show_names("symbol extra", shown, some.difference(&all));
    Ok(())
}

/// References from one module to another of the workspace.
fn crossing(model: &Model) -> BTreeMap<Place<'_>, &str> {
    let references = model.references.iter().filter_map(|one| {
        let to = model.item(one.to);
        let crosses = to.module.is_some_and(|module| module != one.from);
        let file = model.file(one.file).path.as_str();
        crosses.then_some(((file, one.span.start), to.symbol.as_str()))
    });
    references.collect()
}

fn edges(model: &Model) -> HashSet<(&str, &str)> {
    let edge = |one: &carveout_extract::model::Reference| {
        let to = model.item(one.to).module?;
        (to != one.from).then(|| {
            (
                model.module(one.from).path.as_str(),
                model.module(to).path.as_str(),
            )
        })
    };
    model.references.iter().filter_map(edge).collect()
}

fn symbols(model: &Model) -> HashSet<&str> {
    let defined = model.items.iter().filter(|item| item.definition.is_some());
    defined.map(|item| item.symbol.as_str()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a percentage")]
fn percent(part: usize, whole: usize) -> String {
    format!(
        "{part} ({:.1} %)",
        part as f64 * 100.0 / whole.max(1) as f64
    )
}

fn show<'a>(what: &str, shown: usize, of: impl Iterator<Item = (&'a Place<'a>, &'a &'a str)>) {
    let all: Vec<_> = of.collect();
    for ((file, at), to) in all
        .iter()
        .step_by((all.len() / shown.max(1)).max(1))
        .take(shown)
    {
        println!("{what} {file}:{}:{} {to}", at.line + 1, at.column + 1);
    }
}

fn show_names<'a>(what: &str, shown: usize, of: impl Iterator<Item = &'a &'a str>) {
    let mut all: Vec<_> = of.collect();
    all.sort();
    for name in all
        .iter()
        .step_by((all.len() / shown.max(1)).max(1))
        .take(shown)
    {
        println!("{what} {name}");
    }
}

fn show_edges<'a>(what: &str, shown: usize, of: impl Iterator<Item = &'a (&'a str, &'a str)>) {
    let mut all: Vec<_> = of.collect();
    all.sort();
    for (from, to) in all
        .iter()
        .step_by((all.len() / shown.max(1)).max(1))
        .take(shown)
    {
        println!("{what} {from} -> {to}");
    }
}
