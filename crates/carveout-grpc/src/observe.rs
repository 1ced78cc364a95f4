use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use carveout_metrics::{Call, RpcMetrics};
use carveout_telemetry::TraceId;
use http::HeaderMap;
use http_body::{Body, Frame};
use pin_project_lite::pin_project;
use tonic::{Code, Status};
use tracing::{Level, Span, field};

use crate::error::code_name;
use crate::slow::{Answering, Asking};

/// Which end of a call is being observed.
pub(crate) enum Side {
    Server(Answering),
    Client,
}

/// One call under observation: its span and its place in the metrics, from its first byte to the
/// end of its answer.
///
/// Dropped before the end it counts as CANCELLED: the other side went away.
pub(crate) struct Observed {
    span: Span,
    call: Option<Call>,
    calls: Arc<RpcMetrics>,
    method: Option<usize>,
    /// As a server.
    answering: Option<Answering>,
    /// As a client.
    asking: Option<Asking>,
}

impl Observed {
    /// Begins to observe `request`: as a server, continues the caller's trace; as a client, hands
    /// on the current one.
    pub(crate) fn start<B>(
        calls: &Arc<RpcMetrics>,
        method: Option<usize>,
        side: Side,
        request: &mut http::Request<B>,
    ) -> Self {
        let name = method_name(calls, method);
        let span = match &side {
            Side::Server(_) => carveout_telemetry::below_caller(request.headers(), || {
                tracing::span!(
                    target: "carveout::rpc", Level::INFO, "rpc",
                    otel.name = name, otel.kind = "server", rpc.system.name = "grpc", rpc.method = name,
                    rpc.response.status_code = field::Empty,
                )
            })
            .0,
            Side::Client => {
                let span = tracing::span!(
                    target: "carveout::rpc", Level::INFO, "rpc",
                    otel.name = name, otel.kind = "client", rpc.system.name = "grpc", rpc.method = name,
                    rpc.response.status_code = field::Empty,
                );
                carveout_telemetry::inject(&span, request.headers_mut());
                span
            }
        };
        let (answering, asking) = match side {
            Side::Server(answering) => (Some(answering), None),
            Side::Client => (None, Asking::begin()),
        };
        Self {
            call: Some(calls.start(method)),
            span,
            calls: calls.clone(),
            method,
            answering,
            asking,
        }
    }

    pub(crate) fn in_span<T>(&self, run: impl FnOnce() -> T) -> T {
        self.span.in_scope(|| match &self.answering {
            Some(answering) => answering.scope(run),
            None => run(),
        })
    }

    /// Watches `answer` and, through its body, the rest of the call.
    pub(crate) fn watch<F>(self, answer: F) -> ObservedFuture<F> {
        ObservedFuture {
            inner: answer,
            observed: Some(self),
        }
    }

    fn end(&mut self, code: Code) {
        let Some(call) = self.call.take() else { return };
        let code = code_name(code);
        self.span.record("rpc.response.status_code", code);
        let trace_id = carveout_telemetry::trace_id(&self.span);
        call.finish(code, trace_id.map(TraceId::to_u128));
        let method = method_name(&self.calls, self.method);
        if let Some(answering) = self.answering.take() {
            answering.end(method, code, trace_id);
        }
        if let Some(asking) = self.asking.take() {
            asking.end(method, code);
        }
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.end(Code::Cancelled);
    }
}

fn in_span<T>(observed: &Option<Observed>, run: impl FnOnce() -> T) -> T {
    match observed {
        Some(observed) => observed.in_span(run),
        None => run(),
    }
}

/// A caller must not be able to make up names, in spans as little as in metrics.
fn method_name(calls: &RpcMetrics, method: Option<usize>) -> &str {
    let name = method.and_then(|index| calls.method_name(index));
    name.unwrap_or(carveout_metrics::OTHER)
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    headers
        .get("grpc-status")
        .map(|value| Code::from_bytes(value.as_bytes()))
}

pin_project! {
    pub(crate) struct ObservedFuture<F> {
        #[pin]
        inner: F,
        observed: Option<Observed>,
    }
}

impl<F, B, E> Future for ObservedFuture<F>
where
    F: Future<Output = Result<http::Response<B>, E>>,
    E: EndCode,
{
    type Output = Result<http::Response<ObservedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(in_span(this.observed, || this.inner.poll(cx)));
        let mut observed = this.observed.take();
        if let Some(answering) = observed.as_mut().and_then(|it| it.answering.as_mut()) {
            answering.answered();
        }
        match &result {
            // An answer that is over with its headers has its status there ("trailers only").
            Ok(response) => {
                if let (Some(code), Some(observed)) = (code_in(response.headers()), &mut observed) {
                    observed.end(code);
                }
            }
            Err(error) => {
                if let Some(observed) = &mut observed {
                    observed.end(error.code());
                }
            }
        }
        Poll::Ready(result.map(|response| response.map(|inner| ObservedBody { inner, observed })))
    }
}

/// The code that a call ends with when it fails outside of any answer.
pub(crate) trait EndCode {
    fn code(&self) -> Code;
}

impl EndCode for std::convert::Infallible {
    fn code(&self) -> Code {
        match *self {}
    }
}

impl EndCode for Status {
    fn code(&self) -> Code {
        Status::code(self)
    }
}

pin_project! {
    /// The body of a call under observation.
    pub(crate) struct ObservedBody<B> {
        #[pin]
        inner: B,
        observed: Option<Observed>,
    }
}

impl<B> Body for ObservedBody<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let polled = ready!(in_span(this.observed, || this.inner.poll_frame(cx)));
        let ended = match &polled {
            Some(Ok(frame)) => frame
                .trailers_ref()
                .map(|trailers| code_in(trailers).unwrap_or(Code::Unknown)),
            Some(Err(_)) => Some(Code::Unknown),
            None => Some(Code::Unknown),
        };
        if let Some(code) = ended
            && let Some(mut observed) = this.observed.take()
        {
            observed.end(code);
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}
