//! Figures, each beside what it is to be compared with.

pub(super) mod abuse;
pub(super) mod admission;
pub(super) mod build;
pub(super) mod new_service;
pub(super) mod overhead;
pub(super) mod overload;

use std::process::Command;

use super::kit;
use crate::error::{Error, Result};

/// Runs cargo in the kit, where the benches of its crates are, and says `failed` if it does.
fn run_cargo(cargo: &mut Command, failed: impl Into<String>) -> Result<()> {
    match cargo.current_dir(kit()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Error::failed(failed)),
        Err(error) => Err(Error::failed(format!("cannot run cargo: {error}"))),
    }
}

/// The middle of some figures, and the least and the greatest.
fn median(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let (below, above) = (figures[(figures.len() - 1) / 2], figures[figures.len() / 2]);
    let middle = (below + above) / 2.0;
    (middle, figures[0], figures[figures.len() - 1])
}
