//! One file a command.

mod bench;
mod boundary;
mod cargo;
mod golden;
mod list_templates;
mod new_service;
mod remove_service;
mod start;
mod test;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use crate::cli::{Bench, Cli, Command, Format};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

pub(crate) fn run(command: Command) -> Result<()> {
    match command {
        Command::NewService(args) => new_service::run(&args),
        Command::RemoveService(args) => remove_service::run(&args),
        Command::ListTemplates { format } => list_templates::run(format),
        Command::Golden { check } => golden::run(check),
        Command::Test => test::run(),
        Command::Bench {
            bench: Bench::NewService { services, runs },
        } => bench::new_service::run(services, runs),
        Command::Bench {
            bench: Bench::Build { runs },
        } => bench::build::run(runs),
        Command::Bench {
            bench: Bench::Abuse { scenarios },
        } => bench::abuse::run(&scenarios),
        Command::Bench {
            bench: Bench::Overhead,
        } => bench::overhead::run(),
        Command::Bench {
            bench: Bench::Admission { filter },
        } => bench::admission::run(filter.as_deref()),
        Command::Bench {
            bench: Bench::Overload(args),
        } => bench::overload::run(&args),
        Command::Boundary { args } => boundary::run(&args),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            // Completions are for the command as it is typed to the shell, and that begins with
            // cargo.
            clap_complete::generate(shell, &mut Cli::command(), "cargo-xtask", &mut text);
            say(&String::from_utf8_lossy(&text));
            Ok(())
        }
    }
}

impl Command {
    pub(crate) fn format(&self) -> Format {
        match self {
            Command::NewService(args) => args.format,
            Command::RemoveService(args) => args.format,
            Command::ListTemplates { format } => *format,
            _ => Format::Text,
        }
    }
}

/// The checkout that this program was built from: the kit, with its templates.
fn kit() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where templates lie: the workspace's own first, then the kit's.
fn shelves(workspace: Option<&Workspace>) -> Vec<PathBuf> {
    let mut shelves: Vec<PathBuf> = workspace
        .map(|workspace| workspace.root.join("templates"))
        .into_iter()
        .collect();
    let kit = kit().join("templates");
    if !shelves.contains(&kit) {
        shelves.push(kit);
    }
    shelves
}

/// The workspace around the current folder.
fn workspace() -> Result<Workspace> {
    let here = std::env::current_dir()
        .map_err(|error| Error::failed(format!("cannot tell the current folder: {error}")))?;
    let workspace = Workspace::find(&here)?;
    // This program's own folder is a workspace too, and no place for services.
    match workspace.root.starts_with(kit().join("xtask")) {
        true => Workspace::find(&kit()),
        false => Ok(workspace),
    }
}

/// Prints to standard output. A reader that has gone away (`| head`) has what it wanted.
fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}
