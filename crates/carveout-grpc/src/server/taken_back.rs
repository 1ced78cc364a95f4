use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;
use pin_project_lite::pin_project;
use tonic::{Code, Status};

use crate::error::{Error, Reason};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

pin_project! {
    /// A request body that fails where its caller takes the call back.
    ///
    /// tonic shows a handler a stream of requests that was cancelled as one that has come to its
    /// end, so half of an upload would be taken for all of it. The handler runs once more before
    /// hyper drops it, which is long enough to commit.
    pub(crate) struct TakenBack<B> {
        #[pin]
        body: B,
    }
}

impl<B> TakenBack<B> {
    pub(crate) fn new(body: B) -> Self {
        Self { body }
    }
}

impl<B> http_body::Body for TakenBack<B>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        Poll::Ready(
            frame.map(|frame| frame.map_err(|error| told(Status::from_error(error.into())))),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

fn told(status: Status) -> Status {
    // Any code but this one reaches the handler.
    if status.code() != Code::Cancelled {
        return status;
    }
    let message = "the caller took the call back before its request was whole";
    Error::new(Code::Aborted, Reason::CALL_TAKEN_BACK, message).into()
}
