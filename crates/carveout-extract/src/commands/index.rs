use std::path::PathBuf;
use std::process::ExitCode;

use super::load::Indexing;
use crate::error::Result;
use crate::indexer::Workspace;

/// Prints the path of the index, which `--index` takes elsewhere, and what is in it.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The workspace to index, or any folder in it
    #[arg(long, value_name = "PATH", default_value = ".")]
    workspace: PathBuf,
    /// Index again although there is an index of this state of the source
    #[arg(long)]
    refresh: bool,
    #[command(flatten)]
    indexing: Indexing,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find(&args.workspace)?;
    let indexed = args.indexing.index(&workspace, args.refresh)?;
    let model = &indexed.model;
    // The path alone goes to standard output, so that it can stand in a command.
    println!("{}", indexed.path.display());
    eprintln!(
        "{}: {} files, {} modules, {} items, {} references; {:.1} of 100 identifiers resolved by {} {}",
        if indexed.cached { "cached" } else { "new" },
        model.files.len(),
        model.modules.len(),
        model.items.len(),
        model.references.len(),
        model.origin.resolved_percent,
        model.origin.tool,
        model.origin.version,
    );
    for gap in &model.gaps {
        eprintln!("not seen: {gap}");
    }
    Ok(ExitCode::SUCCESS)
}
