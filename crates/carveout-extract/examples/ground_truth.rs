//! Holds the analysis against counts that were made by hand on real repositories.
//!
//! It fetches nothing: check the repository out at the commit below, index it, and say where both are.
//!
//! ```text
//! git checkout COMMIT && rust-analyzer scip . --output index.scip
//! cargo run --release -p carveout-extract --example ground_truth -- vaultwarden --workspace PATH --index FILE
//! ```
//!
//! It ends with 1 if a count is another one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use carveout_extract::boundary;
use carveout_extract::model::{ItemKind, Model, ModuleId};
use carveout_extract::reader::read_scip;
use carveout_extract::report::{Report, Table};
use clap::{Parser, ValueEnum};

#[derive(Parser)]
struct Args {
    /// Which repository it is
    repository: Repository,
    /// Its checkout
    #[arg(long, value_name = "PATH")]
    workspace: PathBuf,
    /// Its index
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Repository {
    /// dani-garcia/vaultwarden at 46d71107, the module `mail`
    Vaultwarden,
    /// rust-lang's registry at 57fa0006, the module `rate_limiter`
    CratesIo,
    /// lldap/lldap at 9cc54ab without its member `app`, the crates domain-handlers and
    /// sql-backend-handler
    Lldap,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let counts = read_scip(&args.index, &args.workspace).and_then(|model| {
        let mut counts = Counts::default();
        match args.repository {
            Repository::Vaultwarden => vaultwarden(&model, &mut counts)?,
            Repository::CratesIo => crates_io(&model, &mut counts)?,
            Repository::Lldap => lldap(&model, &mut counts)?,
        }
        Ok(counts)
    });
    match counts {
        Ok(counts) if counts.wrong == 0 => ExitCode::SUCCESS,
        Ok(counts) => {
            eprintln!(
                "error: {} counts are not what they were by hand",
                counts.wrong
            );
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Default)]
struct Counts {
    wrong: usize,
}

impl Counts {
    /// Prints what was found, and whether it is what a person counted.
    fn hold(&mut self, what: &str, found: usize, by_hand: usize) {
        let verdict = if found == by_hand { "ok" } else { "WRONG" };
        self.wrong += usize::from(found != by_hand);
        println!("{verdict:5} {what}: {found}, by hand {by_hand}");
    }

    fn hold_that(&mut self, what: &str, is_so: bool) {
        let verdict = if is_so { "ok" } else { "WRONG" };
        self.wrong += usize::from(!is_so);
        println!("{verdict:5} {what}");
    }
}

fn reported(model: &Model, module: &str) -> carveout_extract::Result<Report> {
    let found = model
        .find_module(module)
        .map_err(|error| carveout_extract::Error::usage(error.to_string()))?;
    boundary::report(model, &[found])
}

fn vaultwarden(model: &Model, counts: &mut Counts) -> carveout_extract::Result<()> {
    let report = reported(model, "mail")?;
    counts.hold("inbound references", report.summary.inbound, 93);
    counts.hold(
        "of them to `mail` itself",
        report.summary.inbound_to_module,
        52,
    );
    counts.hold("of them to its items", report.summary.inbound_to_items, 41);
    counts.hold("functions used from outside", report.summary.functions, 29);
    counts.hold("outbound references", report.summary.outbound, 276);
    counts.hold(
        "symbols that they are to",
        report.summary.outbound_symbols,
        58,
    );
    let config = report
        .outbound
        .iter()
        .find(|one| one.item.ends_with("::CONFIG"));
    counts.hold(
        "of them to the static CONFIG",
        config.map_or(0, |one| one.count),
        79,
    );
    Ok(())
}

fn crates_io(model: &Model, counts: &mut Counts) -> carveout_extract::Result<()> {
    let report = reported(model, "rate_limiter")?;
    counts.hold("inbound references", report.summary.inbound, 101);
    counts.hold("outbound references", report.summary.outbound, 157);
    for (table, files) in [("publish_limit_buckets", 3), ("publish_rate_overrides", 2)] {
        let found = report.tables.iter().find(|one| one.name == table);
        let what = format!("other files that touch {table}");
        counts.hold(&what, found.map_or(0, other_files), files);
    }
    Ok(())
}

fn other_files(table: &Table) -> usize {
    let files: BTreeMap<&str, ()> = table
        .others
        .iter()
        .map(|touch| (touch.place.file.as_str(), ()))
        .collect();
    files.len()
}

fn lldap(model: &Model, counts: &mut Counts) -> carveout_extract::Result<()> {
    for name in ["domain-handlers", "sql-backend-handler"] {
        let found = model
            .find_module(&format!("lldap-{name}"))
            .or_else(|_| model.find_module(&format!("lldap_{name}")));
        let Ok(module) = found else {
            counts.hold_that(&format!("the crate {name} is there"), false);
            continue;
        };
        counts.hold_that(&format!("the crate {name} is there"), true);
        let report = boundary::report(model, &[module])?;
        println!(
            "      {} inbound, {} outbound to {} symbols, {} functions",
            report.summary.inbound,
            report.summary.outbound,
            report.summary.outbound_symbols,
            report.summary.functions
        );
    }
    // The seam that its authors drew: traits in one crate, what implements them in the other.
    for name in ["LoginHandler", "UserBackendHandler"] {
        let in_handlers = traits(model, name)
            .any(|module| model.module(module).package.ends_with("domain_handlers"));
        counts.hold_that(
            &format!("the trait {name} is in domain-handlers"),
            in_handlers,
        );
        let implemented = model.items.iter().any(|item| {
            item.package.ends_with("sql_backend_handler")
                && item
                    .implements
                    .as_deref()
                    .is_some_and(|of| of.starts_with(name))
        });
        counts.hold_that(
            &format!("sql-backend-handler implements {name}"),
            implemented,
        );
    }
    Ok(())
}

fn traits<'m>(model: &'m Model, name: &'m str) -> impl Iterator<Item = ModuleId> + 'm {
    let named = move |kind: ItemKind, of: &str| kind == ItemKind::Trait && of == name;
    model
        .items
        .iter()
        .filter(move |item| named(item.kind, &item.name))
        .filter_map(|item| item.module)
}
