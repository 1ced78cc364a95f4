use super::Pipeline;
use super::place::Place;
use super::propagation;
use super::recording::Recording;
use opentelemetry::trace::{SpanContext, TraceFlags};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample,
};
use std::sync::Arc;
use tracing::Subscriber;
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Gives every span its place in a trace, and records those that are to be sent.
///
/// `tracing-opentelemetry` does that too, and work at every enter and exit besides: it was a fifth
/// of what a call costs. Here a span costs its ids, and what it says is kept only if it is sent.
pub(crate) struct SpanLayer {
    ids: RandomIdGenerator,
    /// Decides for traces that begin here; whoever called has decided for its own.
    sampler: Sampler,
    /// Without one, spans have ids, for the logs and for whoever is called, and that is all. The
    /// sampled flag is passed on as if they were recorded: cleared, it would lose everything behind
    /// this service from a trace that its caller records.
    pipeline: Option<Arc<Pipeline>>,
}

impl SpanLayer {
    pub(crate) fn new(sample_ratio: f64, pipeline: Option<Arc<Pipeline>>) -> Self {
        Self {
            ids: RandomIdGenerator::default(),
            sampler: Sampler::TraceIdRatioBased(sample_ratio),
            pipeline,
        }
    }

    /// The first span of a trace.
    fn root(&self) -> Place {
        let trace_id = self.ids.new_trace_id();
        let kind = opentelemetry::trace::SpanKind::Internal;
        let result = self
            .sampler
            .should_sample(None, trace_id, "", &kind, &[], &[]);
        let flags = match result.decision {
            SamplingDecision::RecordAndSample => TraceFlags::SAMPLED,
            _ => TraceFlags::default(),
        };
        let span_id = self.ids.new_span_id();
        Place::root(SpanContext::new(
            trace_id,
            span_id,
            flags,
            false,
            Default::default(),
        ))
    }
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        let (is_final, caller) = match propagation::awaited() {
            Some(caller) => (true, caller),
            None => (false, None),
        };
        let place = match caller {
            Some(caller) => Place::under(&caller, self.ids.new_span_id()),
            // The registry has found the parent already, named or current.
            None => span
                .parent()
                .and_then(|parent| {
                    Some(
                        parent
                            .extensions()
                            .get::<Place>()?
                            .child(self.ids.new_span_id()),
                    )
                })
                .unwrap_or_else(|| self.root()),
        };
        // One that may yet be given a parent is recorded for the case that it is sampled then.
        let recorded = self.pipeline.is_some() && (place.is_sampled() || !is_final);
        if is_final {
            propagation::placed(&place);
        }
        let mut extensions = span.extensions_mut();
        extensions.insert(place);
        if recorded {
            extensions.insert(Recording::begin(attributes));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if self.pipeline.is_none() {
            return;
        }
        let Some(span) = context.span(id) else {
            return;
        };
        if let Some(recording) = span.extensions_mut().get_mut::<Recording>() {
            recording.add(values);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(pipeline) = &self.pipeline else {
            return;
        };
        let Some(span) = context.span(&id) else {
            return;
        };
        let mut extensions = span.extensions_mut();
        if let (Some(recording), Some(place)) = (
            extensions.remove::<Recording>(),
            extensions.get_mut::<Place>(),
        ) && place.is_sampled()
        {
            pipeline.send(recording.end(place, pipeline.scope()));
        }
    }
}
