//! From a model to a [`Report`]: everything that is known of one boundary.

mod background;
mod bounds;
mod calls;
mod cost;
mod crossings;
mod cut;
mod disposition;
mod effects;
mod examine;
mod foreign;
mod functions;
mod handlers;
mod mapper;
mod observed;
mod projection;
mod queries;
mod scope;
mod sql;
mod tables;
mod transactions;
mod types;
mod wire;

pub use cut::{Cut, World};
pub use examine::{Examined, examine};

use crate::error::Result;
use crate::model::{ItemId, Model, ModuleId};
use serde::Serialize;

use crate::report::{
    Cost, Disposition, Dispositions, Effect, Evidence, Function, Place, Report, SCHEMA,
};

/// What the boundary of `modules` is, and what a cut there would cost.
///
/// Fails if the modules are all there is, since nothing would be left to cut them from.
pub fn report(model: &Model, modules: &[ModuleId]) -> Result<Report> {
    let world = World::new(model);
    let cut = Cut::new(&world, modules)?;
    let crossings = crossings::find(&cut);
    let functions = functions::find(&cut);
    let mut summary = crossings.summary;
    summary.dispositions = dispositions(&functions.functions);
    let tables = tables::find(&cut);
    let mut gaps = model.gaps.clone();
    gaps.extend(tables.gaps);
    gaps.extend(
        world
            .sources
            .unparsed()
            .into_iter()
            .map(|path| format!("{path} does not parse as Rust")),
    );
    // `.` has no name of its own.
    let root = std::path::absolute(&model.root).unwrap_or_else(|_| model.root.clone());
    let workspace = root
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    Ok(Report {
        schema: SCHEMA,
        workspace: workspace.unwrap_or_default(),
        modules: modules
            .iter()
            .map(|id| model.module(*id).path.clone())
            .collect(),
        origin: model.origin.clone(),
        gaps,
        summary,
        inbound: crossings.inbound,
        outbound: crossings.outbound,
        functions: functions.functions,
        types: functions.types,
        projections: functions.projections,
        statics: crossings.statics,
        tables: tables.tables,
        transactions: transactions::find(&cut),
        cost: Cost {
            payload: functions.payload,
            ..cost::find(&cut)
        },
        graph: crossings.graph,
    })
}

/// A function of the workspace, and what it does to the world.
#[derive(Clone, Debug, Serialize)]
pub struct FunctionEffect {
    /// The package that it is in.
    pub package: String,
    /// Its path: `shop::orders::find`.
    pub path: String,
    /// Where its name stands.
    pub place: Place,
    /// What it does at the worst.
    pub effect: Effect,
    /// The nearest call that makes it more than a read; `None` for a read.
    pub reason: Option<Evidence>,
}

/// What every function of `modules` does, of all modules if there are none; tests aside, by place.
pub fn function_effects(model: &Model, modules: &[ModuleId]) -> Result<Vec<FunctionEffect>> {
    let world = World::new(model);
    let cut = Cut::new(&world, &[])?;
    let wanted = |module: ModuleId| {
        modules.is_empty() || modules.iter().any(|one| model.is_within(module, *one))
    };
    Ok(effects::all(&cut, wanted))
}

/// Whether a function does nothing that anybody but its caller could notice.
#[must_use]
pub fn is_pure(cut: &Cut<'_>, item: ItemId) -> bool {
    effects::Effects::new(cut).is_pure(item)
}

fn dispositions(functions: &[Function]) -> Dispositions {
    let mut counts = Dispositions::default();
    for function in functions {
        match function.disposition {
            Disposition::Rpc { .. } => counts.rpc += 1,
            Disposition::Shared { .. } => counts.shared += 1,
            Disposition::Background { .. } => counts.background += 1,
            Disposition::Stay { .. } => counts.stay += 1,
            Disposition::Blocked { .. } => counts.blocked += 1,
        }
    }
    counts
}
