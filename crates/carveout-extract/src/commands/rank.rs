use std::process::ExitCode;

use super::load::Source;
use crate::error::{Error, Result};
use crate::rank::{self, Move, Ranked, Ranking, WhatIf};

#[derive(clap::Args)]
pub(super) struct Args {
    /// How many modules to show; 0 shows all
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// How scores would change: `--what-if move ITEM`, `--what-if move ITEM to MODULE`
    #[arg(long, value_name = "MOVE", num_args = 2..=4)]
    what_if: Vec<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    source: Source,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let model = args.source.model()?;
    let text = if args.what_if.is_empty() {
        let ranking = rank::rank(&model);
        match args.format {
            Format::Text => ranked(&ranking, args.top),
            Format::Json => json(&ranking)?,
        }
    } else {
        let parts: Vec<_> = args.what_if.iter().map(String::as_str).collect();
        let moved = match parts.as_slice() {
            ["move", item] => Move::find(&model, item, None)?,
            ["move", item, "to", module] => Move::find(&model, item, Some(module))?,
            _ => {
                let message = format!("--what-if {} is no move", args.what_if.join(" "));
                return Err(
                    Error::usage(message).help("write `move ITEM` or `move ITEM to MODULE`")
                );
            }
        };
        let what_if = rank::what_if(&model, moved);
        match args.format {
            Format::Text => changed(&what_if),
            Format::Json => json(&what_if)?,
        }
    };
    super::print(&text)
}

fn json(of: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string_pretty(of).map_err(|error| Error::usage(error.to_string()))
}

fn ranked(ranking: &Ranking, top: usize) -> String {
    let mut text = String::new();
    if ranking.origin.approximate {
        text += "Approximate: from syntax alone, without an index.\n\n";
    }
    let shown = if top == 0 {
        ranking.modules.len()
    } else {
        top.min(ranking.modules.len())
    };
    for (place, module) in ranking.modules.iter().take(shown).enumerate() {
        text += &one(place + 1, module);
    }
    let more = ranking.modules.len() - shown;
    if more > 0 {
        text += &format!("and {more} more: --top 0 shows all\n");
    }
    if !ranking.entries.is_empty() {
        text += &format!(
            "{} modules that nobody calls (handlers, jobs, data) are not ranked\n",
            ranking.entries.len()
        );
    }
    for gap in &ranking.gaps {
        text += &format!("not seen: {gap}\n");
    }
    text
}

fn one(place: usize, module: &Ranked) -> String {
    let mut text = format!("{place:>3}. {:<48} {:>5.1}\n", module.module, module.score);
    // What costs most, and what there is to call.
    let calls = module.parts.iter().filter(|part| part.about == "calls");
    let worst = module
        .parts
        .iter()
        .filter(|part| part.about != "calls" && part.factor < 1.0)
        .take(3);
    let reasons: Vec<_> = worst
        .chain(calls)
        .map(|part| part.reason.as_str())
        .collect();
    text += &format!("     {}\n", reasons.join("; "));
    if let Some(first) = &module.first {
        text += &format!("     first: {first}\n");
    }
    text
}

fn changed(what_if: &WhatIf) -> String {
    let WhatIf {
        item,
        from,
        to,
        changes,
    } = what_if;
    let mut text = format!("{item}, moved from {from} to {to}:\n");
    for (was, is) in changes {
        text += &format!(
            "  {:<48} {:>5.1} -> {:>5.1}\n",
            was.module, was.score, is.score
        );
        for after in &is.parts {
            let before = was.parts.iter().find(|part| part.about == after.about);
            if let Some(before) = before.filter(|before| before.reason != after.reason) {
                text += &format!("     {}\n       now: {}\n", before.reason, after.reason);
            }
        }
    }
    text
}
