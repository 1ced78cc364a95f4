use std::path::PathBuf;
use std::process::ExitCode;

use super::load::Source;
use crate::boundary::{self, FunctionEffect};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::output::file;
use crate::report::Effect;

/// A read is proved: whatever does not resolve, is not known, or may be a write, is a write. The reason
/// is the nearest call that makes a function more than a read.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Only the functions of these modules or crates; without any, of the whole workspace
    #[arg(value_name = "MODULE")]
    modules: Vec<String>,
    #[command(flatten)]
    source: Source,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write to FILE and not to the standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal: a line for each function, the reason below it
    #[default]
    Text,
    /// For programs, by docs/boundary/effects.md
    Json,
    /// Columns with tabs between them: package, path, file, line, effect, reason, its place
    Tsv,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let model = args.source.model()?;
    let modules = super::report::find(&model, &args.modules)?;
    let functions = boundary::function_effects(&model, &modules)?;
    let written = match args.format {
        Format::Text => text(&model, &functions),
        Format::Json => json(&model, &functions)?,
        Format::Tsv => tsv(&functions),
    };
    match &args.output {
        Some(path) => {
            file::write(path, &written)?;
            eprintln!("written to {}", path.display());
            Ok(ExitCode::SUCCESS)
        }
        None => super::print(&written),
    }
}

fn name(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::IdempotentWrite => "idempotent_write",
        Effect::Write => "write",
    }
}

fn text(model: &Model, functions: &[FunctionEffect]) -> String {
    let mut text = String::new();
    if model.origin.approximate {
        text += "Approximate: from syntax alone, so that hardly a read can be proved.\n\n";
    }
    for one in functions {
        let place = format!("{}:{}", one.place.file, one.place.line);
        text += &format!("{:<16} {}  {place}\n", name(one.effect), one.path);
        if let Some(reason) = &one.reason {
            text += &format!(
                "{:<16}   {} ({}:{})\n",
                "", reason.what, reason.place.file, reason.place.line
            );
        }
    }
    for gap in &model.gaps {
        text += &format!("not seen: {gap}\n");
    }
    text
}

fn tsv(functions: &[FunctionEffect]) -> String {
    let mut text = String::from("package\tpath\tfile\tline\teffect\treason\treason_place\n");
    for one in functions {
        let (why, place) = match &one.reason {
            Some(reason) => (
                reason.what.replace(['\t', '\n'], " "),
                format!("{}:{}", reason.place.file, reason.place.line),
            ),
            None => (String::new(), String::new()),
        };
        let (file, line) = (&one.place.file, one.place.line);
        text += &format!(
            "{}\t{}\t{file}\t{line}\t{}\t{why}\t{place}\n",
            one.package,
            one.path,
            name(one.effect)
        );
    }
    text
}

fn json(model: &Model, functions: &[FunctionEffect]) -> Result<String> {
    #[derive(serde::Serialize)]
    struct Written<'a> {
        schema: &'static str,
        origin: &'a crate::model::Origin,
        gaps: &'a [String],
        functions: &'a [FunctionEffect],
    }
    let written = Written {
        schema: "carveout.boundary.effects/1",
        origin: &model.origin,
        gaps: &model.gaps,
        functions,
    };
    serde_json::to_string_pretty(&written).map_err(|error| Error::usage(error.to_string()))
}
