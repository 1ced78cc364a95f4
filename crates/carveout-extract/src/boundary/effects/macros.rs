//! Macros of the workspace, whose calls no index resolves, and macros that write to what they are given.

use std::collections::HashSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::facts::{Is, plain};
use super::{
    Effects,
    direct::{Body, Direct},
    externals,
};
use crate::model::{Definition, FileId, Item, ItemId, ItemKind, Position};
use crate::report::Effect;
use crate::syntax::Source;

/// What the rules of a macro do wherever it is used.
pub(super) fn of(
    effects: &Effects<'_>,
    item: ItemId,
    source: &Source,
    place: Definition,
    direct: &mut Direct,
) {
    let rules = source
        .flow
        .rules
        .iter()
        .find(|rules| rules.at == place.name.start);
    let Some(rules) = rules else {
        let what = format!(
            "uses the macro {}!, whose rules are not seen",
            effects.cut.model.item(item).name
        );
        direct.sign(place.file, place.name.start, Effect::Write, what);
        return;
    };
    let mut reader = Reader {
        effects,
        package: &effects.cut.model.item(item).package,
        place,
        direct,
    };
    reader.tokens(rules.tokens.clone());
}

/// `write!(f, …)` of a formatter or a string of the function's own.
pub(super) fn writes_to_memory(
    effects: &Effects<'_>,
    body: &Body<'_>,
    item: &Item,
    at: Position,
) -> bool {
    if !matches!(item.name.as_str(), "write" | "writeln") || item.package != "core" {
        return false;
    }
    let mut macros = body.source.flow.macros.iter();
    let first = macros.find(|one| one.at == at).and_then(|one| one.first);
    let of = first.and_then(|first| effects.cut.model.locals.type_at(body.file, first));
    of.is_some_and(|of| {
        let of = of.trim_start_matches('&').trim_start_matches("mut ");
        effects.cut.world.facts.name(Is::Memory, plain(of))
    })
}

/// The names in the rules of macros that write implementations: any of them may be the trait's.
pub(super) fn implementing(cut: &super::super::Cut<'_>) -> HashSet<String> {
    fn names(tokens: TokenStream, found: &mut Vec<String>) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => found.push(ident.to_string()),
                TokenTree::Group(group) => names(group.stream(), found),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
    let mut all = HashSet::new();
    for file in (0..).map(FileId).take(cut.model.files.len()) {
        let Some(source) = cut.sources.get(file) else {
            continue;
        };
        for rules in &source.flow.rules {
            let mut found = Vec::new();
            names(rules.tokens.clone(), &mut found);
            if found.iter().any(|name| name == "impl") {
                all.extend(found);
            }
        }
        all.extend(
            source
                .types
                .iter()
                .flat_map(|of| of.derives.iter().cloned()),
        );
    }
    all
}

struct Reader<'e, 'd> {
    effects: &'e Effects<'e>,
    package: &'e str,
    place: Definition,
    direct: &'d mut Direct,
}

impl Reader<'_, '_> {
    fn write(&mut self, what: String) {
        self.direct
            .sign(self.place.file, self.place.name.start, Effect::Write, what);
    }

    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        // The parts of the path that ends here, and whether a dot or a dollar stands before it.
        let mut path: Vec<String> = Vec::new();
        let mut after = ' ';
        let mut before = ' ';
        let mut macro_name = false;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    let name = ident.to_string();
                    if before != ':' || path.is_empty() {
                        path.clear();
                        after = before;
                    }
                    if name == "unsafe" || name == "impl" || name == "macro_rules" {
                        self.write(format!("uses a macro that says {name}"));
                    }
                    path.push(name);
                    before = ' ';
                    macro_name = false;
                }
                TokenTree::Punct(punct) => {
                    macro_name = punct.as_char() == '!' && !path.is_empty() && before == ' ';
                    before = punct.as_char();
                    if before != ':' && before != '!' {
                        path.clear();
                    }
                }
                TokenTree::Group(group) => {
                    if macro_name {
                        self.named_macro(&path);
                    } else if group.delimiter() == Delimiter::Parenthesis
                        && before == ' '
                        && !path.is_empty()
                    {
                        self.called(&path, after);
                    }
                    self.tokens(group.stream());
                    path.clear();
                    before = ')';
                    macro_name = false;
                }
                TokenTree::Literal(_) => {
                    path.clear();
                    before = ')';
                    macro_name = false;
                }
            }
        }
    }

    /// A call of `path`, behind a dot or a dollar or neither.
    fn called(&mut self, path: &[String], after: char) {
        let Some(name) = path.last() else {
            return;
        };
        let facts = &self.effects.cut.world.facts;
        // What the user names is resolved where it is used; a constructor holds values.
        if path.len() == 1 && (after == '$' || name.starts_with(char::is_uppercase))
            || is_word(name)
        {
            return;
        }
        if after == '.' {
            if facts.name(Is::Anywhere, name) {
                self.every(name, ItemKind::Method);
            } else {
                self.write(format!(
                    "uses a macro that calls .{name}(), on what is not known"
                ));
            }
            return;
        }
        if path.first().is_some_and(|first| first == "crate") {
            let end = path[1..].join("::");
            self.by_path(&end);
        } else if path.len() == 1 {
            if !self.every(name, ItemKind::Function) {
                self.write(format!(
                    "uses a macro that calls {name}, which is not found"
                ));
            }
        } else if !self.external(path, ItemKind::Function) {
            let path = path.join("::");
            self.write(format!(
                "uses a macro that calls {path}, of which nothing is known"
            ));
        }
    }

    fn named_macro(&mut self, path: &[String]) {
        let Some(name) = path.last() else {
            return;
        };
        let facts = &self.effects.cut.world.facts;
        let own = self.every(name, ItemKind::Macro);
        let known = if path.len() == 1 {
            facts.name(Is::Anywhere, &format!("{name}!"))
        } else {
            self.external(path, ItemKind::Macro)
        };
        if !own && !known {
            self.write(format!(
                "uses a macro that uses {name}!, of which nothing is known"
            ));
        }
    }

    /// Calls of every item of the workspace with this name; whether there is one.
    fn every(&mut self, name: &str, kind: ItemKind) -> bool {
        let model = self.effects.cut.model;
        let named = model.item_ids().filter(|(_, item)| {
            item.kind == kind
                && item.name == name
                && item.module.is_some()
                && item.definition.is_some()
        });
        let at = self.place.name.start;
        let found: Vec<_> = named.map(|(id, _)| (id, at)).collect();
        let any = !found.is_empty();
        self.direct.edges.extend(found);
        any
    }

    /// Calls of the functions of the macro's own package whose path ends so.
    fn by_path(&mut self, end: &str) {
        let model = self.effects.cut.model;
        let at = self.place.name.start;
        let found: Vec<_> = model
            .item_ids()
            .filter(|(id, item)| {
                let called = super::super::calls::is_function(item.kind);
                called
                    && item.package == self.package
                    && model.item_path(*id).ends_with(&format!("::{end}"))
            })
            .map(|(id, _)| (id, at))
            .collect();
        let constructs = end
            .rsplit("::")
            .next()
            .is_some_and(|last| last.starts_with(char::is_uppercase));
        if found.is_empty() && !constructs {
            self.write(format!("uses a macro that calls {end}, which is not found"));
        }
        self.direct.edges.extend(found);
    }

    fn external(&self, path: &[String], kind: ItemKind) -> bool {
        let Some((first, name)) = path.first().zip(path.last()) else {
            return false;
        };
        let packages = match first.as_str() {
            // A type of the prelude.
            first if first.starts_with(char::is_uppercase) && path.len() == 2 => {
                vec!["alloc".to_owned(), "core".to_owned()]
            }
            "std" | "core" | "alloc" => {
                vec!["std".to_owned(), "core".to_owned(), "alloc".to_owned()]
            }
            other => vec![other.to_owned(), other.replace('_', "-")],
        };
        packages.into_iter().any(|package| {
            let item = Item {
                symbol: String::new(),
                name: name.clone(),
                path: path.join("::"),
                kind,
                package,
                module: None,
                owner: None,
                implements: None,
                definition: None,
            };
            externals::path_is_pure(&self.effects.cut.world.facts, &item)
        })
    }
}

/// Words before parentheses that call nothing: keywords, and the kinds of what a rule takes.
fn is_word(name: &str) -> bool {
    matches!(
        name,
        "if" | "in"
            | "match"
            | "while"
            | "for"
            | "return"
            | "move"
            | "async"
            | "let"
            | "mut"
            | "ref"
            | "else"
            | "as"
            | "fn"
            | "expr"
            | "ident"
            | "ty"
            | "tt"
            | "pat"
            | "literal"
            | "path"
            | "block"
            | "stmt"
    )
}
