//! A workspace as a reader would have seen it, without one.

use std::path::PathBuf;

use crate::error::Result;
use crate::model::{
    File, FileId, Item, ItemId, ItemKind, Model, Module, ModuleId, Position, Reference, Span,
};
use crate::ratchet::output::Outcome;
use crate::ratchet::{Baseline, Crossings, Declared, Rules, TextFile, Verdict, render};

pub(super) struct World {
    pub(super) model: Model,
}

impl World {
    /// Modules with their items: `("shop::orders", &[("Order::total", Method)])`. A parent comes
    /// first, and an owner before its members.
    pub(super) fn new(modules: &[(&str, &[(&str, ItemKind)])]) -> Self {
        let mut world = Self {
            model: Model::default(),
        };
        for (path, items) in modules {
            let module = world.module(path);
            for (item, kind) in *items {
                world.item(module, item, *kind);
            }
        }
        world
    }

    /// The shop that most tests have.
    pub(super) fn shop() -> Self {
        use ItemKind::{Field, Function, Method, Type};
        Self::new(&[
            ("shop", &[]),
            (
                "shop::orders",
                &[
                    ("place_order", Function),
                    ("Order", Type),
                    ("Order::total", Method),
                    ("Order::lines", Field),
                ],
            ),
            ("shop::orders::db", &[("find", Function)]),
            ("shop::web", &[("serve", Function)]),
            ("shop::web::admin", &[("panel", Function)]),
            ("shop::users", &[("User", Type), ("User::name", Field)]),
        ])
    }

    fn module(&mut self, path: &str) -> ModuleId {
        let file = FileId(u32::try_from(self.model.files.len()).unwrap());
        let id = ModuleId(u32::try_from(self.model.modules.len()).unwrap());
        let (around, name) = match path.rsplit_once("::") {
            Some((around, name)) => (Some(self.find(around)), name),
            None => (None, path),
        };
        self.model.files.push(File {
            path: format!("src/{}.rs", path.replace("::", "/")),
            module: id,
            language: "rust".to_owned(),
        });
        self.model.modules.push(Module {
            path: path.to_owned(),
            name: name.to_owned(),
            parent: around,
            package: path.split("::").next().unwrap().to_owned(),
            file: Some(file),
            span: Span::default(),
            inline: false,
            test: name == "tests" || around.is_some_and(|of| self.model.module(of).test),
            separator: "::",
        });
        id
    }

    fn find(&self, path: &str) -> ModuleId {
        let mut ids = self.model.module_ids();
        ids.find(|(_, module)| module.path == path).unwrap().0
    }

    fn item(&mut self, module: ModuleId, path: &str, kind: ItemKind) {
        let owner = path.rsplit_once("::").and_then(|(owner, _)| {
            self.model.item_ids().find_map(|(id, item)| {
                let around = self.model.is_within(module, item.module?);
                (around && item.path == owner).then_some(id)
            })
        });
        self.model.items.push(Item {
            symbol: format!("rust-analyzer cargo shop 1.0.0 {path}"),
            name: path.rsplit("::").next().unwrap().to_owned(),
            path: path.to_owned(),
            kind,
            package: "shop".to_owned(),
            module: Some(module),
            owner,
            implements: None,
            definition: None,
        });
    }

    /// `from` names the item at the end of whose path `to` is, on each of `lines`.
    #[track_caller]
    pub(super) fn uses(mut self, from: &str, to: &str, lines: &[u32]) -> Self {
        let mut ids = self.model.item_ids();
        let to = ids.find(|(id, _)| self.model.item_path(*id) == to);
        let (to, _) = to.expect("an item of the world");
        drop(ids);
        let from = self.find(from);
        for line in lines {
            self.reference(from, to, *line);
        }
        self
    }

    fn reference(&mut self, from: ModuleId, to: ItemId, line: u32) {
        let at = Position {
            line: line - 1,
            column: 4,
        };
        self.model.references.push(Reference {
            file: self.model.module(from).file.unwrap(),
            span: Span { start: at, end: at },
            from,
            within: None,
            to,
        });
    }

    pub(super) fn approximate(mut self) -> Self {
        self.model.origin.approximate = true;
        self
    }

    pub(super) fn rules(&self, declared: &str) -> Result<Rules> {
        Rules::new(&declare(declared)?, &self.model)
    }

    /// What goes against `declared`, as a baseline would have it.
    #[track_caller]
    pub(super) fn baseline(&self, declared: &str) -> String {
        let rules = self.rules(declared).unwrap();
        let crossings = Crossings::new(&self.model, &rules);
        let all: Vec<usize> = (0..rules.boundaries.len()).collect();
        render(&crate::ratchet::declare(
            &Baseline::default(),
            &crossings,
            &all,
        ))
    }

    #[track_caller]
    pub(super) fn check<T>(
        &self,
        declared: &str,
        baseline: &str,
        look: impl FnOnce(&Outcome<'_>) -> T,
    ) -> T {
        let rules = self.rules(declared).unwrap();
        let crossings = Crossings::new(&self.model, &rules);
        let baseline = read(baseline).unwrap();
        let verdict = Verdict::new(&crossings, &baseline, self.model.origin.approximate);
        look(&Outcome {
            model: &self.model,
            rules: &rules,
            crossings: &crossings,
            baseline: &baseline,
            verdict: &verdict,
        })
    }

    /// One line a finding: `new 0->2 shop::web shop::orders::place_order function`.
    #[track_caller]
    pub(super) fn found(&self, declared: &str, baseline: &str) -> Vec<String> {
        self.check(declared, baseline, |outcome| {
            let new = outcome.verdict.new.iter().map(|new| {
                let (was, now) = (new.tolerated, new.uses.count());
                let key = new.key;
                format!("new {was}->{now} {} {} {}", key.from, key.to, key.kind)
            });
            let stale = outcome.verdict.stale.iter().map(|stale| {
                let (was, now) = (stale.tolerated, stale.count);
                let key = stale.key;
                format!("stale {was}->{now} {} {} {}", key.from, key.to, key.kind)
            });
            new.chain(stale).collect()
        })
    }
}

pub(super) fn declare(text: &str) -> Result<Declared> {
    Declared::parse(file("boundaries.toml", text))
}

pub(super) fn read(text: &str) -> Result<Baseline> {
    Baseline::parse(&file("boundaries.baseline.toml", text))
}

pub(super) fn file(name: &str, text: &str) -> TextFile {
    TextFile {
        path: PathBuf::from(name),
        text: text.to_owned(),
    }
}

/// A baseline with `entries`, each one `from to kind count`.
pub(super) fn entries(entries: &[&str]) -> String {
    let mut text = "schema = 1\nentries = [\n".to_owned();
    for entry in entries {
        let words: Vec<&str> = entry.split(' ').collect();
        let [from, to, kind, count] = words.as_slice() else {
            panic!("{entry}");
        };
        text.push_str(&format!(
            "    {{ from = \"{from}\", to = \"{to}\", kind = \"{kind}\", count = {count} }},\n"
        ));
    }
    text + "]\n"
}

pub(super) const NONE: &str = "schema = 1\nentries = []\n";
