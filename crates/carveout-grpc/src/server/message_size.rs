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

use crate::error::{Error, Reason};
use crate::routes::Arrival;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Refuses answers with a message larger than allowed; [`SizedRequest`] does it for requests. Both go
/// by the length that each message is announced with: nothing of it is buffered before.
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

/// A flag, and the length of what follows.
type Head = [u8; 5];

/// Follows the messages in a body: a head each, and then as many bytes as it says.
struct Messages {
    most: usize,
    /// A head of which the first `head_bytes` are here, if any are.
    head: Head,
    head_bytes: usize,
    /// What is left of the message that is being read.
    left: usize,
}

impl Messages {
    fn new(most: usize) -> Self {
        Self {
            most,
            head: Head::default(),
            head_bytes: 0,
            left: 0,
        }
    }

    /// The length of a message that is too large, with where the data of the one before it ends.
    fn find_too_large(&mut self, data: &[u8]) -> Option<(usize, usize)> {
        // Where the next head begins, be it beyond this data.
        let mut at = self.left;
        if self.head_bytes > 0 {
            let missing = self.head.len() - self.head_bytes;
            self.keep(&data[..missing.min(data.len())]);
            if self.head_bytes < self.head.len() {
                return None;
            }
            self.head_bytes = 0;
            let length = length(&self.head);
            if length > self.most {
                return Some((length, 0));
            }
            at = missing + length;
        }
        while let Some(head) = data.get(at..).and_then(<[u8]>::first_chunk) {
            let length = length(head);
            if length > self.most {
                return Some((length, at));
            }
            at += head.len() + length;
        }
        self.left = at.saturating_sub(data.len());
        if at < data.len() {
            self.keep(&data[at..]);
        }
        None
    }

    /// Keeps the next part of a head.
    fn keep(&mut self, part: &[u8]) {
        let end = self.head_bytes + part.len();
        self.head[self.head_bytes..end].copy_from_slice(part);
        self.head_bytes = end;
    }

    fn refusal(&self, what: &str, length: usize) -> Status {
        let most = self.most;
        let message = format!("the {what} has {length} bytes, at most {most} are allowed");
        Error::new(Code::ResourceExhausted, Reason::MESSAGE_TOO_LARGE, message).into()
    }
}

fn length(&[_, a, b, c, d]: &Head) -> usize {
    u32::from_be_bytes([a, b, c, d]) as usize
}

pin_project! {
    /// A request body that fails where a message too large begins.
    pub(crate) struct SizedRequest<B> {
        #[pin]
        body: B,
        messages: Messages,
    }
}

impl<B> SizedRequest<B> {
    pub(crate) fn new(body: B, most: usize) -> Self {
        Self {
            body,
            messages: Messages::new(most),
        }
    }
}

impl<B> http_body::Body for SizedRequest<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    /// A `Status`, or what the body itself fails with: tonic tells the one from the other.
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.project();
        let Some(frame) = ready!(this.body.poll_frame(cx)) else {
            return Poll::Ready(None);
        };
        let frame = frame.map_err(Into::into)?;
        if let Some(data) = frame.data_ref()
            && let Some((length, _)) = this.messages.find_too_large(data)
        {
            let refusal = this.messages.refusal("request", length);
            return Poll::Ready(Some(Err(refusal.into())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
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
                messages: Messages::new(most),
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
        messages: Messages,
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
            let Some((length, before)) = this.messages.find_too_large(data) else {
                return Poll::Ready(frame);
            };
            *this.refused = Refused::Next(this.messages.refusal("answer", length));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend((length as u32).to_be_bytes());
        bytes.extend(vec![7; length]);
        bytes
    }

    #[test]
    fn lengths_are_found_however_the_bytes_are_cut() {
        let stream = [message(3), message(0), message(10), message(11)].concat();
        let last = stream.len() - 11 - 5;
        for piece in 1..stream.len() {
            let mut messages = Messages::new(10);
            let mut found = None;
            let mut passed = 0;
            for data in stream.chunks(piece) {
                found = messages.find_too_large(data);
                if let Some((length, before)) = found {
                    assert_eq!(length, 11);
                    // What is passed on ends with a whole message, or inside of this one's head.
                    assert!((last..last + 5).contains(&(passed + before)), "{piece}");
                    break;
                }
                passed += data.len();
            }
            assert!(found.is_some(), "{piece}");
        }
        assert!(Messages::new(11).find_too_large(&stream).is_none());
    }
}
