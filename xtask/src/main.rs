//! The generator and governor of services: `cargo xtask --help`.
//!
//! A workspace of its own with few dependencies and none of the kit's crates, so that it works when
//! a service's manifest is broken.

mod answers;
mod apply;
mod cli;
mod commands;
mod error;
mod kit_source;
mod lockfile;
mod manifest;
mod names;
mod plan;
mod ports;
mod render;
mod stamped;
mod template;
mod workspace;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::{Cli, Format};
use crate::error::{Error, Kind};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            if !asked && wants_json() {
                let text = error.to_string();
                let text = text.trim().trim_start_matches("error: ");
                eprintln!("{}", Error::usage(text).to_json());
            } else {
                // Printing fails only for a reader that has gone away.
                let _ = error.print();
            }
            return if asked {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(Kind::Usage as u8)
            };
        }
    };
    let format = cli.command.format();
    match commands::run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match format {
                Format::Json => eprintln!("{}", error.to_json()),
                Format::Text => {
                    eprintln!("error: {}", error.message);
                    if let Some(help) = &error.help {
                        eprintln!(" help: {help}");
                    }
                }
            }
            ExitCode::from(error.kind as u8)
        }
    }
}

/// Asked of a command line that cannot be parsed.
fn wants_json() -> bool {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    args.iter().any(|arg| arg == "--format=json")
        || args
            .windows(2)
            .any(|pair| pair[0] == "--format" && pair[1] == "json")
}
