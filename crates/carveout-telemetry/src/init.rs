use crate::control::LogControl;
use crate::filter::{ActiveFilter, Filter, FilterError};
use crate::log::{LogLayer, LogWriter, notice};
use crate::trace::{Pipeline, SpanLayer};
use crate::{Telemetry, TelemetryConfig};
use http::Uri;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use thiserror::Error;
use tracing::{Dispatch, dispatcher};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::SubscriberExt;

/// Who is speaking, in every log line and every span.
///
/// Which instance of the service it is (`service.instance.id`), spans say too: what
/// `OTEL_RESOURCE_ATTRIBUTES` has for it, or else a random id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// The name of the service (`service.name`).
    pub name: String,
    /// Its version (`service.version`).
    pub version: String,
}

/// Telemetry that could not be set up.
#[derive(Debug, Error)]
pub enum InitError {
    /// `log_level` is not a filter.
    #[error("telemetry.log_level: {0}")]
    LogLevel(#[from] FilterError),
    /// `sample_ratio` is not a share.
    #[error("telemetry.sample_ratio: {0} is not from 0 to 1")]
    SampleRatio(f64),
    /// `otlp_timeout` is zero.
    #[error("telemetry.otlp_timeout: must be above zero")]
    OtlpTimeout,
    /// `otlp_endpoint` is not one, or the exporter does not take it.
    #[error("telemetry.otlp_endpoint: {0}")]
    OtlpEndpoint(String),
    /// A thread or a runtime could not be started.
    #[error("cannot start a thread for telemetry: {0}")]
    Thread(io::Error),
    /// Standard output cannot be used.
    #[error("cannot use standard output: {0}")]
    Output(io::Error),
    /// There is a subscriber in this process already.
    #[error("telemetry was set up twice in this process")]
    Twice,
}

/// Sets telemetry up for the whole process: logs to standard output, spans to where the
/// configuration says.
///
/// Needs no runtime, and takes none: call it first thing in `main`. Keep what it returns, and shut
/// it down last.
///
/// # Errors
///
/// If the configuration cannot be used, a thread cannot be started, or the process has a subscriber
/// already. A receiver that is not there is no error.
pub fn init(config: &TelemetryConfig, service: ServiceInfo) -> Result<Telemetry, InitError> {
    // Not by the handle of the standard library: a write that waits for a reader holds its lock, and what
    // is in its buffer is written once more when the process ends.
    let output = io::stdout().as_fd().try_clone_to_owned();
    let output = File::from(output.map_err(InitError::Output)?);
    let (dispatch, telemetry) = dispatch(config, service, output)?;
    dispatcher::set_global_default(dispatch).map_err(|_| InitError::Twice)?;
    Ok(telemetry)
}

/// The same without touching the process: log lines go to `output`, and the dispatcher to whoever
/// installs it, as a test does with [`tracing::dispatcher::with_default`].
///
/// # Errors
///
/// If the configuration cannot be used, or a thread cannot be started.
pub fn dispatch(
    config: &TelemetryConfig,
    service: ServiceInfo,
    output: impl io::Write + Send + 'static,
) -> Result<(Dispatch, Telemetry), InitError> {
    config.check()?;
    let filter = Filter::parse(&config.log_level)?;
    let active = ActiveFilter::new(&filter);
    let pipeline = if config.otlp_enabled {
        Some(Arc::new(Pipeline::otlp(config, &service)?))
    } else {
        None
    };
    let writer = LogWriter::spawn(output, notice(config.log_format, &service.name))?;
    let log = LogLayer::new(config.log_format, &service.name, writer.clone());

    let spans = SpanLayer::new(config.sample_ratio, pipeline.clone());
    let dispatch = assemble(spans, log, active.clone());
    let control = LogControl::new(active, filter);
    Ok((dispatch, Telemetry::new(pipeline, writer, control)))
}

impl TelemetryConfig {
    /// Whether this can be used, as far as can be known without trying.
    ///
    /// # Errors
    ///
    /// The first key that cannot.
    pub fn check(&self) -> Result<(), InitError> {
        Filter::parse(&self.log_level)?;
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            return Err(InitError::SampleRatio(self.sample_ratio));
        }
        if self.otlp_timeout.is_zero() {
            return Err(InitError::OtlpTimeout);
        }
        check_endpoint(&self.otlp_endpoint)
    }
}

/// The exporter would take an empty endpoint for one that the environment names, and a path for a
/// host.
fn check_endpoint(endpoint: &str) -> Result<(), InitError> {
    let uri: Option<Uri> = endpoint.parse().ok();
    let scheme = uri
        .as_ref()
        .filter(|uri| uri.host().is_some())
        .and_then(Uri::scheme_str);
    let problem = match scheme {
        Some("http") => return Ok(()),
        Some("https") => "TLS is not supported: send to an agent on this node, as http://HOST:PORT",
        _ => "expected http://HOST:PORT",
    };
    Err(InitError::OtlpEndpoint(format!("`{endpoint}`: {problem}")))
}

fn assemble(spans: SpanLayer, log: LogLayer, active: ActiveFilter) -> Dispatch {
    let subscriber = Registry::default()
        .with(spans)
        .with(log)
        // Outermost, so that what it refuses reaches nothing below and stays as cheap as one load.
        .with(active);
    Dispatch::new(subscriber)
}
