use std::collections::BTreeMap;

use super::{Cut, cost, functions, tables as touched, transactions};
use crate::model::ModuleId;
use crate::report::{Disposition, Dispositions};

/// What decides how well a cut would work, without the places that a report has.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// The functions that are used from outside.
    pub dispositions: Dispositions,
    /// Why functions are blocked, the most frequent first.
    pub blocked_by: Vec<String>,
    /// Tables that are touched, with how many modules outside touch each too.
    pub tables: BTreeMap<String, usize>,
    /// Transactions that the cut would split.
    pub transactions: usize,
    /// Places that would call once a turn of a loop.
    pub looped: usize,
}

/// Examines a cut.
#[must_use]
pub fn examine(cut: &Cut<'_>) -> Examined {
    let functions = functions::find(cut).functions;
    let mut blocked: BTreeMap<String, usize> = BTreeMap::new();
    for function in &functions {
        if let Disposition::Blocked { reason, .. } = &function.disposition {
            // `conn: why` is about one function, and why is about many.
            let why = reason
                .split_once(": ")
                .map_or(reason.as_str(), |(_, why)| why);
            *blocked.entry(why.to_owned()).or_default() += 1;
        }
    }
    let looped = cost::looped(cut);
    let mut blocked: Vec<_> = blocked.into_iter().collect();
    blocked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Examined {
        dispositions: super::dispositions(&functions),
        blocked_by: blocked.into_iter().map(|(why, _)| why).collect(),
        tables: tables(cut),
        transactions: transactions::find(cut).len(),
        looped: looped.len(),
    }
}

/// The tables that are touched inside, tests aside, with how many modules outside touch each too.
fn tables(cut: &Cut<'_>) -> BTreeMap<String, usize> {
    let everywhere = cut.world.tables.get_or_init(|| touched::everywhere(cut));
    let counted = |id: &&ModuleId| !cut.model.module(**id).test;
    let mut tables = BTreeMap::new();
    for (table, modules) in everywhere {
        let counted = modules.iter().filter(counted);
        let (inside, outside): (Vec<&ModuleId>, Vec<&ModuleId>) =
            counted.partition(|id| cut.is_inside(**id));
        if !inside.is_empty() {
            tables.insert(table.clone(), outside.len());
        }
    }
    tables
}
