use super::place;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use std::fmt;
use tracing::Span;

/// The id of a trace, as W3C Trace Context has it. Displayed as 32 hexadecimal digits; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(pub(super) u128);

/// The id of a span. Displayed as 16 hexadecimal digits; never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpanId(pub(super) u64);

/// Where a span is in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanIds {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// Whether the trace is recorded, here or by a caller.
    pub sampled: bool,
}

impl TraceId {
    /// The id as a number.
    pub fn to_u128(self) -> u128 {
        self.0
    }

    pub(super) fn random() -> Self {
        let id = RandomIdGenerator::default().new_trace_id();
        // Zero would be no id.
        Self(u128::from_be_bytes(id.to_bytes()).max(1))
    }
}

impl SpanId {
    pub(super) fn random() -> Self {
        let id = RandomIdGenerator::default().new_span_id();
        Self(u64::from_be_bytes(id.to_bytes()).max(1))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The ids of a span. None if the span is disabled, or its subscriber was not set up by this crate.
///
/// After this the span has its place in the trace: call [`crate::adopt_parent`] before.
pub fn ids(span: &Span) -> Option<SpanIds> {
    place::of(span, |place| place.show())
}

/// The trace that a span belongs to. See [`ids`].
pub fn trace_id(span: &Span) -> Option<TraceId> {
    ids(span).map(|ids| ids.trace_id)
}
