//! The names and what they mean, in the form of an index, so that everything after it is the same.

use scip::types::symbol_information::Kind;
use scip::types::{Metadata, PositionEncoding, ToolInfo};

use super::super::decode::{Raw, RawDocument, RawOccurrence};
use super::super::fresh::Text;
use super::facts::{Bytes, Segment, Space, Use, What};
use super::names::{Def, Place};
use super::resolve::{Resolver, Wanted};

/// An index of everything that was resolved.
pub(super) fn emit(resolver: &Resolver<'_>) -> Raw {
    let tool = ToolInfo {
        name: "syn".to_owned(),
        version: "3".to_owned(),
        ..ToolInfo::default()
    };
    let mut raw = Raw {
        metadata: Metadata {
            tool_info: Some(tool).into(),
            ..Metadata::default()
        },
        ..Raw::default()
    };
    let tree = resolver.names.tree;
    for (file, source) in tree.files.iter().enumerate() {
        let mut document = Document {
            resolver,
            raw: &mut raw,
            text: &source.facts.text,
            occurrences: Vec::new(),
            infos: Vec::new(),
        };
        document.modules(file);
        document.names(file);
        let (mut occurrences, infos) = (document.occurrences, document.infos);
        // A definition and the reference that is the same name: `use` groups say their path once.
        occurrences.sort_by_key(|one| (one.range, !one.definition));
        occurrences.dedup_by_key(|one| one.range);
        raw.documents.push(RawDocument {
            path: source.path.clone(),
            language: "rust".to_owned(),
            encoding: PositionEncoding::UTF8CodeUnitOffsetFromLineStart as i32,
            occurrences,
            infos,
            locals: Vec::new(),
        });
    }
    definitions(resolver, &mut raw);
    raw
}

/// Those of items, which are numbered across all files.
fn definitions(resolver: &Resolver<'_>, raw: &mut Raw) {
    let names = &resolver.names;
    for declared in &names.decls {
        let file = names.nodes[declared.node].file;
        let text = &names.tree.files[file].facts.text;
        let symbol = raw.symbols.intern(&declared.symbol);
        let document = &mut raw.documents[file];
        // A name that a macro repeats has one place, and is many things there.
        let range = range(text, declared.decl.name_at);
        document
            .infos
            .extend(symbol.map(|symbol| (symbol, declared.decl.kind)));
        document.occurrences.push(RawOccurrence {
            range,
            symbol,
            definition: true,
            enclosing: Some(self::range(text, declared.decl.whole)),
        });
    }
}

struct Document<'r, 'a> {
    resolver: &'r Resolver<'a>,
    raw: &'r mut Raw,
    text: &'r Text,
    occurrences: Vec<RawOccurrence>,
    infos: Vec<(u32, Kind)>,
}

impl<'a> Document<'_, 'a> {
    fn modules(&mut self, file: usize) {
        let names = &self.resolver.names;
        let facts = &names.tree.files[file].facts;
        for (at, scope) in facts.scopes.iter().enumerate() {
            let Some(module) = &scope.module else {
                continue;
            };
            let (range, whole) = match at {
                0 => {
                    let whole = whole_file(self.text);
                    (whole, whole)
                }
                _ => (
                    range(self.text, module.name_at),
                    range(self.text, module.whole),
                ),
            };
            let symbol = self
                .raw
                .symbols
                .intern(&names.nodes[names.first[file] + at].symbol);
            self.infos
                .extend(symbol.map(|symbol| (symbol, Kind::Module)));
            self.occurrences.push(RawOccurrence {
                range,
                symbol,
                definition: true,
                enclosing: Some(whole),
            });
        }
    }

    fn names(&mut self, file: usize) {
        let resolver = self.resolver;
        let names = &resolver.names;
        let facts = &names.tree.files[file].facts;
        let base = names.first[file];
        for (at, scope) in facts.scopes.iter().enumerate() {
            let place = Place {
                node: base + at,
                this: None,
            };
            for outside in &scope.outside {
                let module = names.module(place.node);
                if let Some(child) = names.nodes[module].children.get(outside.name.as_str()) {
                    self.refer(outside.name_at, Def::Node(*child));
                }
            }
            scope.uses.iter().for_each(|one| self.import(one, place));
        }
        for named in &facts.names {
            let place = Place {
                node: base + named.scope,
                this: names.this(file, named.around, &resolver.owners),
            };
            match &named.what {
                What::Path(path, space) => {
                    let mut found = resolver.path(path, *space, place);
                    if found.last().is_some_and(Option::is_none) && *space != Space::Macros {
                        let other = match space {
                            Space::Types => Space::Values,
                            _ => Space::Types,
                        };
                        let elsewhere = resolver.path(path, other, place);
                        // A variable may have a module's name.
                        if path.segments.len() > 1
                            || !matches!(elsewhere.last(), Some(Some(Def::Node(_))))
                        {
                            found = elsewhere;
                        }
                    }
                    self.refer_all(&path.segments, &found);
                }
                What::Member { of, name, call } => {
                    let of = resolver
                        .typed(of, place, 0)
                        .and_then(|of| resolver.reached(of, 0));
                    let member = of
                        .and_then(|of| resolver.member(of.decl?, &name.name, Wanted::of(*call), 0));
                    if let Some(member) = member {
                        self.refer(name.at, Def::Decl(member));
                    }
                }
            }
        }
    }

    fn import(&mut self, one: &'a Use, place: Place) {
        let spaces = [Space::Types, Space::Values, Space::Macros];
        let found = spaces
            .into_iter()
            .map(|space| self.resolver.path(&one.path, space, place))
            .rev()
            .max_by_key(|found| found.iter().flatten().count())
            .unwrap_or_default();
        self.refer_all(&one.path.segments, &found);
        if let (Some(at), Some(Some(def))) = (one.renamed_at, found.last()) {
            self.refer(at, *def);
        }
    }

    fn refer_all(&mut self, segments: &[Segment], found: &[Option<Def>]) {
        for (segment, def) in segments.iter().zip(found) {
            match def {
                Some(def) if segment.name != "Self" => self.refer(segment.at, *def),
                _ => {}
            }
        }
    }

    fn refer(&mut self, at: Bytes, to: Def) {
        let names = &self.resolver.names;
        let symbol = match to {
            Def::Node(node) => &names.nodes[names.module(node)].symbol,
            Def::Decl(decl) => &names.decls[decl].symbol,
        };
        let symbol = self.raw.symbols.intern(symbol);
        self.occurrences.push(RawOccurrence {
            range: range(self.text, at),
            symbol,
            definition: false,
            enclosing: None,
        });
    }
}

fn range(text: &Text, (start, end): Bytes) -> [u32; 4] {
    let (start, end) = (text.position(start), text.position(end));
    [start.line, start.column, end.line, end.column]
}

fn whole_file(text: &Text) -> [u32; 4] {
    let end = text.position(u32::try_from(text.text.len()).unwrap_or(u32::MAX));
    [0, 0, end.line, end.column]
}
