use opentelemetry::trace::{
    Span, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, TraceFlags, Tracer,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SamplingDecision, ShouldSample,
};
use std::borrow::Cow;
use std::time::SystemTime;

/// Which traces are recorded: what the caller decided, or else this share of those that begin here.
pub(crate) fn sampler(ratio: f64) -> Sampler {
    Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)))
}

/// The tracer of a service that sends its spans nowhere. They have ids, for the logs and for
/// whoever is called, and that is all.
///
/// The sampled flag is passed on as if they were recorded. The SDK's tracer would clear it, and
/// everything behind this service would be missing from a trace that its caller records.
#[derive(Debug)]
pub(crate) struct UnrecordedTracer {
    ids: RandomIdGenerator,
    sampler: Sampler,
}

impl UnrecordedTracer {
    pub(crate) fn new(sample_ratio: f64) -> Self {
        Self {
            ids: RandomIdGenerator::default(),
            sampler: sampler(sample_ratio),
        }
    }
}

impl Tracer for UnrecordedTracer {
    type Span = UnrecordedSpan;

    fn build_with_context(&self, builder: SpanBuilder, parent: &Context) -> Self::Span {
        let span = parent.span();
        let caller = Some(span.span_context()).filter(|caller| caller.is_valid());
        let trace_id = caller.map_or_else(|| self.ids.new_trace_id(), SpanContext::trace_id);
        let result = self.sampler.should_sample(
            Some(parent),
            trace_id,
            &builder.name,
            &SpanKind::Internal,
            &[],
            &[],
        );
        let sampled = result.decision == SamplingDecision::RecordAndSample;
        let flags = if sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::default()
        };
        let state = result.trace_state;
        UnrecordedSpan(SpanContext::new(
            trace_id,
            self.ids.new_span_id(),
            flags,
            false,
            state,
        ))
    }
}

/// Ids without a recording.
#[derive(Debug)]
pub(crate) struct UnrecordedSpan(SpanContext);

impl Span for UnrecordedSpan {
    fn span_context(&self) -> &SpanContext {
        &self.0
    }

    fn is_recording(&self) -> bool {
        false
    }

    fn add_event_with_timestamp<T>(&mut self, _: T, _: SystemTime, _: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
    }

    fn set_attribute(&mut self, _: KeyValue) {}

    fn set_status(&mut self, _: Status) {}

    fn update_name<T>(&mut self, _: T)
    where
        T: Into<Cow<'static, str>>,
    {
    }

    fn add_link(&mut self, _: SpanContext, _: Vec<KeyValue>) {}

    fn end_with_timestamp(&mut self, _: SystemTime) {}
}
