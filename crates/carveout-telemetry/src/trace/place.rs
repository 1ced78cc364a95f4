use opentelemetry::trace::{SpanContext, SpanId};
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a span is in its trace.
#[derive(Debug)]
pub(super) struct Place {
    context: SpanContext,
    parent: SpanId,
    parent_is_remote: bool,
    /// Whether somebody has seen these ids: from then on they stay.
    seen: AtomicBool,
}

impl Place {
    pub(super) fn root(context: SpanContext) -> Self {
        Self {
            context,
            parent: SpanId::INVALID,
            parent_is_remote: false,
            seen: AtomicBool::new(false),
        }
    }

    /// Below a span of another process.
    pub(super) fn under(caller: &SpanContext, span_id: SpanId) -> Self {
        Self {
            context: below(caller, span_id),
            parent: caller.span_id(),
            parent_is_remote: true,
            seen: AtomicBool::new(false),
        }
    }

    pub(super) fn child(&self, span_id: SpanId) -> Self {
        let context = self.context();
        Self {
            context: below(context, span_id),
            parent: context.span_id(),
            parent_is_remote: false,
            seen: AtomicBool::new(false),
        }
    }

    /// Moves under `caller`. False if the ids are known already.
    pub(super) fn adopt(&mut self, caller: &SpanContext) -> bool {
        let free = !*self.seen.get_mut();
        if free {
            *self = Self::under(caller, self.context.span_id());
        }
        free
    }

    pub(super) fn context(&self) -> &SpanContext {
        self.seen.store(true, Ordering::Relaxed);
        &self.context
    }

    pub(super) fn is_sampled(&self) -> bool {
        self.context.is_sampled()
    }

    /// The ids of the parent, and whether it is in another process.
    pub(super) fn parent(&self) -> (SpanId, bool) {
        (self.parent, self.parent_is_remote)
    }
}

fn below(parent: &SpanContext, span_id: SpanId) -> SpanContext {
    let (trace_id, flags) = (parent.trace_id(), parent.trace_flags());
    SpanContext::new(
        trace_id,
        span_id,
        flags,
        false,
        parent.trace_state().clone(),
    )
}
