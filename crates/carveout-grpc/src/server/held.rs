use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::Frame;
use pin_project_lite::pin_project;

use super::activity::Underway;

pin_project! {
    /// Holds a call's place until its answer, body included, is over.
    pub(crate) struct Held<F> {
        #[pin]
        inner: F,
        call: Option<Underway>,
    }
}

impl<F> Held<F> {
    pub(crate) fn new(inner: F, call: Underway) -> Self {
        Self {
            inner,
            call: Some(call),
        }
    }
}

impl<F, B, E> Future for Held<F>
where
    F: Future<Output = Result<http::Response<B>, E>>,
{
    type Output = Result<http::Response<HeldBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let call = this.call.take();
        Poll::Ready(result.map(|response| response.map(|inner| HeldBody { inner, call })))
    }
}

pin_project! {
    pub(crate) struct HeldBody<B> {
        #[pin]
        inner: B,
        call: Option<Underway>,
    }
}

impl<B: http_body::Body<Data = Bytes>> http_body::Body for HeldBody<B> {
    type Data = HeldData;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<HeldData>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        Poll::Ready(frame.map(|frame| {
            frame.map(|frame| {
                frame.map_data(|data| HeldData {
                    data,
                    _call: this.call.clone(),
                })
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

/// A part of an answer. h2 drops it when it is written: until then a body that has ended waits for
/// its client to read, and the call is not over.
pub(crate) struct HeldData {
    data: Bytes,
    _call: Option<Underway>,
}

impl Buf for HeldData {
    fn remaining(&self) -> usize {
        self.data.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.data.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.data.advance(count);
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        self.data.copy_to_bytes(length)
    }
}
