use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::capacity::Capacity;
use crate::cell::Cell;
use crate::versions;

/// All that a run has measured, for those who want to look at it in another way.
#[derive(Serialize)]
struct Record<'a> {
    versions: BTreeMap<String, String>,
    processors: usize,
    capacities: &'a BTreeMap<&'static str, Capacity>,
    cells: &'a [Cell],
}

pub(crate) fn write(
    folder: &Path,
    capacities: &BTreeMap<&'static str, Capacity>,
    cells: &[Cell],
) -> Result<(), String> {
    let record = Record {
        versions: versions::all(),
        processors: versions::processors(),
        capacities,
        cells,
    };
    let text = serde_json::to_string_pretty(&record).map_err(|error| error.to_string())?;
    let file = folder.join("overload.json");
    std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}
