use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tonic::Status;
use tower::{Layer, Service, layer::layer_fn};

use super::maybe_body::MaybeBody;
use crate::deadline::{Alarms, Timed, TimedBody};
use crate::routes::Arrival;

/// Ends every call by its deadline: the caller's `grpc-timeout` or what the method's contract
/// allows, whichever comes first.
///
/// It covers the whole answer, streamed bodies included, and is handed on to the calls that the
/// handler makes.
pub(crate) struct Deadline<S> {
    inner: S,
    alarms: Alarms,
}

/// Each connection has a clone, and alarms of its own: no call waits for the lock of another's.
impl<S: Clone> Clone for Deadline<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            alarms: Alarms::default(),
        }
    }
}

impl<S> Deadline<S> {
    pub(crate) fn layer() -> impl Layer<S, Service = Self> + Clone {
        layer_fn(|inner| Self {
            inner,
            alarms: Alarms::default(),
        })
    }
}

impl<S, B> Service<Arrival> for Deadline<S>
where
    S: Service<Arrival, Response = http::Response<B>, Error = Infallible>,
{
    type Response = http::Response<DeadlineBody<B>>;
    type Error = Infallible;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, arrival: Arrival) -> Self::Future {
        let deadline = match &arrival.deadline {
            Ok(deadline) => *deadline,
            Err(error) => {
                return DeadlineFuture::Refused {
                    status: Some(error.clone().into()),
                };
            }
        };
        let alarm = deadline.map(|deadline| self.alarms.at(deadline));
        DeadlineFuture::Called {
            inner: Timed::new(self.inner.call(arrival), alarm),
        }
    }
}

/// The handler's body, if there came to be one.
pub(crate) type DeadlineBody<B> = MaybeBody<TimedBody<B>>;

pin_project! {
    #[project = Projected]
    pub(crate) enum DeadlineFuture<F> {
        Refused { status: Option<Status> },
        Called { #[pin] inner: Timed<F> },
    }
}

impl<F, B> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<http::Response<B>, Infallible>>,
{
    type Output = Result<http::Response<DeadlineBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let status = match self.project() {
            Projected::Refused { status } => status
                .take()
                .unwrap_or_else(|| Status::internal("polled after it was ready")),
            Projected::Called { inner } => match inner.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Ok(response))) => {
                    return Poll::Ready(Ok(response.map(MaybeBody::of)));
                }
                Poll::Ready(Ok(Err(status))) => status,
                Poll::Ready(Err(never)) => match never {},
            },
        };
        Poll::Ready(Ok(status.into_http::<()>().map(|()| MaybeBody::none())))
    }
}
