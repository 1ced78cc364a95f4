use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use pin_project_lite::pin_project;
use tonic::{Code, Status};
use tower::{Layer, Service, layer::layer_fn};

use crate::caller_fault::CallerFault;
use crate::error::{Error, Reason};
use crate::observe::status_in;
use crate::routes::Arrival;

/// Answers CANCELLED where the caller has left within its request, whatever status its handler made
/// of that, and notes where the request could not be decoded.
#[derive(Clone)]
pub(crate) struct Outcome<S> {
    inner: S,
}

impl<S> Outcome<S> {
    pub(crate) fn layer() -> impl Layer<S, Service = Self> + Clone {
        layer_fn(|inner| Self { inner })
    }
}

impl<S, B> Service<Arrival> for Outcome<S>
where
    S: Service<Arrival, Response = http::Response<B>, Error = Infallible>,
{
    type Response = http::Response<OutcomeBody<B>>;
    type Error = Infallible;
    type Future = OutcomeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, arrival: Arrival) -> Self::Future {
        OutcomeFuture {
            fault: arrival.fault.clone(),
            unanswered: Unanswered(Some(arrival.fault.clone())),
            inner: self.inner.call(arrival),
        }
    }
}

pin_project! {
    pub(crate) struct OutcomeFuture<F> {
        #[pin]
        inner: F,
        fault: CallerFault,
        unanswered: Unanswered,
    }
}

/// Marks the call as abandoned when it is dropped before its answer, for a spawned task that still
/// reads the request.
struct Unanswered(Option<CallerFault>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        if let Some(fault) = &self.0 {
            fault.set_abandoned();
        }
    }
}

impl<F, B> Future for OutcomeFuture<F>
where
    F: Future<Output = Result<http::Response<B>, Infallible>>,
{
    type Output = Result<http::Response<OutcomeBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Ok(mut response) = ready!(this.inner.poll(cx));
        this.unanswered.0 = None;
        settle(response.headers_mut(), this.fault);
        let fault = this.fault.clone();
        Poll::Ready(Ok(response.map(|inner| OutcomeBody { inner, fault })))
    }
}

pin_project! {
    pub(crate) struct OutcomeBody<B> {
        #[pin]
        inner: B,
        fault: CallerFault,
    }
}

impl<B> http_body::Body for OutcomeBody<B>
where
    B: http_body::Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let mut polled = this.inner.poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &mut polled
            && let Some(trailers) = frame.trailers_mut()
        {
            settle(trailers, this.fault);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

/// Settles the outcome of a call that ends with `headers`, if they have a status.
fn settle(headers: &mut HeaderMap, fault: &CallerFault) {
    let Some(code) = status_in(headers) else {
        return;
    };
    if fault.is_cancelled() {
        let message = "the caller cancelled the call, or its connection ended, within the request";
        let status: Status = Error::new(Code::Cancelled, Reason::CALL_CANCELLED, message).into();
        // Adding fails only for a message that is no header value, and this one is.
        let _ = status.add_header(headers);
    } else if code == "13" && fault.is_to_decode() && says_undecodable(headers) {
        fault.set_invalid_request();
    }
}

/// Whether a status is what the codec says of bytes that are no message of the contract, as it is
/// percent-encoded. Were this text to change, such calls would count as the server's faults.
fn says_undecodable(headers: &HeaderMap) -> bool {
    let message = headers.get(Status::GRPC_MESSAGE);
    message.is_some_and(|message| {
        let message = message.as_bytes();
        message.starts_with(b"failed%20to%20decode%20Protobuf")
            || message.starts_with(b"failed to decode Protobuf")
    })
}
