use std::path::Path;

use super::build::build;
use super::decode::decode;
use super::fresh::{load, resolved, some_of};
use super::gaps::undocumented;
use super::symbol::Parsed;
use crate::error::{Error, Result};
use crate::model::{Model, Origin};

/// Below this an index has lost something: a dependency that could not be fetched costs it half of
/// all names, and rust-analyzer calls that a success. Whole ones have 91 to 98 (`docs/boundary.md`).
const LEAST_RESOLVED: f64 = 90.0;

/// Reads the SCIP index at `index` of the workspace at `root`.
///
/// Fails if the index is cut short, is of another state of the source, or knows fewer than 90 of a
/// hundred identifiers: a number from it would be wrong.
pub fn read_scip(index: &Path, root: &Path) -> Result<Model> {
    let raw = decode(index)?;
    if raw.documents.is_empty() {
        let message = format!(
            "{} has no documents: there was nothing to index",
            index.display()
        );
        return Err(
            Error::index(message).help("is the workspace the right one, and does it compile?")
        );
    }
    let parsed: Vec<_> = raw
        .symbols
        .names
        .iter()
        .map(|name| Parsed::new(name))
        .collect();
    let texts = load(&raw, &parsed, root)?;
    let (known, all, worst) = resolved(&raw, &texts);
    #[expect(clippy::cast_precision_loss, reason = "a percentage of some million")]
    let percent = if all == 0 {
        100.0
    } else {
        known as f64 * 100.0 / all as f64
    };
    if percent < LEAST_RESOLVED {
        let message = format!(
            "the index is partial: it knows {percent:.0} of 100 identifiers; those it misses most are in {}",
            worst.join(", ")
        );
        let help = "a dependency that cannot be fetched, a build script or a proc macro that fails does this: \
                    make `cargo check` pass, then index again";
        return Err(Error::index(message).help(help));
    }
    let origin = Origin {
        tool: raw.metadata.tool_info.name.clone(),
        version: raw.metadata.tool_info.version.clone(),
        approximate: false,
        resolved_percent: percent,
    };
    let model = build(&raw, parsed, &texts, root, origin);
    let missing = undocumented(&model, &texts);
    if !missing.is_empty() {
        let message = format!(
            "{} is no whole index: it has no document of {}",
            index.display(),
            some_of(&missing.iter().map(String::as_str).collect::<Vec<_>>())
        );
        let help = "it was cut short, or made in another checkout: `carveout-extract boundary index` makes it again";
        return Err(Error::index(message).help(help));
    }
    Ok(model)
}
