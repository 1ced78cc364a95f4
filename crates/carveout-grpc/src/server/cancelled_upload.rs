use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use pin_project_lite::pin_project;
use tonic::{Code, Status};

use crate::caller_fault::CallerFault;
use crate::error::{Error, Reason};

pin_project! {
    /// A request body that ends only with END_STREAM: a cancelled request stream ends with an error,
    /// never with a clean end of stream.
    ///
    /// hyper reports RST_STREAM(NO_ERROR) as the end of the body, and tonic every error that it maps
    /// to CANCELLED, so half of an upload would be committed for all of it. The absence of an error is
    /// therefore no end; h2 knows whether END_STREAM was received (`Body::is_end_stream`).
    pub(crate) struct CancelledUpload<B> {
        #[pin]
        body: B,
        fault: CallerFault,
        trailers: bool,
    }
}

impl<B> CancelledUpload<B> {
    pub(crate) fn new(body: B, fault: CallerFault) -> Self {
        Self {
            body,
            fault,
            trailers: false,
        }
    }
}

impl<B: http_body::Body<Data = Bytes>> http_body::Body for CancelledUpload<B> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut this = self.project();
        Poll::Ready(match ready!(this.body.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => {
                *this.trailers |= frame.is_trailers();
                Some(Ok(frame))
            }
            // Trailers carry END_STREAM: h2 refuses any others.
            None if *this.trailers || this.body.is_end_stream() => None,
            Some(Err(_)) | None => {
                this.fault.set_cancelled();
                Some(Err(cancelled()))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// What the handler sees of a cancelled call.
pub(super) fn cancelled() -> Status {
    // tonic turns CANCELLED, and no other code, into a clean end for the handler. The layers answer
    // and count CANCELLED all the same.
    let message = "the caller cancelled the call, or its connection ended, within the request";
    Error::new(Code::Aborted, Reason::CALL_CANCELLED, message).into()
}
