//! What a type becomes in a contract, and whether it can cross at all.

use crate::model::ItemId;
use crate::report::Verdict;

/// What a Rust type becomes.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    /// The shape in the contract; `None` for what does not cross.
    pub(super) shape: Shape,
    /// Whether it can cross.
    pub(super) verdict: Verdict,
    /// What to know, or why it cannot.
    pub(super) note: Option<String>,
    /// The edit that would let it cross, where it cannot.
    pub(super) suggestion: Option<String>,
    /// The workspace's types that it brings across.
    pub(super) types: Vec<ItemId>,
    /// What it takes on the wire, in bytes, roughly.
    pub(super) size: usize,
}

/// A shape that protobuf can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Nothing: `()`, or what the service has of its own.
    Nothing,
    /// A scalar, by protobuf's name for it.
    Scalar(&'static str),
    /// A message or an enum, by name.
    Named(String),
    /// `optional`.
    Optional(Box<Shape>),
    /// `repeated`.
    Repeated(Box<Shape>),
    /// `map`.
    Map(Box<Shape>, Box<Shape>),
    /// A stream of messages.
    Stream(Box<Shape>),
}

impl Shape {
    /// As a contract writes it.
    pub(super) fn written(&self) -> Option<String> {
        Some(match self {
            Shape::Nothing => return None,
            Shape::Scalar(name) => (*name).to_owned(),
            Shape::Named(name) => name.clone(),
            Shape::Optional(of) => format!("optional {}", of.written()?),
            Shape::Repeated(of) => format!("repeated {}", of.written()?),
            Shape::Map(key, value) => format!("map<{}, {}>", key.written()?, value.written()?),
            Shape::Stream(of) => format!("stream {}", of.written()?),
        })
    }

    /// Whether it can stand behind `optional`, `repeated` or in a map.
    pub(super) fn is_single(&self) -> bool {
        matches!(self, Shape::Scalar(_) | Shape::Named(_))
    }

    /// Whether it can be the key of a map.
    pub(super) fn is_key(&self) -> bool {
        matches!(self, Shape::Scalar(name) if !matches!(*name, "double" | "float" | "bytes"))
    }
}

impl Wire {
    /// As it is.
    pub(super) fn plain(shape: Shape, size: usize) -> Self {
        Self {
            shape,
            verdict: Verdict::Wire,
            note: None,
            suggestion: None,
            types: Vec::new(),
            size,
        }
    }

    /// Converted by the shim.
    pub(super) fn converted(shape: Shape, size: usize, note: impl Into<String>) -> Self {
        Self::plain(shape, size).with(Verdict::Convert, note)
    }

    /// Not sent: the service has its own.
    pub(super) fn dropped(note: impl Into<String>) -> Self {
        Self::plain(Shape::Nothing, 0).with(Verdict::Drop, note)
    }

    /// Not to be sent, and what would change that.
    pub(super) fn blocked(note: impl Into<String>, suggestion: impl Into<String>) -> Self {
        Self {
            suggestion: Some(suggestion.into()),
            ..Self::plain(Shape::Nothing, 0).with(Verdict::Blocked, note)
        }
    }

    /// At least `verdict`, for the reason `note`.
    pub(super) fn with(mut self, verdict: Verdict, note: impl Into<String>) -> Self {
        self.verdict = self.verdict.max(verdict);
        let note = note.into();
        self.note = Some(match self.note.take() {
            Some(before) if before != note => format!("{note}; {before}"),
            _ => note,
        });
        self
    }

    /// The same content in another shape.
    pub(super) fn reshaped(self, reshape: impl FnOnce(Box<Shape>) -> Shape) -> Self {
        Self {
            shape: reshape(Box::new(self.shape)),
            ..self
        }
    }

    /// A message of these fields: what cannot be sent in one cannot be sent in it.
    pub(super) fn of_parts<'w>(mut self, parts: impl Iterator<Item = (&'w str, &'w Wire)>) -> Self {
        for (name, part) in parts {
            if part.is_blocked() && !self.is_blocked() {
                let why = part.note.as_deref().unwrap_or("it cannot be sent");
                self.note = Some(format!("its {name}: {why}"));
                self.suggestion.clone_from(&part.suggestion);
            }
            self.verdict = self.verdict.max(part.verdict);
            self.types.extend(&part.types);
            self.size = self.size.saturating_add(part.size);
        }
        self
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.verdict == Verdict::Blocked
    }
}
