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

use super::framing::Framing;
use crate::error::{Error, Reason};
use crate::routes::Arrival;

/// Refuses answers with a message larger than allowed, by the length that each message is announced
/// with: nothing of it is buffered before. The request's body does the same for requests.
///
/// tonic's own limits answer OUT_OF_RANGE, where every other gRPC says RESOURCE_EXHAUSTED, and the
/// one for answers is not set at all.
#[derive(Clone)]
pub(crate) struct MessageSize<S> {
    inner: S,
    most: usize,
}

impl<S> MessageSize<S> {
    /// In bytes, as messages are on the wire.
    pub(crate) fn layer(most: usize) -> impl Layer<S, Service = Self> + Clone {
        layer_fn(move |inner| Self { inner, most })
    }
}

impl<S, B> Service<Arrival> for MessageSize<S>
where
    S: Service<Arrival, Response = http::Response<B>, Error = Infallible>,
{
    type Response = http::Response<SizedBody<B>>;
    type Error = Infallible;
    type Future = SizedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, arrival: Arrival) -> Self::Future {
        SizedFuture {
            inner: self.inner.call(arrival),
            most: self.most,
        }
    }
}

/// The refusal of a message of `length` bytes.
pub(super) fn too_large(what: &str, length: usize, most: usize) -> Status {
    let message = format!("the {what} has {length} bytes, at most {most} are allowed");
    Error::new(Code::ResourceExhausted, Reason::MESSAGE_TOO_LARGE, message).into()
}

pin_project! {
    pub(crate) struct SizedFuture<F> {
        #[pin]
        inner: F,
        most: usize,
    }
}

impl<F, B> Future for SizedFuture<F>
where
    F: Future<Output = Result<http::Response<B>, Infallible>>,
{
    type Output = Result<http::Response<SizedBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let most = *this.most;
        let result = ready!(this.inner.poll(cx));
        Poll::Ready(result.map(|response| {
            response.map(|inner| SizedBody {
                inner,
                framing: Framing::default(),
                most,
                refused: Refused::No,
            })
        }))
    }
}

/// How far an answer with a message too large has come to its end.
enum Refused {
    No,
    /// The messages before it are out; the status is next.
    Next(Status),
    Done,
}

pin_project! {
    /// An answer that ends with RESOURCE_EXHAUSTED in place of a message too large.
    pub(crate) struct SizedBody<B> {
        #[pin]
        inner: B,
        framing: Framing,
        most: usize,
        refused: Refused,
    }
}

impl<B> http_body::Body for SizedBody<B>
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
        if let Refused::No = this.refused {
            let frame = ready!(this.inner.poll_frame(cx));
            let Some(Ok(found)) = &frame else {
                return Poll::Ready(frame);
            };
            let Some(data) = found.data_ref() else {
                return Poll::Ready(frame);
            };
            let most = *this.most;
            let checked = this.framing.follow(data, |head, before| match head.length {
                length if length > most => Err((length, before)),
                _ => Ok(()),
            });
            let Err((length, before)) = checked else {
                return Poll::Ready(frame);
            };
            *this.refused = Refused::Next(too_large("answer", length, most));
            if before > 0 {
                return Poll::Ready(Some(Ok(Frame::data(data.slice(..before)))));
            }
        }
        match std::mem::replace(this.refused, Refused::Done) {
            Refused::Next(status) => {
                let mut trailers = HeaderMap::new();
                // Adding fails only for a message that is no header value, and this one is.
                let _ = status.add_header(&mut trailers);
                Poll::Ready(Some(Ok(Frame::trailers(trailers))))
            }
            _ => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self.refused {
            Refused::No => self.inner.is_end_stream(),
            Refused::Next(_) => false,
            Refused::Done => true,
        }
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}
