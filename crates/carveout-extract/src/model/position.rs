use serde::Serialize;

/// A place in a file. Lines and columns begin at 0; a column counts bytes of UTF-8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// 0 is the first.
    pub line: u32,
    /// Bytes from the line's start.
    pub column: u32,
}

/// From one place up to, and without, another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// The first byte.
    pub start: Position,
    /// The byte after the last.
    pub end: Position,
}

impl Span {
    /// Whether `position` is in it.
    #[must_use]
    pub fn contains(&self, position: Position) -> bool {
        self.start <= position && position < self.end
    }

    /// Whether the whole of `other` is in it.
    #[must_use]
    pub fn encloses(&self, other: &Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}
