use super::place::Place;
use std::fmt;
use tracing::Span;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{Extensions, ExtensionsMut, LookupSpan};

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
    with_extensions(span, |extensions| {
        extensions.get_mut().map(|place: &mut Place| place.show())
    })?
}

/// The trace that a span belongs to. See [`ids`].
pub fn trace_id(span: &Span) -> Option<TraceId> {
    ids(span).map(|ids| ids.trace_id)
}

/// Of a span that was set up by this crate, wherever its registry is.
pub(super) fn with_extensions<T>(
    span: &Span,
    run: impl FnOnce(&mut ExtensionsMut<'_>) -> T,
) -> Option<T> {
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let span = registry.span(id)?;
        let mut extensions = span.extensions_mut();
        Some(run(&mut extensions))
    })?
}

/// The same for whoever has a span's extensions, as a layer does.
pub(crate) fn ids_in(extensions: &Extensions<'_>) -> Option<SpanIds> {
    extensions.get().map(Place::show)
}
