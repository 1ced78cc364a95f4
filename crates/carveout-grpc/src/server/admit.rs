use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use carveout_overload::Permit;
use http_body::Frame;
use pin_project_lite::pin_project;
use tonic::Status;
use tower::{Layer, Service, layer::layer_fn};

use super::placement::Told;
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
#[derive(Clone)]
pub(crate) struct Admit<S> {
    inner: S,
}

impl<S> Admit<S> {
    pub(crate) fn layer() -> impl Layer<S, Service = Self> + Clone {
        layer_fn(|inner| Self { inner })
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
    }
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
                    let refused = Status::from(error).into_http::<()>();
                    return Poll::Ready(Ok(refused.map(|()| AdmittedBody {
                        inner: None,
                        permit: None,
                        streams: false,
                    })));
                }
            }
            if let Some(permit) = this.permit {
                permit.begin();
            }
        }
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Pending;
        };
        let Ok(response) = ready!(inner.poll(cx));
        let mut permit = this.permit.take();
        // An answer that is over with its headers.
        if status_in(response.headers()).is_some() {
            finish(&mut permit);
        }
        let streams = *this.streams;
        Poll::Ready(Ok(response.map(|inner| AdmittedBody {
            inner: Some(inner),
            permit,
            streams,
        })))
    }
}

fn finish(permit: &mut Option<Permit>) {
    if let Some(permit) = permit.take() {
        permit.finish(Instant::now());
    }
}

pin_project! {
    /// The answer's body, or none for a call that was refused.
    pub(crate) struct AdmittedBody<B> {
        #[pin]
        inner: Option<B>,
        permit: Option<Permit>,
        streams: bool,
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
        let Some(inner) = this.inner.as_pin_mut() else {
            return Poll::Ready(None);
        };
        let frame = ready!(inner.poll_frame(cx));
        let is_last = frame
            .as_ref()
            .is_none_or(|frame| frame.as_ref().is_ok_and(Frame::is_trailers));
        if is_last {
            if *this.streams {
                // How long a stream is open says nothing of how long calls take.
                drop(this.permit.take());
            } else {
                finish(this.permit);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner
            .as_ref()
            .is_none_or(|inner| inner.is_end_stream())
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner
            .as_ref()
            .map(|inner| inner.size_hint())
            .unwrap_or_default()
    }
}
