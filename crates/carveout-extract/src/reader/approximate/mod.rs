//! A reader that needs no index: it guesses from the syntax what every name means.
//!
//! It follows modules, imports and paths by Rust's rules, and types no further than signatures say
//! them, so it misses calls and fields of what is inferred, and everything that macros make. What it
//! finds has the symbols that rust-analyzer gives, so that a baseline of the one can be held against
//! the other; `docs/boundary/approximate.md` has how often it is wrong.

mod body;
mod declare;
mod emit;
mod facts;
mod names;
mod parse;
mod resolve;
mod tokens;
mod tree;
mod types;

use super::build::build;
use super::fresh::{Text, resolved};
use super::symbol::Parsed;
use crate::error::{Error, Result};
use crate::indexer::Workspace;
use crate::model::{Model, Origin};
use names::Names;
use resolve::Resolver;
use tree::Tree;

/// Reads the source of `workspace`, and nothing else. Its numbers are approximate.
pub fn read_approximate(workspace: &Workspace) -> Result<Model> {
    let mut tree = Tree::load(workspace)?;
    if tree.files.is_empty() {
        let message = format!("{} has no Rust source", workspace.root.display());
        return Err(Error::usage(message));
    }
    let raw = emit::emit(&Resolver::new(Names::new(&tree, workspace)));
    let texts: Vec<Text> = tree
        .files
        .iter_mut()
        .map(|file| file.facts.take_text())
        .collect();
    let (known, all, _) = resolved(&raw, &texts);
    #[expect(clippy::cast_precision_loss, reason = "a percentage of some million")]
    let percent = known as f64 * 100.0 / all.max(1) as f64;
    let origin = Origin {
        tool: raw.metadata.tool_info.name.clone(),
        version: raw.metadata.tool_info.version.clone(),
        approximate: true,
        resolved_percent: percent,
    };
    let parsed = raw
        .symbols
        .names
        .iter()
        .map(|name| Parsed::new(name))
        .collect();
    let mut model = build(&raw, parsed, &texts, &workspace.root, origin);
    model.gaps.push(
        "the numbers are approximate: names are guessed from the syntax, without most methods and fields of \
         inferred types and without what macros make; code behind every cfg is read"
            .to_owned(),
    );
    model.gaps.append(&mut tree.gaps);
    Ok(model)
}
