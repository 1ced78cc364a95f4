use super::ids::{SpanId, SpanIds};
use super::propagation::RemoteParent;
use opentelemetry::trace::TraceState;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a span is in its trace.
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
    pub(super) fn under(caller: SpanIds, span_id: SpanId) -> Self {
        Self {
            parent: Some(caller.span_id),
            parent_is_remote: true,
            ..Self::root(SpanIds { span_id, ..caller })
        }
    }

    pub(super) fn child(&self, span_id: SpanId) -> Self {
        let ids = self.show();
        Self {
            state: self.state.clone(),
            parent: Some(ids.span_id),
            ..Self::root(SpanIds { span_id, ..ids })
        }
    }

    /// Moves under `caller`. False if the ids are known already.
    pub(super) fn adopt(&mut self, caller: RemoteParent) -> bool {
        let free = !*self.seen.get_mut();
        if free {
            *self = Self::under(caller.ids, self.ids.span_id);
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
