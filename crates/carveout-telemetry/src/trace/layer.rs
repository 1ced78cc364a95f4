use super::Pipeline;
use super::ids::{SpanId, SpanIds, TraceId};
use super::place::{self, Place};
use super::propagation;
use super::recording::Recording;
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, ShouldSample};
use std::sync::Arc;
use tracing::Subscriber;
use tracing::span::{Attributes, Id, Record};
use tracing_core::span::Current;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Gives every span its place in a trace, and records those that are to be sent.
///
/// `tracing-opentelemetry` does that too, and work at every enter and exit besides: it was a fifth
/// of what a call costs. Here a span costs its ids, one within a trace that is not sent not even those
/// until somebody asks, and what it says is kept only if it is sent.
pub(crate) struct SpanLayer {
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
            sampler: Sampler::TraceIdRatioBased(sample_ratio),
            pipeline,
        }
    }

    /// The first span of a trace.
    fn root(&self) -> Place {
        let trace_id = TraceId::random();
        let kind = opentelemetry::trace::SpanKind::Internal;
        let result = self
            .sampler
            .should_sample(None, trace_id.0.into(), "", &kind, &[], &[]);
        Place::root(SpanIds {
            trace_id,
            span_id: SpanId::random(),
            sampled: matches!(result.decision, SamplingDecision::RecordAndSample),
        })
    }

    /// What the span that is being made is below.
    fn parent<S>(&self, attributes: &Attributes<'_>, context: &Context<'_, S>) -> Parent
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let current = if attributes.is_contextual() {
            context.current_span()
        } else {
            Current::none()
        };
        let Some(parent) = attributes.parent().or(current.id()) else {
            return Parent::None;
        };
        if self.pipeline.is_none() {
            return Parent::Unsent;
        }
        let Some(parent) = context.span(parent) else {
            return Parent::None;
        };
        // What is below a span that is sent is sent, and the other way round: its ids stay.
        match place::ids_of(&parent) {
            Some(ids) if ids.sampled => parent
                .extensions()
                .get()
                .map(Place::child)
                .map_or(Parent::None, Parent::Sent),
            Some(_) => Parent::Unsent,
            None => Parent::None,
        }
    }
}

/// What a span that is being made is below.
enum Parent {
    None,
    /// A span that is not sent to anywhere.
    Unsent,
    /// One that is sent, so that this one is too. Its place.
    Sent(Place),
}

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let awaited = propagation::awaited();
        let is_final = awaited.is_some();
        let place = match awaited.flatten() {
            Some(caller) => Place::under(caller),
            None => match self.parent(attributes, &context) {
                Parent::None => self.root(),
                Parent::Sent(place) => place,
                // Whoever asks finds out.
                Parent::Unsent if !is_final => return,
                Parent::Unsent => {
                    if let Some(ids) = context.span(id).as_ref().and_then(place::ids_of) {
                        propagation::placed(ids);
                    }
                    return;
                }
            },
        };
        // A root may yet be given a parent, and is recorded for the case that it is sampled then.
        let recorded = self.pipeline.is_some() && (place.is_sampled() || !is_final);
        if is_final {
            propagation::placed(place.show());
        }
        let Some(span) = context.span(id) else {
            return;
        };
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
