use crate::model::Span;

/// A string in the source.
pub struct Literal {
    /// What it says, escapes undone.
    pub value: String,
    /// Where it is, quotes included.
    pub span: Span,
    /// The macro or function that it is given to, by the last part of its name; empty for none.
    pub given_to: String,
}
