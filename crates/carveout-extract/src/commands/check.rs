use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;

use super::load::Source;
use crate::error::{Error, Kind, Result};
use crate::model::Model;
use crate::ratchet::output::{self, Outcome};
use crate::ratchet::{
    BASELINE, BOUNDARIES, Baseline, Crossings, Declared, Rules, TextFile, Verdict, declare,
    declared, render, shown, update, write,
};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    source: Source,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write it to a file and not to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Take what is gone out of the baseline. Refused in CI, and if anything is new
    #[arg(long, conflicts_with_all = ["format", "output"])]
    update: bool,
    /// With --update: let what is new into the baseline, with the reason why it has to be
    #[arg(long, value_name = "REASON", requires = "update")]
    allow_growth: Option<String>,
    /// Declare modules, with a baseline of what uses them today. Refused in CI
    #[arg(long, value_name = "MODULE", num_args = 1.., conflicts_with_all = ["update", "format", "output"])]
    init: Vec<String>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people; with colour on a terminal, unless NO_COLOR is set
    #[default]
    Text,
    /// For programs; docs/boundary/check.md has the schema
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands, for annotations in a pull request
    Github,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    may_write(args)?;
    let root = args.source.root();
    let files = Files {
        boundaries: root.join(BOUNDARIES),
        baseline: root.join(BASELINE),
        root,
    };
    if !args.init.is_empty() {
        return init(args, &files);
    }
    // Before the index, which can take minutes.
    let declared = Declared::read(&files.boundaries)?;
    let baseline = Baseline::read(&files.baseline)?;
    let model = args.source.model()?;
    exact_to_write(args, &model)?;
    let rules = Rules::new(&declared, &model)?;
    let crossings = Crossings::new(&model, &rules);
    let verdict = Verdict::new(&crossings, &baseline, model.origin.approximate);
    let outcome = Outcome {
        model: &model,
        rules: &rules,
        crossings: &crossings,
        baseline: &baseline,
        verdict: &verdict,
    };
    if args.update {
        return shrink(args, &files, &outcome);
    }
    print(args, &files, &outcome)?;
    Ok(match verdict.is_clean() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(Kind::Drift as u8),
    })
}

struct Files {
    root: PathBuf,
    boundaries: PathBuf,
    baseline: PathBuf,
}

/// CI checks and never writes: a baseline that it makes itself is one that nobody has looked at.
fn may_write(args: &Args) -> Result<()> {
    let asked = match (args.update, args.init.is_empty()) {
        (true, _) => "--update",
        (_, false) => "--init",
        _ => return Ok(()),
    };
    let ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false" && ci != "0");
    if ci {
        let message =
            format!("{asked} is refused where CI is set: a baseline is changed by people");
        let help =
            "run it in a checkout and commit what it writes; CI runs `boundary check` without it";
        return Err(Error::usage(message).help(help));
    }
    if let Some(reason) = &args.allow_growth {
        if reason.trim().is_empty() {
            let help = "whoever reviews the baseline reads it: say what has to happen before the entry can go";
            return Err(Error::usage("--allow-growth needs a reason").help(help));
        }
        if reason.chars().any(char::is_control) {
            return Err(Error::usage(
                "the reason of --allow-growth is one line of text",
            ));
        }
    }
    Ok(())
}

/// A baseline made from part of the uses would call the rest new.
fn exact_to_write(args: &Args, model: &Model) -> Result<()> {
    let writes = args.update || !args.init.is_empty();
    if writes && model.origin.approximate {
        let message = "a baseline is not made from an approximate reading: it misses uses";
        return Err(Error::usage(message).help("leave --approximate out"));
    }
    Ok(())
}

fn shrink(args: &Args, files: &Files, outcome: &Outcome<'_>) -> Result<ExitCode> {
    let reason = args.allow_growth.as_deref().map(str::trim);
    let verdict = outcome.verdict;
    if reason.is_none() && !verdict.new.is_empty() {
        print(args, files, outcome)?;
        let message = format!(
            "--update takes entries out and lets none in: {} new, and nothing was written",
            verdict.new.len()
        );
        let help =
            "remove the new uses first, or say why they have to be: --update --allow-growth REASON";
        return Err(Error::new(Kind::Drift, message).help(help));
    }
    if verdict.is_clean() {
        say(&format!("{BASELINE} is as it should be\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let (after, updated) = update(outcome.baseline, verdict, reason);
    write(&files.baseline, &render(&after))?;
    let (removed, lowered, grown) = (updated.removed, updated.lowered, updated.grown);
    say(&format!(
        "{}: {removed} entries removed, {lowered} lowered, {grown} new or higher; {} are left\n",
        shown(&files.baseline),
        after.entries.len()
    ));
    Ok(ExitCode::SUCCESS)
}

fn init(args: &Args, files: &Files) -> Result<ExitCode> {
    let before = match TextFile::read(&files.boundaries)? {
        Some(file) => Some(Declared::parse(file)?),
        None => None,
    };
    let baseline = Baseline::read(&files.baseline)?;
    if before.is_none() && !baseline.entries.is_empty() {
        let message = format!(
            "there is a {} and no {}",
            shown(&files.baseline),
            shown(&files.boundaries)
        );
        let help = "get the declaration back, or remove the baseline and begin anew";
        return Err(Error::usage(message).help(help));
    }
    let model = args.source.model()?;
    exact_to_write(args, &model)?;
    let mut paths = Vec::new();
    for asked in &args.init {
        if asked.contains(['*', '?']) {
            let help = "each module is declared by its name, so that somebody has looked at it";
            return Err(Error::usage(format!("{asked:?} has a wildcard")).help(help));
        }
        let found = model
            .find_module(asked)
            .map_err(|none| Error::usage(none.to_string()))?;
        paths.push(model.module(found).path.clone());
    }
    let text = declared(before.as_ref(), &paths);
    let after = Declared::parse(TextFile {
        path: files.boundaries.clone(),
        text,
    })?;
    let rules = Rules::new(&after, &model)?;
    let crossings = Crossings::new(&model, &rules);
    let known = before.as_ref().map_or(0, |before| before.modules.len());
    let fresh: Vec<usize> = (known..after.modules.len()).collect();
    let entries = declare(&baseline, &crossings, &fresh);
    // The baseline first: without its declaration it does nothing, while a declaration without its
    // baseline fails.
    write(&files.baseline, &render(&entries))?;
    write(&files.boundaries, &after.file.text)?;
    say(&format!(
        "{}: {} declared, with no public item yet\n{}: {} entries, {} uses, as they are today\n\
         Commit both. What others are meant to use goes to `public`; `boundary check --update` then takes it out of the baseline.\n",
        shown(&files.boundaries),
        paths.join(", "),
        shown(&files.baseline),
        entries.entries.len(),
        entries.uses()
    ));
    Ok(ExitCode::SUCCESS)
}

fn print(args: &Args, files: &Files, outcome: &Outcome<'_>) -> Result<()> {
    let text = match args.format {
        Format::Text => output::text(outcome, args.output.is_none() && colour()),
        Format::Json => output::json(outcome),
        Format::Sarif => output::sarif(outcome),
        Format::Github => output::github(outcome, &prefix(&files.root)),
    };
    match &args.output {
        Some(file) => write(file, &text),
        None => {
            say(&text);
            Ok(())
        }
    }
}

/// <https://no-color.org>: set to anything but nothing.
fn colour() -> bool {
    let no = std::env::var_os("NO_COLOR").is_some_and(|no| !no.is_empty());
    !no && std::io::stdout().is_terminal()
}

/// Where the workspace is in the checkout, which annotations count paths from.
fn prefix(workspace: &Path) -> String {
    let inside = || {
        let checkout = std::env::var_os("GITHUB_WORKSPACE")?;
        let checkout = Path::new(&checkout).canonicalize().ok()?;
        let workspace = workspace.canonicalize().ok()?;
        let inside = workspace.strip_prefix(checkout).ok()?.to_str()?.to_owned();
        (!inside.is_empty()).then(|| format!("{inside}/"))
    };
    inside().unwrap_or_default()
}

/// Prints to standard output. A reader that has gone away (`| head`) has what it wanted.
fn say(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
