use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::boundary::{Cut, examine, is_pure};
use crate::model::{ItemId, ItemKind, ModuleId};
use crate::report::Dispositions;

/// What is counted of a module.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measures {
    /// Lines of source in it.
    pub lines: usize,
    /// Places outside that name it or something in it, tests aside.
    pub inbound: usize,
    /// Modules that use it, tests aside.
    pub users: usize,
    /// Functions that are used from outside, by what would become of them.
    pub dispositions: Dispositions,
    /// Why functions are blocked, the most frequent first.
    pub blocked_by: Vec<String>,
    /// Functions of the workspace outside that it calls: each would be a call back.
    pub calls_back: usize,
    /// The modules that those are in, the most called first.
    pub calls_back_to: Vec<String>,
    /// Modules that use it and that it uses.
    pub mutual: Vec<String>,
    /// Statics on the other side that one side uses.
    pub statics: Vec<String>,
    /// Tables that it touches, with how many modules outside touch each too.
    pub tables: BTreeMap<String, usize>,
    /// Transactions that the cut would split.
    pub transactions: usize,
    /// Calls that would be made once a turn of a loop.
    pub looped: usize,
}

impl Measures {
    /// Functions that are used from outside and do not stay there.
    #[must_use]
    pub fn functions(&self) -> usize {
        let Dispositions {
            rpc,
            shared,
            blocked,
            ..
        } = self.dispositions;
        rpc + shared + blocked
    }

    /// Tables that others touch too.
    pub fn shared_tables(&self) -> impl Iterator<Item = (&str, usize)> {
        let tables = self
            .tables
            .iter()
            .map(|(name, others)| (name.as_str(), *others));
        tables.filter(|(_, others)| *others > 0)
    }
}

/// Counts what decides how well the modules of `cut` would extract.
#[must_use]
pub fn measure(cut: &Cut<'_>) -> Measures {
    let model = cut.model;
    let mut measures = Measures {
        lines: lines(cut),
        ..Measures::default()
    };
    let mut users: BTreeSet<ModuleId> = BTreeSet::new();
    for reference in cut.inbound().filter(|one| !cut.is_test(one)) {
        measures.inbound += 1;
        users.insert(reference.from);
        let to = model.item(reference.to);
        if to.kind == ItemKind::Static && !measures.statics.contains(&to.name) {
            measures.statics.push(to.name.clone());
        }
    }
    let mut used: BTreeSet<ModuleId> = BTreeSet::new();
    let mut back: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for reference in cut.outbound().filter(|one| !cut.is_test(one)) {
        let to = model.item(reference.to);
        let Some(module) = to.module else { continue };
        used.insert(module);
        match to.kind {
            ItemKind::Function | ItemKind::Method if calls_back(cut, reference.to) => {
                back.entry(&model.module(module).path)
                    .or_default()
                    .insert(reference.to);
            }
            ItemKind::Static if !measures.statics.contains(&to.name) => {
                measures.statics.push(to.name.clone())
            }
            _ => {}
        }
    }
    measures.users = users.len();
    // A module and the one around it always do.
    let around = |id: &&ModuleId| cut.modules.iter().any(|own| model.is_within(*own, **id));
    let mutual = users.intersection(&used).filter(|id| !around(id));
    measures.mutual = mutual.map(|id| model.module(*id).path.clone()).collect();
    measures.calls_back = back.values().map(BTreeSet::len).sum();
    let mut back: Vec<_> = back
        .into_iter()
        .map(|(module, items)| (items.len(), module))
        .collect();
    back.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    measures.calls_back_to = back
        .into_iter()
        .map(|(_, module)| module.to_owned())
        .collect();
    let examined = examine(cut);
    measures.dispositions = examined.dispositions;
    measures.blocked_by = examined.blocked_by;
    measures.tables = examined.tables;
    measures.transactions = examined.transactions;
    measures.looped = examined.looped;
    measures
}

/// Whether a function outside does something there: one that computes from its arguments alone goes
/// into a crate that both sides use, and a setting is read at the start.
fn calls_back(cut: &Cut<'_>, item: ItemId) -> bool {
    cut.model.item(item).implements.is_none() && !cut.is_setting(item) && !is_pure(cut, item)
}

/// Lines of the files and inline modules inside.
fn lines(cut: &Cut<'_>) -> usize {
    let mut lines = 0;
    for (id, module) in cut.model.module_ids() {
        let Some(file) = module.file.filter(|_| cut.is_inside(id) && !module.test) else {
            continue;
        };
        // What stands between braces in a file that is inside is counted with that file.
        let counted = module.inline && cut.is_inside(cut.model.file(file).module);
        if counted {
            continue;
        }
        let last = module.span.end.line.saturating_sub(module.span.start.line) as usize;
        lines += match cut.sources.get(file) {
            Some(source) => last.min(source.line_count()),
            None => last.min(10_000),
        };
    }
    lines
}
