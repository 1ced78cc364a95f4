use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use pin_project_lite::pin_project;
use tonic::{Code, Status};
use tower::{Layer, Service, layer::layer_fn};

use crate::error::{Error, Reason};
use crate::routes::Arrival;

/// Answers INTERNAL for a handler that panics, where tonic would reset the stream and the caller
/// would see CANCELLED.
///
/// The panic itself is counted and logged by the hook that the facade installs; its message stays
/// in the process.
#[derive(Clone)]
pub(crate) struct CatchPanic<S> {
    inner: S,
}

impl<S> CatchPanic<S> {
    pub(crate) fn layer() -> impl Layer<S, Service = Self> + Clone {
        layer_fn(|inner| Self { inner })
    }
}

impl<S, B> Service<Arrival> for CatchPanic<S>
where
    S: Service<Arrival, Response = http::Response<B>, Error = Infallible>,
{
    type Response = http::Response<PanicBody<B>>;
    type Error = Infallible;
    type Future = PanicFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, arrival: Arrival) -> Self::Future {
        // A generated server runs the first lines of a handler in `call` itself, so that needs
        // catching too.
        let called = catch_unwind(AssertUnwindSafe(|| self.inner.call(arrival)));
        PanicFuture { inner: called.ok() }
    }
}

fn status() -> Status {
    Error::new(Code::Internal, Reason::PANIC, "the handler panicked").into()
}

pin_project! {
    pub(crate) struct PanicFuture<F> {
        // `None` when the handler has panicked already.
        #[pin]
        inner: Option<F>,
    }
}

impl<F, B> Future for PanicFuture<F>
where
    F: Future<Output = Result<http::Response<B>, Infallible>>,
{
    type Output = Result<http::Response<PanicBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match self.project().inner.as_pin_mut() {
            Some(inner) => catch_unwind(AssertUnwindSafe(|| inner.poll(cx))),
            None => return Poll::Ready(Ok(panicked())),
        };
        match polled {
            Ok(Poll::Ready(Ok(response))) => {
                Poll::Ready(Ok(response.map(|inner| PanicBody { inner: Some(inner) })))
            }
            Ok(Poll::Ready(Err(never))) => match never {},
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(Ok(panicked())),
        }
    }
}

fn panicked<B>() -> http::Response<PanicBody<B>> {
    status()
        .into_http::<()>()
        .map(|()| PanicBody { inner: None })
}

pin_project! {
    /// A streamed answer whose producer may panic between two messages.
    pub(crate) struct PanicBody<B> {
        // `None` once it has panicked, or when there is no body at all.
        #[pin]
        inner: Option<B>,
    }
}

impl<B> http_body::Body for PanicBody<B>
where
    B: http_body::Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        catch_unwind(AssertUnwindSafe(|| inner.poll_frame(cx))).unwrap_or_else(|_| {
            this.inner.set(None);
            let mut trailers = HeaderMap::new();
            // Adding fails only for a message that is no header value, and this one is.
            let _ = status().add_header(&mut trailers);
            Poll::Ready(Some(Ok(Frame::trailers(trailers))))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.as_ref().map(B::size_hint).unwrap_or_default()
    }
}
