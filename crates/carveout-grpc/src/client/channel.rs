use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use carveout_metrics::{Metrics, RpcMetrics};
use http::HeaderValue;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;
use tonic::transport;
use tower::{Service, ServiceExt};

use super::answer::{self, Expected};
use super::config::ClientConfig;
use super::failure;
use crate::contract::all_methods;
use crate::deadline::{self, Alarms, Timed};
use crate::observe::{Observed, Side};
use crate::ongoing::Ongoing;
use crate::secure::Secure;

const HTTPS_PORT: u16 = 443;

/// A connection to a downstream service, made at the first call and again whenever it is lost. Give
/// it to a generated client:
///
/// ```
/// use carveout_grpc::{Channel, ClientConfig};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let channel = Channel::new(&ClientConfig::to("http://127.0.0.1:20000")).unwrap();
/// // OrdersServiceClient::new(channel)
/// # }
/// ```
///
/// Every call through it carries a deadline and the current span's trace, and is measured once
/// [`observed_by`](Self::observed_by) a registry. Clones share the connection.
#[derive(Clone)]
pub struct Channel {
    inner: transport::Channel,
    timeout: Duration,
    max_message_size: usize,
    alarms: Alarms,
    calls: RpcMetrics,
    /// For each method that `calls` knows, whether its answer is a stream.
    streams: Arc<[bool]>,
}

/// `target` is not the address of a service.
#[derive(Debug, thiserror::Error)]
#[error("{target:?} is not an address such as \"http://orders:20000\": {why}")]
pub struct TargetError {
    target: String,
    why: String,
}

impl Channel {
    /// A channel to `config.target`, an `http://` address. Nothing is connected yet: a service
    /// starts whether or not those that it asks are there.
    ///
    /// # Panics
    /// Outside a tokio runtime: the connection lives on the current one.
    pub fn new(config: &ClientConfig) -> Result<Self, TargetError> {
        let endpoint = endpoint(config, "http")?;
        Ok(Self::of(config, endpoint.connect_lazy()))
    }

    /// A channel to an `https://` address: `secure` does the handshake of every connection.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn secured(config: &ClientConfig, secure: Arc<dyn Secure>) -> Result<Self, TargetError> {
        let endpoint = endpoint(config, "https")?;
        let connector = tower::service_fn(move |uri: http::Uri| {
            let secure = secure.clone();
            async move {
                // The brackets of an IPv6 address are the URI's own.
                let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
                let port = uri.port_u16().unwrap_or(HTTPS_PORT);
                let tcp = TcpStream::connect((host, port)).await?;
                tcp.set_nodelay(true)?;
                secure.connect(tcp, host).await.map(TokioIo::new)
            }
        });
        let channel = endpoint.connect_with_connector_lazy(connector);
        Ok(Self::of(config, channel))
    }

    fn of(config: &ClientConfig, inner: transport::Channel) -> Self {
        Self {
            inner,
            timeout: config.timeout,
            max_message_size: config.max_message_size,
            alarms: Alarms::default(),
            calls: RpcMetrics::none(),
            streams: Arc::default(),
        }
    }

    /// Counts and times the calls of the services that `descriptors` (an API crate's
    /// `FILE_DESCRIPTOR_SET`) describe, and holds their answers to the number of messages that is
    /// described there.
    pub fn observed_by(mut self, metrics: &Metrics, descriptors: &[u8]) -> Self {
        let (names, streams): (Vec<_>, Vec<_>) = all_methods(descriptors).into_iter().unzip();
        self.calls = RpcMetrics::client(metrics, names);
        self.streams = streams.into();
        self
    }

    /// The sooner of this channel's own timeout and the end of the call that is being handled. A
    /// timeout beyond what the clock can tell is no bound.
    fn deadline(&self, now: Instant, asked: Option<Duration>) -> Option<Instant> {
        let own = now.checked_add(asked.unwrap_or(self.timeout));
        let outer = Ongoing::current_deadline();
        own.into_iter().chain(outer).min()
    }
}

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // Waiting for a connection is part of the call, so that one deadline bounds both.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let now = Instant::now();
        let method = self.calls.index_of(request.uri().path());
        let observed = Observed::start(&self.calls, method, Side::Client, now, &mut request);
        // A timeout that the caller set on this one request (tonic's `Request::set_timeout`)
        // counts; a malformed one cannot come from there.
        let asked = deadline::timeout_of(request.headers()).ok().flatten();
        let deadline = self.deadline(now, asked);
        if let Some(deadline) = deadline {
            let left = deadline::format_timeout(deadline.saturating_duration_since(now));
            if let Ok(value) = HeaderValue::try_from(left) {
                request.headers_mut().insert(&deadline::GRPC_TIMEOUT, value);
            }
        }
        let expected = Expected {
            // A method without a contract may answer with any number.
            single: method.is_some_and(|method| self.streams.get(method) == Some(&false)),
            accept_encoding: request.headers().get(answer::ACCEPT_ENCODING).cloned(),
            max_message_size: self.max_message_size,
            deadline,
        };
        let mut inner = self.inner.clone();
        let answer = async move {
            match inner.ready().await {
                Ok(ready) => ready.call(request).await,
                Err(error) => Err(error),
            }
            .map_err(|error| expected.late_or(failure::status_of(&error)))
            .and_then(|response| answer::checked(response, expected))
        };
        let alarm = deadline.map(|deadline| self.alarms.at(deadline));
        let answer = observed.watch(async move { Timed::new(answer, alarm).await.flatten() });
        Box::pin(async move { Ok(answer.await?.map(Body::new)) })
    }
}

/// Reads the address of a service, with whichever of the two schemes.
pub(super) fn address(target: &str) -> Result<http::Uri, TargetError> {
    let refused = |why: &dyn Display| TargetError {
        target: target.to_owned(),
        why: why.to_string(),
    };
    let uri: http::Uri = target
        .parse()
        .map_err(|error: http::uri::InvalidUri| refused(&error))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(refused(&"it has to begin with http:// or https://"));
    }
    match uri.host() {
        None | Some("") => Err(refused(&"it names no host")),
        Some(_) => Ok(uri),
    }
}

fn endpoint(config: &ClientConfig, scheme: &str) -> Result<transport::Endpoint, TargetError> {
    let uri = address(&config.target)?;
    if uri.scheme_str() != Some(scheme) {
        return Err(TargetError {
            target: config.target.clone(),
            why: match scheme {
                "http" => "https:// needs [tls] with enabled = true".to_owned(),
                scheme => format!("it has to begin with {scheme}://"),
            },
        });
    }
    Ok(transport::Endpoint::from(uri)
        .connect_timeout(config.connect_timeout)
        .http2_keep_alive_interval(config.keepalive_interval)
        .keep_alive_timeout(config.keepalive_timeout)
        .tcp_nodelay(true))
}
