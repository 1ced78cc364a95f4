use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use carveout_metrics::{Call, Fault, RpcMetrics};
use carveout_telemetry::TraceId;
use http::{HeaderMap, HeaderName, HeaderValue};
use http_body::{Body, Frame};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use tracing::{Level, Span, field};

use crate::caller_fault::CallerFault;
use crate::error::code_name;
use crate::ongoing;
use crate::slow::{Answering, Asking};

/// Which end of a call is being observed.
pub(crate) enum Side {
    Server(Answering, CallerFault),
    Client,
}

/// One call under observation: its span and its place in the metrics, from its first byte to the
/// end of its answer.
///
/// Dropped before the end it counts as CANCELLED: the other side went away.
pub(crate) struct Observed {
    span: Span,
    trace_id: Option<TraceId>,
    call: Option<Call>,
    /// As a server.
    answering: Option<Answering>,
    /// As a client.
    asking: Option<Asking>,
    /// What the caller did wrong.
    fault: Option<CallerFault>,
}

impl Observed {
    /// Begins to observe `request`, which began `now`: as a server, continues the caller's trace; as
    /// a client, hands on the current one.
    pub(crate) fn start<B>(
        calls: &RpcMetrics,
        method: Option<usize>,
        side: Side,
        now: Instant,
        request: &mut http::Request<B>,
    ) -> Self {
        let call = calls.start_at(now.into_std(), method);
        // A caller must not be able to make up names, in spans as little as in metrics.
        let name = call.method();
        let (span, trace_id) = match &side {
            Side::Server(..) => {
                let (span, ids) = carveout_telemetry::below_caller(request.headers(), || {
                    tracing::span!(
                        target: "carveout::rpc", Level::INFO, "rpc",
                        otel.name = name, otel.kind = "server", rpc.system.name = "grpc", rpc.method = name,
                        rpc.response.status_code = field::Empty, error.reason = field::Empty,
                    )
                });
                (span, ids.map(|ids| ids.trace_id))
            }
            Side::Client => {
                let span = tracing::span!(
                    target: "carveout::rpc", Level::INFO, "rpc",
                    otel.name = name, otel.kind = "client", rpc.system.name = "grpc", rpc.method = name,
                    rpc.response.status_code = field::Empty,
                );
                carveout_telemetry::inject(&span, request.headers_mut());
                let trace_id = carveout_telemetry::trace_id(&span);
                (span, trace_id)
            }
        };
        let (answering, asking, fault) = match side {
            Side::Server(answering, fault) => (Some(answering), None, Some(fault)),
            Side::Client => (None, Asking::begin(now), None),
        };
        Self {
            span,
            trace_id,
            call: Some(call),
            answering,
            asking,
            fault,
        }
    }

    /// Whatever this thread does belongs to the call until what this returns is dropped.
    pub(crate) fn enter(&self) -> (tracing::span::Entered<'_>, Option<ongoing::Entered>) {
        let answering = self.answering.as_ref();
        (self.span.enter(), answering.map(Answering::enter))
    }

    /// Whether code of the handler runs in the body of its answer. A message that is encoded and
    /// nothing else needs no span around it, which would cost as much.
    fn goes_on(&self) -> bool {
        self.answering.as_ref().is_none_or(Answering::streams)
    }

    /// Watches `answer` and, through its body, the rest of the call.
    pub(crate) fn watch<F>(self, answer: F) -> ObservedFuture<F> {
        ObservedFuture {
            inner: answer,
            observed: Some(self),
        }
    }

    /// The call has ended, with a status in these headers if it is an answer's.
    fn end(&mut self, code: Code, status: Option<&HeaderMap>) {
        let Some(call) = self.call.take() else { return };
        let fault = self.fault.as_ref();
        let code = match fault {
            Some(fault) if fault.is_cancelled() => Code::Cancelled,
            _ => code,
        };
        let fault = match fault {
            Some(fault) if fault.explains(code) => Fault::Caller,
            _ => Fault::Server,
        };
        if code != Code::Ok
            && self.answering.is_some()
            && let Some(info) = status
                .and_then(Status::from_header_map)
                .and_then(|status| status.get_details_error_info())
        {
            self.span.record("error.reason", info.reason);
        }
        let (now, code) = (Instant::now(), code_name(code));
        self.span.record("rpc.response.status_code", code);
        if let Some(answering) = self.answering.take() {
            answering.end(now, call.method(), code, self.trace_id);
        }
        if let Some(asking) = self.asking.take() {
            asking.end(now, call.method(), code);
        }
        let trace_id = self.trace_id.map(TraceId::to_u128);
        call.finish_by(now.into_std(), code, fault, trace_id);
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.end(Code::Cancelled, None);
    }
}

/// The name is parsed and checked once, and not at each look.
static GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Answers have one or two headers: to walk along them costs a tenth of what hashing the name does.
pub(crate) fn status_in(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut headers = headers.iter();
    headers.find_map(|(name, value)| (*name == GRPC_STATUS).then_some(value))
}

fn code_in(headers: &HeaderMap) -> Option<Code> {
    status_in(headers).map(|value| Code::from_bytes(value.as_bytes()))
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
        if let Some(answering) = this.observed.as_mut().and_then(|it| it.answering.as_mut()) {
            answering.taken_up();
        }
        let result = {
            let _entered = this.observed.as_ref().map(Observed::enter);
            ready!(this.inner.poll(cx))
        };
        let mut observed = this.observed.take();
        if let Some(answering) = observed.as_mut().and_then(|it| it.answering.as_mut()) {
            answering.answered();
        }
        match &result {
            // An answer that is over with its headers has its status there ("trailers only").
            Ok(response) => {
                if let (Some(code), Some(observed)) = (code_in(response.headers()), &mut observed) {
                    observed.end(code, Some(response.headers()));
                }
            }
            Err(error) => {
                if let Some(observed) = &mut observed {
                    observed.end(error.code(), None);
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
        let polled = {
            let observed = this.observed.as_ref();
            let goes_on = observed.filter(|observed| observed.goes_on());
            let _entered = goes_on.map(Observed::enter);
            ready!(this.inner.poll_frame(cx))
        };
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
            let trailers = match &polled {
                Some(Ok(frame)) => frame.trailers_ref(),
                Some(Err(_)) | None => None,
            };
            observed.end(code, trailers);
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
