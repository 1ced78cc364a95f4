//! One text, in the dialects that it may be written in.

use std::borrow::Cow;

use sqlparser::ast::Statement;
use sqlparser::dialect::{
    Dialect, GenericDialect, MsSqlDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect,
};
use sqlparser::parser::Parser;

/// A longer string is data, and a deeper one an attack on the parser.
const LONGEST: usize = 256 * 1024;
const DEEPEST: usize = 64;

/// The statements of `text`, if any dialect has them.
pub(super) fn parse(text: &str) -> Option<Vec<Statement>> {
    if text.len() > LONGEST {
        return None;
    }
    let text = plain_placeholders(text);
    let dialects: [&dyn Dialect; 5] = [
        &PostgreSqlDialect {},
        &GenericDialect {},
        &MySqlDialect {},
        &SQLiteDialect {},
        &MsSqlDialect {},
    ];
    dialects.into_iter().find_map(|dialect| {
        let parser = Parser::new(dialect).with_recursion_limit(DEEPEST);
        let statements = parser.try_with_sql(&text).ok()?.parse_statements().ok()?;
        (!statements.is_empty()).then_some(statements)
    })
}

/// `?`, `?1`, `:name` and `@p` as `$1`, outside of quotes: no one dialect has them all.
fn plain_placeholders(text: &str) -> Cow<'_, str> {
    if !text.contains(['?', ':', '@']) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut quote = None;
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let next = letters.peek().copied().unwrap_or(' ');
        let begins = match (quote, letter) {
            (Some(_), _) => false,
            // JSON's operators have a `?` between two columns, and those are Postgres's alone.
            (None, '?') => {
                !matches!(next, '|' | '&')
                    && matches!(before, ' ' | '(' | ',' | '=' | '<' | '>' | '\n' | '\t')
            }
            (None, ':') => {
                before != ':' && (next.is_alphabetic() || next == '_') && !before.is_alphanumeric()
            }
            (None, '@') => before != '@' && (next.is_alphabetic() || next == '_'),
            _ => false,
        };
        if begins {
            while letters
                .next_if(|letter| letter.is_alphanumeric() || *letter == '_')
                .is_some()
            {}
            plain.push_str("$1");
        } else {
            plain.push(letter);
        }
        match quote {
            Some(open) if open == letter => quote = None,
            None if matches!(letter, '\'' | '"' | '`') => quote = Some(letter),
            _ => {}
        }
        before = letter;
    }
    Cow::Owned(plain)
}
