use super::exporter::BoundedExporter;
use crate::{InitError, ServiceInfo, TelemetryConfig};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter as OtlpExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, IdGenerator, RandomIdGenerator, SpanData, SpanExporter,
    SpanProcessor,
};
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The SDK's defaults, spelt out so that the environment does not change them behind the
/// configuration's back.
const QUEUE: usize = 2_048;
const BATCH: usize = 512;
const INTERVAL: Duration = Duration::from_secs(5);

/// What became of the spans that were recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpanCounts {
    pub(crate) exported: u64,
    pub(crate) dropped: u64,
}

/// The way of a span from its end to the receiver.
pub(crate) struct Pipeline {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    flow: Arc<Flow>,
}

impl Pipeline {
    pub(crate) fn otlp(config: &TelemetryConfig, service: &ServiceInfo) -> Result<Self, InitError> {
        let build = || -> Result<OtlpExporter, InitError> {
            let exporter = OtlpExporter::builder()
                .with_tonic()
                .with_endpoint(&config.otlp_endpoint)
                .with_timeout(config.otlp_timeout)
                .build();
            exporter.map_err(|error| InitError::OtlpEndpoint(error.to_string()))
        };
        Self::new(build, config, service)
    }

    fn new<E: SpanExporter + 'static>(
        build: impl FnOnce() -> Result<E, InitError>,
        config: &TelemetryConfig,
        service: &ServiceInfo,
    ) -> Result<Self, InitError> {
        let flow = Arc::new(Flow::default());
        let exporter = BoundedExporter::new(build, config.otlp_timeout, flow.clone())?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(INTERVAL)
            .build();
        let mut processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        processor.set_resource(&resource(service));
        Ok(Self {
            processor,
            scope: InstrumentationScope::builder("carveout").build(),
            flow,
        })
    }

    /// What all spans are said to come from.
    pub(super) fn scope(&self) -> &InstrumentationScope {
        &self.scope
    }

    /// Takes a span that has ended, if there is room for one more.
    pub(super) fn send(&self, span: SpanData) {
        if self.flow.enter() {
            self.processor.on_end(span);
        }
    }

    pub(crate) fn counts(&self) -> SpanCounts {
        self.flow.counts()
    }

    /// Sends what is waiting, and gives up at the deadline. What was not sent then is counted as
    /// dropped.
    pub(crate) fn shutdown(&self, timeout: Duration) {
        self.flow.close_at(Instant::now() + timeout);
        // The exporter keeps the deadline itself; the rest is for a thread that gets no time to
        // run. An error is one that the exporter has counted.
        let _ = self
            .processor
            .shutdown_with_timeout(timeout + Duration::from_millis(100));
        self.flow.abandon();
    }
}

/// The later wins: whoever deploys the service may say which instance it is, and only the service
/// itself what it is.
fn resource(service: &ServiceInfo) -> Resource {
    let instance = RandomIdGenerator::default().new_trace_id().to_string();
    Resource::builder_empty()
        .with_attribute(KeyValue::new("service.instance.id", instance))
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_service_name(service.name.clone())
        .with_attribute(KeyValue::new("service.version", service.version.clone()))
        .build()
}

/// Counts spans on their way, and bounds how many are on it.
///
/// The batch processor has such a bound, and drops what is above it without saying how much.
#[derive(Debug, Default)]
pub(super) struct Flow {
    waiting: AtomicUsize,
    exported: AtomicU64,
    dropped: AtomicU64,
    deadline: OnceLock<Instant>,
}

impl Flow {
    /// Whether there is room for one more.
    fn enter(&self) -> bool {
        let room = self.waiting.fetch_add(1, Ordering::Relaxed) < QUEUE;
        if !room {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        room
    }

    pub(super) fn left(&self, spans: usize, exported: bool) {
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
        let counter = if exported {
            &self.exported
        } else {
            &self.dropped
        };
        counter.fetch_add(spans as u64, Ordering::Relaxed);
    }

    fn close_at(&self, deadline: Instant) {
        // The first shutdown decides.
        let _ = self.deadline.set(deadline);
    }

    pub(super) fn time_left(&self, now: Instant) -> Option<Duration> {
        self.deadline
            .get()
            .map(|deadline| deadline.saturating_duration_since(now))
    }

    fn abandon(&self) {
        let waiting = self.waiting.swap(0, Ordering::Relaxed);
        self.dropped.fetch_add(waiting as u64, Ordering::Relaxed);
    }

    fn counts(&self) -> SpanCounts {
        SpanCounts {
            exported: self.exported.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }
}

impl From<io::Error> for InitError {
    fn from(error: io::Error) -> Self {
        Self::Thread(error)
    }
}
