use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use carveout_overload::Permit;
use http::HeaderValue;
use http_body::Frame;
use pin_project_lite::pin_project;
use tonic::Status;
use tower::{Layer, Service, layer::layer_fn};

use super::awaited;
use super::maybe_body::MaybeBody;
use super::placement::Told;
use crate::admission::Refuser;
use crate::error::Error;
use crate::observe::status_in;
use crate::routes::Arrival;

/// What has been decided about a call before it came to the layers.
#[derive(Default)]
pub(crate) enum Turn {
    /// Admission has nothing to do with it.
    #[default]
    Free,
    Now(Permit),
    /// It was queued, and this says what came of it before the call is looked at again.
    Later(Told),
    Never(Error),
}

impl Turn {
    fn outcome(self) -> Result<Option<Permit>, Error> {
        match self {
            Turn::Free => Ok(None),
            Turn::Now(permit) => Ok(Some(permit)),
            Turn::Never(error) => Err(error),
            Turn::Later(told) => {
                let told = told.lock().unwrap_or_else(PoisonError::into_inner).take();
                told.transpose()
            }
        }
    }
}

/// Answers what was refused, and holds the permit of what was let in to the end of its answer: a
/// stream that is still sent is still work.
pub(crate) struct Admit<S> {
    inner: S,
    /// The connection's own.
    refuser: Arc<Refuser>,
}

impl<S: Clone> Clone for Admit<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            refuser: Arc::new(Refuser::clone(&self.refuser)),
        }
    }
}

impl<S> Admit<S> {
    pub(crate) fn layer(refuser: Refuser) -> impl Layer<S, Service = Self> + Clone {
        layer_fn(move |inner| Self {
            inner,
            refuser: Arc::new(refuser.clone()),
        })
    }
}

impl<S, B> Service<Arrival> for Admit<S>
where
    S: Service<Arrival, Response = http::Response<B>, Error = Infallible>,
{
    type Response = http::Response<AdmittedBody<B>>;
    type Error = Infallible;
    type Future = AdmittedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut arrival: Arrival) -> Self::Future {
        let turn = std::mem::take(&mut arrival.turn);
        let streams = arrival.route.as_ref().is_some_and(|route| route.streams);
        // What is refused already is not handed on: nothing is done for it.
        let inner = match &turn {
            Turn::Never(_) => None,
            _ => Some(self.inner.call(arrival)),
        };
        AdmittedFuture {
            inner,
            turn: Some(turn),
            permit: None,
            streams,
            refuser: self.refuser.clone(),
        }
    }
}

pin_project! {
    pub(crate) struct AdmittedFuture<F> {
        #[pin]
        inner: Option<F>,
        // Until the first look.
        turn: Option<Turn>,
        permit: Option<Permit>,
        streams: bool,
        refuser: Arc<Refuser>,
    }
}

fn refused<B>(error: Error) -> http::Response<AdmittedBody<B>> {
    Status::from(error)
        .into_http::<()>()
        .map(|()| AdmittedBody {
            inner: MaybeBody::none(),
            permit: None,
        })
}

impl<F, B> Future for AdmittedFuture<F>
where
    F: Future<Output = Result<http::Response<B>, Infallible>>,
{
    type Output = Result<http::Response<AdmittedBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(turn) = this.turn.take() {
            match turn.outcome() {
                Ok(permit) => *this.permit = permit,
                Err(error) => {
                    this.inner.set(None);
                    return Poll::Ready(Ok(refused(error)));
                }
            }
            if let Some(permit) = this.permit {
                permit.begin();
            }
        }
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let polled = match awaited::poll(this.permit, || inner.poll(cx)) {
            Ok(polled) => polled,
            Err(refusal) => {
                this.inner.set(None);
                *this.permit = None;
                return Poll::Ready(Ok(refused(this.refuser.refuse(refusal))));
            }
        };
        let Ok(response) = ready!(polled);
        let mut permit = this.permit.take();
        match (status_in(response.headers()), &mut permit) {
            // An answer that is over with its headers.
            (Some(status), _) => end(&mut permit, Some(status)),
            (None, Some(permit)) if *this.streams => permit.streams(Instant::now()),
            (None, _) => {}
        }
        Poll::Ready(Ok(response.map(|inner| AdmittedBody {
            inner: MaybeBody::of(inner),
            permit,
        })))
    }
}

fn end(permit: &mut Option<Permit>, status: Option<&HeaderValue>) {
    match permit.take() {
        Some(permit) if status.is_some_and(is_answer) => permit.finish(Instant::now()),
        permit => drop(permit),
    }
}

/// Whether a call with this status was answered: how long one takes that the service refused or could
/// not answer says nothing of how long calls take. OK, and what is the caller's matter: INVALID_ARGUMENT,
/// NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE.
fn is_answer(status: &HeaderValue) -> bool {
    matches!(
        status.as_bytes(),
        b"0" | b"3" | b"5" | b"6" | b"9" | b"10" | b"11"
    )
}

pin_project! {
    /// The answer's body, or none for a call that was refused.
    pub(crate) struct AdmittedBody<B> {
        #[pin]
        inner: MaybeBody<B>,
        permit: Option<Permit>,
    }
}

impl<B> http_body::Body for AdmittedBody<B>
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
        let frame = ready!(this.inner.poll_frame(cx));
        match &frame {
            None => end(this.permit, None),
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    end(this.permit, status_in(trailers));
                }
            }
            Some(Err(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}
