use super::pipeline::Flow;
use super::quiet::Quiet;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tracing::Dispatch;
use tracing::dispatcher::with_default;

/// How often the log says that spans cannot be sent.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);

/// Sends batches through another exporter, on a runtime of its own, within a bound, and counts what
/// becomes of them.
///
/// The batch processor of the SDK has a thread and no runtime; tonic needs one. Running it here, on
/// that very thread, means that spans neither need a worker to be free nor take one: a service
/// whose workers are jammed still sends what it recorded until then. Between two batches the
/// connection is not driven; if the receiver closed it meanwhile, the next batch opens another.
#[derive(Debug)]
pub(super) struct BoundedExporter<E> {
    inner: E,
    runtime: Runtime,
    timeout: Duration,
    flow: Arc<Flow>,
    complaints: Mutex<Quiet>,
}

impl<E: SpanExporter> BoundedExporter<E> {
    /// `build` runs within the runtime that the exporter will be driven by.
    pub(super) fn new<X>(
        build: impl FnOnce() -> Result<E, X>,
        timeout: Duration,
        flow: Arc<Flow>,
    ) -> Result<Self, X>
    where
        X: From<io::Error>,
    {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let inner = {
            let _within = runtime.enter();
            build()?
        };
        Ok(Self {
            inner,
            runtime,
            timeout,
            flow,
            complaints: Mutex::new(Quiet::new(COMPLAINT_INTERVAL)),
        })
    }

    fn send(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let timeout = self
            .flow
            .time_left(Instant::now())
            .map_or(self.timeout, |left| left.min(self.timeout));
        if timeout.is_zero() {
            return Err(OTelSdkError::Timeout(timeout));
        }
        let sending = async {
            tokio::time::timeout(timeout, self.inner.export(batch))
                .await
                .unwrap_or(Err(OTelSdkError::Timeout(timeout)))
        };
        // What the client's libraries say of this connection would read as if it were about one of
        // the service's own, at the very moment when somebody has turned the log up to look at
        // those.
        with_default(&Dispatch::none(), || self.runtime.block_on(sending))
    }

    fn complain(&self, spans: usize, error: &OTelSdkError) {
        let mut complaints = self
            .complaints
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(batches) = complaints.say(Instant::now()) {
            tracing::warn!(
                target: "carveout::telemetry",
                spans,
                batches_since_last_warning = batches,
                error = %error,
                "spans could not be sent and are lost; the service is not affected"
            );
        }
    }
}

impl<E: SpanExporter> SpanExporter for BoundedExporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.send(batch);
        self.flow.left(spans, result.is_ok());
        if let Err(error) = &result {
            self.complain(spans, error);
        }
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
