use super::Pipeline;
use super::ids::{SpanId, SpanIds, TraceId};
use super::place::Place;
use super::propagation;
use super::recording::Recording;
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
        Place::root(SpanIds {
            // Zero would be no id.
            trace_id: TraceId(u128::from_be_bytes(trace_id.to_bytes()).max(1)),
            span_id: self.span_id(),
            sampled: matches!(result.decision, SamplingDecision::RecordAndSample),
        })
    }

    fn span_id(&self) -> SpanId {
        let id = self.ids.new_span_id();
        SpanId(u64::from_be_bytes(id.to_bytes()).max(1))
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
        let awaited = propagation::awaited();
        let is_final = awaited.is_some();
        let place = match awaited.flatten() {
            Some(caller) => Place::under(caller, self.span_id()),
            // The registry has found the parent already, named or current.
            None => span
                .parent()
                .and_then(|parent| {
                    let extensions = parent.extensions();
                    Some(extensions.get::<Place>()?.child(self.span_id()))
                })
                .unwrap_or_else(|| self.root()),
        };
        // One that may yet be given a parent is recorded for the case that it is sampled then.
        let recorded = self.pipeline.is_some() && (place.is_sampled() || !is_final);
        if is_final {
            propagation::placed(place.show());
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
