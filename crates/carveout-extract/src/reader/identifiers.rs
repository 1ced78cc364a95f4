//! The identifiers of a source file, to hold an index against.

use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};

/// Where each identifier of `text` begins that a compiler's front end can resolve: not keywords, not
/// those in strings and comments, not primitive types, which no index has a symbol for, and neither those in attributes (`feature`, `rename`), which are
/// their macro's own, nor those in the rules of a macro, which mean something only where it is used.
pub(super) fn rust_identifiers(text: &str) -> Vec<usize> {
    let mut offset = 0;
    let mut found = Vec::new();
    let mut skip = Skip::default();
    for token in tokenize(text, FrontmatterAllowed::No) {
        let length = token.len as usize;
        let written = &text[offset..offset + length];
        if !skip.skips(token.kind, written)
            && matches!(token.kind, TokenKind::Ident | TokenKind::RawIdent)
            && !is_keyword(written)
            && !is_primitive(written)
        {
            found.push(offset);
        }
        offset += length;
    }
    found
}

/// Goes past attributes and the rules of macros.
#[derive(Default)]
struct Skip {
    /// Brackets that are open in what is skipped.
    depth: usize,
    last: Last,
}

/// What stands before a token, white space and comments aside.
#[derive(Clone, Copy, Default, PartialEq)]
enum Last {
    #[default]
    Other,
    /// `#`, or `#!`
    Pound,
    /// `macro_rules`
    MacroRules,
    /// `macro_rules!`
    Bang,
    /// `macro_rules! name`
    Named,
}

impl Skip {
    fn skips(&mut self, kind: TokenKind, written: &str) -> bool {
        let opens = matches!(
            kind,
            TokenKind::OpenParen | TokenKind::OpenBrace | TokenKind::OpenBracket
        );
        let closes = matches!(
            kind,
            TokenKind::CloseParen | TokenKind::CloseBrace | TokenKind::CloseBracket
        );
        if self.depth > 0 {
            self.depth = self.depth + usize::from(opens) - usize::from(closes);
            return true;
        }
        if matches!(
            kind,
            TokenKind::Whitespace | TokenKind::LineComment { .. } | TokenKind::BlockComment { .. }
        ) {
            return true;
        }
        let attribute = self.last == Last::Pound && kind == TokenKind::OpenBracket;
        if attribute || (self.last == Last::Named && opens) {
            self.depth = 1;
        }
        self.last = match (self.last, kind) {
            (_, TokenKind::Pound) | (Last::Pound, TokenKind::Bang) => Last::Pound,
            (_, TokenKind::Ident) if written == "macro_rules" => Last::MacroRules,
            (Last::MacroRules, TokenKind::Bang) => Last::Bang,
            (Last::Bang, TokenKind::Ident | TokenKind::RawIdent) => Last::Named,
            _ => Last::Other,
        };
        self.depth > 0
    }
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: [&str; 41] = [
        "_",
        "as",
        "async",
        "await",
        "break",
        "const",
        "continue",
        "crate",
        "dyn",
        "else",
        "enum",
        "extern",
        "false",
        "fn",
        "for",
        "if",
        "impl",
        "in",
        "let",
        "loop",
        "macro_rules",
        "match",
        "mod",
        "move",
        "mut",
        "pub",
        "ref",
        "return",
        "self",
        "static",
        "struct",
        "super",
        "trait",
        "true",
        "type",
        "union",
        "unsafe",
        "use",
        "where",
        "while",
        "Self",
    ];
    KEYWORDS.contains(&name)
}

fn is_primitive(name: &str) -> bool {
    const PRIMITIVES: [&str; 17] = [
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8",
        "u16", "u32", "u64", "u128", "usize",
    ];
    PRIMITIVES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::rust_identifiers;

    #[test]
    fn what_no_compiler_resolves_is_not_counted() {
        let text = "#![allow(dead)] #[cfg(feature = \"x\")] fn f(a: B) { g![h] } // c\n\
                    macro_rules! m { ($n:ident) => { fn $n() {} } } r#type! {}";
        let found: Vec<&str> = rust_identifiers(text)
            .into_iter()
            .map(|at| {
                let rest = &text[at..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '#');
                &rest[..end.unwrap_or(rest.len())]
            })
            .collect();
        assert_eq!(found, ["f", "a", "B", "g", "h", "m", "r#type"]);
    }
}
