//! The command line, one file a command.

mod check;
mod effects;
mod index;
mod load;
mod rank;
mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;

/// Looks at a monolith's modules before one is cut out, and keeps the boundaries that were agreed.
#[derive(Parser)]
#[command(name = "carveout-extract", version, max_term_width = 110)]
#[command(
    after_help = "Exit codes: 0 ok, 1 input or output failed, 2 wrong usage or name, 3 the boundary is not what was agreed, \
                  4 the index is not whole or not of this source, 130 interrupted."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// See a boundary before it is cut, and keep it from eroding
    #[command(subcommand)]
    Boundary(Boundary),
}

#[derive(Subcommand)]
enum Boundary {
    /// Index the workspace, or say where its index is
    Index(index::Args),
    /// What a module's boundary is, and what a cut there would cost
    Report(report::Args),
    /// What every function does to the world, and why it is not a read
    Effects(effects::Args),
    /// Every module, ordered by how well it would extract
    Rank(rank::Args),
    /// Hold the workspace against boundaries.toml
    Check(check::Args),
}

/// Runs what the command line says.
#[must_use]
pub fn main() -> ExitCode {
    let Command::Boundary(boundary) = Cli::parse().command;
    let done = match boundary {
        Boundary::Index(args) => index::run(&args),
        Boundary::Report(args) => report::run(&args),
        Boundary::Effects(args) => effects::run(&args),
        Boundary::Rank(args) => rank::run(&args),
        Boundary::Check(args) => check::run(&args),
    };
    match done {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

fn fail(error: &Error) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(error.kind as u8)
}

/// Prints to standard output. A reader that has gone away (`| head`) is no failure.
fn print(text: &str) -> crate::Result<ExitCode> {
    use std::io::Write;
    let written = writeln!(std::io::stdout(), "{}", text.trim_end());
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::new(
            crate::Kind::Io,
            format!("cannot write to standard output: {error}"),
        )),
        _ => Ok(ExitCode::SUCCESS),
    }
}
