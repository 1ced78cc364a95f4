use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http::response::Parts;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::future::Call;
use crate::permit::Permit;

pin_project! {
    /// The body of an answer, which holds the call's place until it has been handed on to its end; or
    /// the text that says why there is none.
    #[derive(Debug)]
    pub struct AdmittedBody<B> {
        #[pin]
        inner: Option<B>,
        why_not: Option<Bytes>,
        permit: Option<Permit>,
        // Whether its end says how long calls take.
        says: bool,
        // Bytes that are still to come, if that was said.
        left: Option<u64>,
    }
}

impl<B: Body> AdmittedBody<B> {
    pub(super) fn new(answer: &Parts, inner: B, call: Option<Call>, asks_for_head: bool) -> Self {
        let streams = call.as_ref().is_some_and(|call| call.streams);
        let says = !is_failure(answer.status);
        let left = answer.headers.get(CONTENT_LENGTH);
        let left = left.and_then(|length| length.to_str().ok()?.parse().ok());
        // Nobody will ask such a body for anything.
        let is_bodiless = asks_for_head
            || answer.status.is_informational()
            || answer.status == StatusCode::NO_CONTENT
            || answer.status == StatusCode::NOT_MODIFIED
            || inner.is_end_stream();
        let mut body = Self {
            inner: Some(inner),
            why_not: None,
            permit: call.and_then(|call| call.permit),
            says,
            left,
        };
        if is_bodiless {
            end(&mut body.permit, says);
        } else if streams && let Some(permit) = &mut body.permit {
            permit.streams(Instant::now());
        }
        body
    }
}

impl<B> AdmittedBody<B> {
    pub(super) fn refused(why: String) -> Self {
        Self {
            inner: None,
            why_not: Some(why.into()),
            permit: None,
            says: false,
            left: None,
        }
    }
}

fn end(permit: &mut Option<Permit>, says: bool) {
    match permit.take() {
        Some(permit) if says => permit.finish(Instant::now()),
        permit => drop(permit),
    }
}

/// How long an answer takes that is none says nothing of how long calls take.
fn is_failure(status: StatusCode) -> bool {
    const NONE: [StatusCode; 3] = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_server_error() || NONE.contains(&status)
}

impl<B: Body<Data = Bytes>> Body for AdmittedBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        let Some(mut inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(this.why_not.take().map(|text| Ok(Frame::data(text))));
        };
        let frame = ready!(inner.as_mut().poll_frame(cx));
        let is_last = match &frame {
            None => true,
            // It has not been answered: its place is free, and that is all.
            Some(Err(_)) => {
                drop(this.permit.take());
                false
            }
            Some(Ok(frame)) => {
                let data = frame.data_ref().map_or(0, Bytes::len);
                *this.left = this.left.map(|left| left.saturating_sub(data as u64));
                // Whoever sends this may not ask again after what was to come has come.
                frame.is_trailers() || *this.left == Some(0) || inner.is_end_stream()
            }
        };
        if is_last {
            end(this.permit, *this.says);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Some(inner) => inner.is_end_stream(),
            None => self.why_not.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.inner, &self.why_not) {
            (Some(inner), _) => inner.size_hint(),
            (None, Some(text)) => SizeHint::with_exact(text.len() as u64),
            (None, None) => SizeHint::with_exact(0),
        }
    }
}
