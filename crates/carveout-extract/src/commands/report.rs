use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::load::Source;
use crate::boundary;
use crate::error::{Error, Result};
use crate::model::{Model, ModuleId};
use crate::output::terminal::{self, Color};
use crate::output::{file, html, json, text};
use crate::report::Report;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The modules that would be cut out together: `mail`, `shop::orders`, a crate
    #[arg(required = true, value_name = "MODULE")]
    modules: Vec<String>,
    #[command(flatten)]
    source: Source,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write to FILE and not to the standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// List everything, and not the beginning of each list
    #[arg(long)]
    all: bool,
    /// When to colour the text
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Color,
    /// Make places of the page links: to URL, the file and `#L12`, or to URL with `{path}` and
    /// `{line}` replaced
    #[arg(long, value_name = "URL", value_parser = html::LinkPrefix::parse)]
    link_prefix: Option<html::LinkPrefix>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal
    #[default]
    Text,
    /// For programs, by docs/boundary/report.schema.json
    Json,
    /// One page for a browser, which needs nothing else
    Html,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    if args.link_prefix.is_some() && args.format != Format::Html {
        let error = Error::usage("--link-prefix is for links in a page");
        return Err(error.help("add --format html"));
    }
    let model = args.source.model()?;
    let modules = find(&model, &args.modules)?;
    let report = boundary::report(&model, &modules)?;
    let written = write(args, &report);
    match &args.output {
        Some(path) => {
            file::write(path, &written)?;
            eprintln!("written to {}", path.display());
        }
        None => print(&written)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The modules that were asked for.
pub(super) fn find(model: &Model, asked: &[String]) -> Result<Vec<ModuleId>> {
    let find = |asked: &String| {
        let found = model.find_module(asked);
        found.map_err(|error| {
            Error::usage(error.to_string()).help("`boundary rank` lists every module")
        })
    };
    asked.iter().map(find).collect()
}

fn write(args: &Args, report: &Report) -> String {
    match args.format {
        Format::Json => json::report(report),
        Format::Html => html::report(report, args.link_prefix.as_ref()),
        Format::Text => {
            let style = terminal::style(args.color, args.output.is_some());
            let all = args.all;
            text::report(report, text::Style { all, ..style })
        }
    }
}

/// To the standard output; who stops reading, as `head` does, has had enough, which is no failure.
fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("write", Path::new("the standard output"), error))
        }
        _ => Ok(()),
    }
}
