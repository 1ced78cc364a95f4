//! What becomes of the answers when there are more calls than can be answered: the kit's server, the
//! limiters that Rust services can have today, and Envoy, with the same handlers and the same client,
//! in one run: `cargo xtask bench overload`.
//!
//! Callers are an open loop: they call when they want to, and a time counts from when a call was due.
//! A call is answered when its grpc-status says so; HTTP's status is 200 for most that are refused.
//! The server has a process of its own for each cell, and the client a single thread.

mod arrivals;
mod capacity;
mod cell;
mod client;
mod clock;
mod contender;
mod envoy;
mod handler;
mod kit;
mod limiters;
mod load;
mod options;
mod plot;
mod process;
mod record;
mod recovery;
mod scenario;
mod server;
mod summary;
mod svg;
mod table;
mod versions;

use std::collections::BTreeMap;
use std::process::ExitCode;

use capacity::Capacity;
use cell::Cell;
use contender::Contender;
use envoy::Envoy;
use options::Options;
use scenario::Scenario;
use summary::Figure;
use tokio::runtime::Runtime;

/// The one that services have.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, contender, scenario] = args.as_slice()
        && mode == "serve"
    {
        let named = (Contender::named(contender), Scenario::named(scenario));
        let (Some(contender), Some(scenario)) = named else {
            return ExitCode::FAILURE;
        };
        server::serve(contender, scenario);
        return ExitCode::SUCCESS;
    }
    match Options::parse(args.into_iter()).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut options: Options) -> Result<(), String> {
    let versions = versions::all().into_iter();
    let versions: Vec<_> = versions
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    println!(
        "{}, {} processors",
        versions.join(", "),
        versions::processors()
    );
    if let Err(why) = Envoy::version()
        && options.contenders.iter().any(|one| one.proxied().is_some())
    {
        println!("not measured: envoy and envoy-tuned. {why} (.ci/install-tools)");
        options.contenders.retain(|one| one.proxied().is_none());
    }
    let folder = &options.out;
    let created = std::fs::create_dir_all(folder);
    created.map_err(|error| format!("{}: {error}", folder.display()))?;
    let (mut capacities, mut cells) = (BTreeMap::new(), Vec::new());
    for scenario in &options.scenarios {
        let capacity = Capacity::measure(*scenario)?;
        table::capacity(*scenario, &capacity);
        capacities.insert(scenario.name(), capacity);
        compare(*scenario, &capacity, &options, &mut cells)?;
        // After each, so that what takes an hour is not lost with its last minute.
        record::write(folder, &capacities, &cells)?;
        plot::write(folder, &cells)?;
    }
    println!("\nEach cell, and plots: {}", folder.display());
    worth_it(&cells)
}

/// What is true on any machine, whatever else it does: with admission an overloaded server whose
/// handlers hold their workers answers more than without.
fn worth_it(cells: &[Cell]) -> Result<(), String> {
    let goodput = |of: &Cell, contender: Contender| {
        let cells = summary::cells(cells, of.scenario, &of.load, contender.name());
        Figure::of(&cells, |cell| Some(cell.goodput)).map(|goodput| goodput.median)
    };
    let holds = [Scenario::Cpu.name(), Scenario::Blocking.name()];
    let overloaded = |cell: &&Cell| {
        holds.contains(&cell.scenario) && ["3x", "10x"].contains(&cell.load.as_str())
    };
    for cell in cells.iter().filter(overloaded) {
        let with = goodput(cell, Contender::Carveout);
        let without = goodput(cell, Contender::None);
        if let (Some(with), Some(without)) = (with, without)
            && with <= without
        {
            let Cell { scenario, load, .. } = cell;
            return Err(format!(
                "{scenario} {load}: {with:.0} answers a second with admission, {without:.0} without"
            ));
        }
    }
    Ok(())
}

/// All contenders under one load after the other. They take turns within a seed: what the machine
/// does besides changes slowly, and so it is the same for all of them.
fn compare(
    scenario: Scenario,
    capacity: &Capacity,
    options: &Options,
    cells: &mut Vec<Cell>,
) -> Result<(), String> {
    for load in &options.loads {
        let most = load.plan(options.measured).most() * capacity.rate;
        if most > client::MOST {
            let (under, most_of) = (load.name(), client::MOST);
            println!(
                "{under:8} not measured: one client thread makes {most_of:.0} calls in a second, not {most:.0}"
            );
            continue;
        }
        for seed in 1..=options.seeds(scenario, *load) {
            for contender in &options.contenders {
                let (on, under, of) = (scenario.name(), load.name(), contender.name());
                eprintln!("{on} {under}, seed {seed}: {of}");
                let this = (scenario, *load, *contender);
                cells.push(cell::measure(this, capacity, seed, options.measured)?);
            }
        }
        for contender in &options.contenders {
            let name = contender.name();
            table::print(&summary::cells(cells, scenario.name(), &load.name(), name));
        }
    }
    Ok(())
}

/// A runtime on the thread that blocks on it, and no other.
pub(crate) fn alone() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}
