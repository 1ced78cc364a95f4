use super::ids::{SpanId, SpanIds};
use super::propagation::RemoteParent;
use opentelemetry::trace::TraceState;
use std::sync::atomic::{AtomicBool, Ordering};
use tracing::Span;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Where a span is in its trace.
///
/// A span that is not sent has one from when somebody asks: most have none ever.
#[derive(Debug)]
pub(super) struct Place {
    ids: SpanIds,
    state: TraceState,
    parent: Option<SpanId>,
    parent_is_remote: bool,
    /// Whether somebody has seen these ids: from then on they stay.
    seen: AtomicBool,
}

impl Place {
    /// The first of its trace.
    pub(super) fn root(ids: SpanIds) -> Self {
        Self {
            ids,
            state: TraceState::NONE,
            parent: None,
            parent_is_remote: false,
            seen: AtomicBool::new(false),
        }
    }

    /// Below a span of another process. What other systems say of the trace is for [`Self::carry`].
    pub(super) fn under(caller: SpanIds) -> Self {
        Self {
            parent: Some(caller.span_id),
            parent_is_remote: true,
            ..Self::root(SpanIds {
                span_id: SpanId::random(),
                ..caller
            })
        }
    }

    pub(super) fn child(&self) -> Self {
        let ids = self.show();
        Self {
            state: self.state.clone(),
            parent: Some(ids.span_id),
            ..Self::root(SpanIds {
                span_id: SpanId::random(),
                ..ids
            })
        }
    }

    /// Moves under `caller`. False if it is below another already, or its ids are known.
    pub(super) fn adopt(&mut self, caller: RemoteParent) -> bool {
        let free = self.parent.is_none() && !*self.seen.get_mut();
        if free {
            *self = Self::under(caller.ids);
            self.carry(caller.state);
        }
        free
    }

    /// Passes `state` on to whoever is called from here.
    pub(super) fn carry(&mut self, state: TraceState) {
        self.state = state;
    }

    /// The ids, which stay as they are from now on.
    pub(super) fn show(&self) -> SpanIds {
        self.seen.store(true, Ordering::Relaxed);
        self.ids
    }

    pub(super) fn state(&self) -> &TraceState {
        &self.state
    }

    pub(super) fn is_sampled(&self) -> bool {
        self.ids.sampled
    }

    pub(super) fn parent(&self) -> Option<SpanId> {
        self.parent
    }

    pub(super) fn parent_is_remote(&self) -> bool {
        self.parent_is_remote
    }
}

/// The place of a span that was set up by this crate, wherever its registry is.
pub(super) fn of<T>(span: &Span, look: impl FnOnce(&mut Place) -> T) -> Option<T> {
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let span = registry.span(id)?;
        ensure(&span)?;
        span.extensions_mut().get_mut().map(look)
    })?
}

/// The ids of a span, for whoever has it at hand, as a layer does.
pub(crate) fn ids_of<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<SpanIds> {
    let ids = || span.extensions().get().map(Place::show);
    ids().or_else(|| {
        ensure(span)?;
        ids()
    })
}

/// Gives the span its place below its parent if it has none yet. None if it cannot have one.
fn ensure<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<()> {
    if span.extensions().get::<Place>().is_some() {
        return Some(());
    }
    let parent = span.parent()?;
    ensure(&parent)?;
    let place = parent.extensions().get().map(Place::child)?;
    let mut extensions = span.extensions_mut();
    // Somebody else may have been quicker.
    if extensions.get_mut::<Place>().is_none() {
        extensions.insert(place);
    }
    Some(())
}
