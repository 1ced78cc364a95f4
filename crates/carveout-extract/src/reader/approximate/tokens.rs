//! What stands in a macro's brackets, where no grammar says what it is.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use scip::types::symbol_information::Kind;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::Visit;

use super::body::{extent, made};
use super::declare::{decl, whole};
use super::facts::{Bytes, Decl, Inline, Path, Segment, Space, What};
use super::parse::Reader;
use super::types::{bytes, escaped, segment};

impl Reader {
    /// A macro that stands for items, or defines one.
    pub(super) fn item_macro(&mut self, item: &syn::ItemMacro) {
        if let Some(name) = &item.ident {
            let end = item.mac.delimiter.span().close();
            let start = item
                .mac
                .path
                .segments
                .first()
                .map_or(end, |one| one.ident.span());
            self.declare(decl(
                name,
                "!",
                Kind::Macro,
                whole(&item.attrs, start, start, end),
            ));
            return;
        }
        self.path(&item.mac.path, Space::Macros);
        let last = item
            .mac
            .path
            .segments
            .last()
            .map(|last| last.ident.to_string());
        match last.as_deref() {
            Some("include") => self.facts.includes += 1,
            Some("table") if self.table(&item.mac.tokens) => {}
            // A macro around items leaves most of them as they are.
            _ => match syn::parse2::<syn::File>(item.mac.tokens.clone()) {
                Ok(file) => self.items(&file.items),
                Err(_) => self.macro_tokens(&item.mac.tokens),
            },
        }
    }

    /// A module of this name, whose declarations have the symbols that are given.
    fn made_module(&mut self, name: Segment, whole: Bytes, items: Vec<Decl>) {
        let inline = Inline {
            name: name.name,
            name_at: name.at,
            whole,
            path: None,
        };
        self.within(Some(inline), |reader| {
            reader.facts.scopes[reader.scope].items = items
        });
    }

    /// Most macros take expressions (`format!`, `vec!`, `assert!`), or statements (`select!`). What
    /// neither describes is searched for paths.
    pub(super) fn macro_tokens(&mut self, tokens: &TokenStream) {
        if tokens.is_empty() {
            return;
        }
        let expressions = Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated;
        if let Ok(expressions) = expressions.parse2(tokens.clone()) {
            expressions.iter().for_each(|one| self.visit_expr(one));
        } else if let Ok(statements) = syn::Block::parse_within.parse2(tokens.clone()) {
            statements.iter().for_each(|one| self.visit_stmt(one));
        } else {
            self.paths_in(tokens);
        }
    }

    fn paths_in(&mut self, tokens: &TokenStream) {
        let mut tokens = tokens.clone().into_iter().peekable();
        let mut after_dot = false;
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => {
                    after_dot = false;
                    self.macro_tokens(&group.stream());
                }
                TokenTree::Punct(punct) => after_dot = punct.as_char() == '.',
                TokenTree::Literal(_) => after_dot = false,
                TokenTree::Ident(first) => {
                    let mut segments = vec![segment(&first)];
                    let mut rest = tokens.clone();
                    while is(rest.next(), ':') && is(rest.next(), ':') {
                        let Some(TokenTree::Ident(next)) = rest.next() else {
                            break;
                        };
                        segments.push(segment(&next));
                        tokens = rest.clone();
                    }
                    let space = match tokens.peek() {
                        Some(TokenTree::Punct(next)) if next.as_char() == '!' => Space::Macros,
                        Some(TokenTree::Group(next))
                            if next.delimiter() == Delimiter::Parenthesis =>
                        {
                            Space::Values
                        }
                        _ if segments[0]
                            .name
                            .starts_with(|one: char| one.is_ascii_uppercase()) =>
                        {
                            Space::Types
                        }
                        _ => Space::Values,
                    };
                    let local = segments.len() == 1 && self.locals.contains_key(&segments[0].name);
                    if !after_dot && !local {
                        let global = false;
                        self.named(What::Path(Path { global, segments }, space));
                    }
                    after_dot = false;
                }
            }
        }
    }

    /// diesel's `table! { name (key) { column -> Type, … } }`, whose names half of such a code base is
    /// about: a module with a type for each column. `false` if it is another macro of that name.
    pub(super) fn table(&mut self, tokens: &TokenStream) -> bool {
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let Some(TokenTree::Group(columns)) = tokens.last() else {
            return false;
        };
        if columns.delimiter() != Delimiter::Brace {
            return false;
        }
        let key = tokens.iter().rposition(|one| matches!(one, TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis));
        // Of `schema.name (key)` the last, and of `name { … }` too.
        let before = &tokens[..key.unwrap_or(tokens.len() - 1)];
        let Some(TokenTree::Ident(name)) = before.last() else {
            return false;
        };
        let name = segment(name);
        let whole = extent(tokens[0].span(), columns.span_close());
        let mut items = vec![made(
            &Segment {
                name: "table".to_owned(),
                at: name.at,
            },
            "table#".to_owned(),
            Kind::Struct,
            whole,
        )];
        let inside: Vec<TokenTree> = columns.stream().into_iter().collect();
        for window in inside.windows(3) {
            if let [
                TokenTree::Ident(column),
                TokenTree::Punct(dash),
                TokenTree::Punct(tip),
            ] = window
                && (dash.as_char(), tip.as_char()) == ('-', '>')
            {
                let column = segment(column);
                let descriptor = format!("columns/{}#", escaped(&column.name));
                let whole = bytes(window[0].span());
                items.push(made(&column, descriptor, Kind::Struct, whole));
            }
        }
        self.made_module(name, whole, items);
        true
    }
}

fn is(token: Option<TokenTree>, punct: char) -> bool {
    matches!(token, Some(TokenTree::Punct(one)) if one.as_char() == punct)
}
