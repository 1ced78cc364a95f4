//! From what an index says to the model.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::decode::{Raw, RawDocument};
use super::fresh::Text;
use super::gaps::gaps;
use super::symbol::Parsed;
use super::targets::Targets;
use crate::model::{
    Definition, File, FileId, Item, ItemId, ItemKind, Local, Locals, Model, Module, ModuleId,
    Origin, Position, Span,
};

pub(super) fn build(
    raw: &Raw,
    parsed: Vec<Option<Parsed>>,
    texts: &[Text],
    root: &Path,
    origin: Origin,
) -> Model {
    let mut builder = Builder {
        raw,
        texts,
        targets: Targets::new(roots(raw, &parsed)),
        parsed,
        file_targets: Vec::new(),
        modules: HashMap::new(),
        items: HashMap::new(),
        guessed: 0,
        model: Model {
            root: root.to_owned(),
            origin,
            ..Model::default()
        },
    };
    builder.files();
    builder.definitions();
    builder.references();
    builder.owners();
    builder.locals();
    let gaps = gaps(&builder.model, texts, builder.guessed);
    builder.model.gaps = gaps;
    builder.model
}

/// The documents that are the root of a Rust target.
fn roots(raw: &Raw, parsed: &[Option<Parsed>]) -> Vec<(usize, String, String)> {
    let mut roots = Vec::new();
    for (at, document) in raw.documents.iter().enumerate() {
        let root = document.occurrences.iter().find_map(|occurrence| {
            let parsed = parsed[occurrence.symbol? as usize].as_ref()?;
            let whole = occurrence.definition && occurrence.range[..2] == [0, 0];
            let is_root = parsed.modules.is_empty() && parsed.rest.is_empty();
            (whole && is_root && parsed.package.0 == "cargo").then_some(&parsed.package.1)
        });
        if let Some(package) = root {
            roots.push((at, document.path.clone(), package.clone()));
        }
    }
    roots
}

pub(super) struct Builder<'a> {
    pub(super) raw: &'a Raw,
    pub(super) texts: &'a [Text],
    pub(super) parsed: Vec<Option<Parsed>>,
    pub(super) targets: Targets,
    /// Of each document; `None` outside of Rust.
    pub(super) file_targets: Vec<Option<usize>>,
    modules: HashMap<(Option<usize>, String, Vec<String>), ModuleId>,
    /// The items of each symbol. Two targets of a package may define one each.
    pub(super) items: HashMap<u32, Vec<(Option<usize>, ItemId)>>,
    /// References to what several targets define, of which nothing tells which.
    pub(super) guessed: usize,
    pub(super) model: Model,
}

impl Builder<'_> {
    fn files(&mut self) {
        for (at, document) in self.raw.documents.iter().enumerate() {
            let (package, path) = self.module_of_file(document);
            let first = path.first().map(String::as_str);
            let target = self
                .targets
                .of(at, &document.path, &package, first, self.texts);
            self.file_targets.push(target);
            let module = self.module(target, &package, &path);
            let file = FileId(id(at));
            self.model.files.push(File {
                path: document.path.clone(),
                module,
                language: document.language.clone(),
            });
            let module = &mut self.model.modules[module.0 as usize];
            if module.file.is_none() {
                module.file = Some(file);
                module.span = whole_file();
            }
        }
    }

    /// The module that a document says it is, else the one that most of its definitions are in, else
    /// one of its own name.
    fn module_of_file(&self, document: &RawDocument) -> (String, Vec<String>) {
        let mut votes: HashMap<(&str, &[String]), usize> = HashMap::new();
        for occurrence in document.occurrences.iter().filter(|one| one.definition) {
            let Some(parsed) = occurrence
                .symbol
                .and_then(|symbol| self.parsed[symbol as usize].as_ref())
            else {
                continue;
            };
            if occurrence.range[..2] == [0, 0] && parsed.rest.is_empty() {
                return (parsed.package.1.clone(), parsed.modules.clone());
            }
            *votes
                .entry((&parsed.package.1, &parsed.modules))
                .or_default() += 1;
        }
        let most = votes.into_iter().max_by(|a, b| (a.1, b.0).cmp(&(b.1, a.0)));
        match most {
            Some(((package, modules), _)) => (package.to_owned(), modules.to_vec()),
            None => (
                String::new(),
                document.path.split('/').map(str::to_owned).collect(),
            ),
        }
    }

    /// The module at `path` of a target, made with all around it if it is new.
    fn module(&mut self, target: Option<usize>, package: &str, path: &[String]) -> ModuleId {
        let key = (target, package.to_owned(), path.to_vec());
        if let Some(known) = self.modules.get(&key) {
            return *known;
        }
        let rust = target.is_some();
        let parent = match path {
            [] => None,
            // Outside of Rust a package is no module of its own.
            [_] if !rust => None,
            [around @ .., _] => Some(self.module(target, package, around)),
        };
        let root = target
            .map_or(package, |target| &self.targets.all[target].name)
            .to_owned();
        let separator = match (rust, path.last()) {
            (true, _) => "::",
            (false, Some(_)) if self.is_by_file() => "/",
            (false, _) => ".",
        };
        let name = path.last().unwrap_or(&root).clone();
        let written = match parent {
            Some(parent) => format!("{}{separator}{name}", self.model.module(parent).path),
            None => name.clone(),
        };
        let for_tests = target.is_some_and(|target| self.targets.all[target].test)
            || parent.is_some_and(|parent| self.model.module(parent).test)
            || is_test_name(&name);
        let module = ModuleId(id(self.model.modules.len()));
        self.model.modules.push(Module {
            path: written,
            name,
            parent,
            package: package.to_owned(),
            file: None,
            span: Span::default(),
            inline: false,
            test: for_tests,
            separator,
        });
        self.modules.insert(key, module);
        module
    }

    /// Whether a module is a file, as in TypeScript.
    fn is_by_file(&self) -> bool {
        self.model.origin.tool.contains("typescript")
    }

    fn locals(&mut self) {
        let mut locals = Vec::new();
        for (at, document) in self.raw.documents.iter().enumerate() {
            for local in &document.locals {
                let span = self.texts[at].span(local.range, document.encoding);
                locals.extend(span.map(|span| Local {
                    file: FileId(id(at)),
                    at: span.start,
                    declared: local.declared,
                }));
            }
        }
        locals.sort_unstable_by_key(|local| (local.file, local.at));
        self.model.locals = Arc::new(Locals {
            places: locals,
            declarations: self.raw.declarations.names.clone(),
        });
    }

    fn definitions(&mut self) {
        let raw = self.raw;
        let mut kinds = HashMap::new();
        for document in &raw.documents {
            kinds.extend(document.infos.iter().copied());
        }
        for (at, document) in raw.documents.iter().enumerate() {
            for occurrence in document.occurrences.iter().filter(|one| one.definition) {
                let Some(symbol) = occurrence.symbol else {
                    continue;
                };
                let span = |range| self.texts[at].span(range, document.encoding);
                let Some(name) = span(occurrence.range) else {
                    continue;
                };
                let whole = occurrence.enclosing.and_then(span).unwrap_or(name);
                let definition = Definition {
                    file: FileId(id(at)),
                    name,
                    whole,
                };
                let kind = kinds.get(&symbol).copied().unwrap_or_default();
                self.define(symbol, kind, self.file_targets[at], definition);
            }
        }
        self.undefined(&kinds);
    }

    fn define(
        &mut self,
        symbol: u32,
        said: scip::types::symbol_information::Kind,
        target: Option<usize>,
        definition: Definition,
    ) {
        let Some(parsed) = self.parsed[symbol as usize].take() else {
            return;
        };
        let mut kind = parsed.kind(said);
        let text = &self.texts[definition.file.0 as usize];
        if kind == ItemKind::Constant
            && is_variable(
                &self.model.file(definition.file).language,
                text,
                definition.name,
            )
        {
            kind = ItemKind::Static;
        }
        // `extern crate x` is written as the definition of a module.
        let is_extern = kind == ItemKind::Module
            && definition.name.start.line == definition.name.end.line
            && text.slice(definition.whole).contains("extern crate");
        let known = self
            .items
            .get(&symbol)
            .is_some_and(|of| of.iter().any(|(of, _)| *of == target));
        if !is_extern && !known {
            let module = self.module(target, &parsed.package.1, &parsed.modules);
            if kind == ItemKind::Module {
                let module = &mut self.model.modules[module.0 as usize];
                let whole_file = definition.name.start.line != definition.name.end.line
                    || definition.name.start == definition.whole.start;
                if !whole_file || module.file.is_none() {
                    module.file = Some(definition.file);
                    module.span = definition.whole;
                    module.inline = !whole_file;
                }
            }
            self.add(
                symbol,
                &parsed,
                kind,
                target,
                Some(module),
                Some(definition),
            );
        }
        self.parsed[symbol as usize] = Some(parsed);
    }

    /// What is named and not defined: items of other packages, and those that a macro made.
    fn undefined(&mut self, kinds: &HashMap<u32, scip::types::symbol_information::Kind>) {
        let own: HashSet<String> = self.modules.keys().map(|(_, of, _)| of.clone()).collect();
        for symbol in 0..id(self.raw.symbols.names.len()) {
            if self.items.contains_key(&symbol) {
                continue;
            }
            let Some(mut parsed) = self.parsed[symbol as usize].take() else {
                continue;
            };
            let said = kinds.get(&symbol).copied().unwrap_or_default();
            let package = &parsed.package.1;
            let target = self.targets.main_of(package);
            let is_own = target.is_some() || own.contains(package);
            let module = is_own
                .then(|| self.nearest_module(target, package, &parsed.modules))
                .flatten();
            let kind = parsed.kind(said);
            if let Some((_, depth)) = module {
                parsed.leave_modules(depth);
            }
            let module = module.map(|(module, _)| module);
            self.add(symbol, &parsed, kind, target, module, None);
            self.parsed[symbol as usize] = Some(parsed);
        }
    }

    /// The innermost module of `path` that there is, and how many parts of the path it has.
    fn nearest_module(
        &self,
        target: Option<usize>,
        package: &str,
        path: &[String],
    ) -> Option<(ModuleId, usize)> {
        (0..=path.len()).rev().find_map(|length| {
            let key = (target, package.to_owned(), path[..length].to_vec());
            Some((*self.modules.get(&key)?, length))
        })
    }

    fn add(
        &mut self,
        symbol: u32,
        parsed: &Parsed,
        kind: ItemKind,
        target: Option<usize>,
        module: Option<ModuleId>,
        definition: Option<Definition>,
    ) {
        let rust = self.raw.symbols.names[symbol as usize].starts_with("rust-analyzer ");
        let separator = if rust { "::" } else { "." };
        let mut path = parsed.path(separator);
        if module.is_none() {
            let around = std::iter::once(&parsed.package.1).chain(&parsed.modules);
            let mut whole: Vec<&str> = around.map(String::as_str).collect();
            whole.extend((!path.is_empty()).then_some(path.as_str()));
            path = whole.join(separator);
        }
        let last = parsed
            .rest
            .last()
            .map(|part| &part.name)
            .or(parsed.modules.last());
        let item = ItemId(id(self.model.items.len()));
        self.model.items.push(Item {
            symbol: self.raw.symbols.names[symbol as usize].clone(),
            name: last.unwrap_or(&parsed.package.1).clone(),
            path,
            kind,
            package: parsed.package.1.clone(),
            module,
            owner: None,
            implements: parsed.implements.clone(),
            definition,
        });
        self.items.entry(symbol).or_default().push((target, item));
    }
}

/// Whether the name at `span`, which stands in a module, may be given another value: what it holds is
/// shared by the whole process. Python has constants by agreement only.
fn is_variable(language: &str, text: &Text, span: Span) -> bool {
    match language {
        "python" => text.slice(span).contains(char::is_lowercase),
        "typescript" | "javascript" => {
            let line = Span {
                start: Position {
                    column: 0,
                    ..span.start
                },
                end: span.start,
            };
            let before = text.slice(line);
            ["let", "var"]
                .iter()
                .any(|word| before.split_whitespace().any(|other| other == *word))
        }
        _ => false,
    }
}

fn is_test_name(name: &str) -> bool {
    matches!(name, "tests" | "test" | "__tests__")
        || name.starts_with("test_")
        || [
            ".test.ts",
            ".spec.ts",
            ".test.tsx",
            ".spec.tsx",
            ".test.js",
            ".spec.js",
        ]
        .iter()
        .any(|end| name.ends_with(end))
}

fn whole_file() -> Span {
    let end = crate::model::Position {
        line: u32::MAX,
        column: 0,
    };
    Span {
        start: crate::model::Position::default(),
        end,
    }
}

/// Ids are 32 bits; an index with more of anything has more than 300 GB.
pub(super) fn id(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
