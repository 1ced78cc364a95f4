use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// A body, or none for a call that was refused or ended before there was one.
    pub(crate) struct MaybeBody<B> {
        #[pin]
        inner: Option<B>,
    }
}

impl<B> MaybeBody<B> {
    pub(crate) fn of(inner: B) -> Self {
        Self { inner: Some(inner) }
    }

    pub(crate) fn none() -> Self {
        Self { inner: None }
    }
}

impl<B: Body<Data = Bytes>> Body for MaybeBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().inner.as_pin_mut() {
            Some(inner) => inner.poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(B::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map(B::size_hint).unwrap_or_default()
    }
}
