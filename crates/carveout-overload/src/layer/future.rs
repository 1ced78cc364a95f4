use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};

use super::body::AdmittedBody;
use super::refused;
use super::rules::Rules;
use crate::arrival::Refusal;
use crate::hold::Held;
use crate::permit::{Permit, Waiting};

pin_project! {
    /// A call from its arrival to the head of its answer. Dropped, it leaves its place, or the queue.
    #[derive(Debug)]
    pub struct AdmittedFuture<F> {
        // None for a call that is refused.
        #[pin]
        inner: Option<F>,
        turn: Turn,
        // None for a call that is no matter of admission.
        call: Option<Call>,
        asks_for_head: bool,
    }
}

/// Where a call stands.
#[derive(Debug)]
pub(super) enum Turn {
    Refused(Refusal),
    /// Until it is its turn, or too late. The timer is boxed because most calls do not wait.
    Queued(Option<Waiting>, Pin<Box<Sleep>>),
    /// It is let in, and no worker has looked at it since.
    Next,
    Begun,
}

impl Turn {
    pub(super) fn queued(waiting: Waiting) -> Self {
        let expires = Box::pin(sleep_until(waiting.expires().into()));
        Self::Queued(Some(waiting), expires)
    }

    /// Waits for the end of the wait, if there is one.
    fn poll_told(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Permit, Refusal>>> {
        let Self::Queued(queued, expires) = self else {
            return Poll::Ready(None);
        };
        let Some(mut waiting) = queued.take() else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(told) = Pin::new(&mut waiting).poll(cx) {
            return Poll::Ready(Some(told));
        }
        if expires.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(waiting.give_up(Instant::now())));
        }
        *queued = Some(waiting);
        Poll::Pending
    }
}

/// What is known of a call that has been let in, or is waiting for it.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) rules: Arc<Rules>,
    pub(super) method: usize,
    pub(super) streams: bool,
    pub(super) permit: Option<Permit>,
    pub(super) held: Held,
}

impl Call {
    /// Whether it waits for a worker that it will hold, as is believed of its method.
    fn will_hold(&self) -> bool {
        self.permit.as_ref().is_some_and(|permit| permit.unbegun)
    }

    fn begin(&mut self) {
        if let Some(permit) = &mut self.permit {
            permit.begin();
        }
    }

    fn poll<F: Future>(&mut self, inner: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let began = Instant::now();
        let polled = inner.poll(cx);
        let took = began.elapsed();
        self.held
            .polled(&self.rules.holds, self.method, took, polled.is_ready());
        polled
    }
}

impl<F> AdmittedFuture<F> {
    pub(super) fn new(
        inner: Option<F>,
        turn: Turn,
        call: Option<Call>,
        asks_for_head: bool,
    ) -> Self {
        Self {
            inner,
            turn,
            call,
            asks_for_head,
        }
    }
}

impl<F, B, E> Future for AdmittedFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<AdmittedBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(told) = ready!(this.turn.poll_told(cx)) {
            *this.turn = match told {
                Ok(permit) => {
                    if let Some(call) = this.call {
                        call.permit = Some(permit);
                    }
                    // Its wait has been its turn of the run queue.
                    Turn::Begun
                }
                Err(refusal) => Turn::Refused(refusal),
            };
        }
        if let Turn::Refused(refusal) = this.turn {
            // Its request goes with it, and what it holds.
            this.inner.set(None);
            return Poll::Ready(Ok(refused::answer(*refusal)));
        }
        let was_next = matches!(this.turn, Turn::Next);
        *this.turn = Turn::Begun;
        if was_next && this.call.as_ref().is_some_and(Call::will_hold) {
            // Those that are ready and have not been decided about come first. This goes to the end of
            // the run queue, where an idle worker can take it: `yield_now` would keep it from those.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let polled = match this.call {
            Some(call) => {
                call.begin();
                call.poll(inner, cx)
            }
            None => inner.poll(cx),
        };
        let (head, body) = ready!(polled)?.into_parts();
        let body = AdmittedBody::new(&head, body, this.call.take(), *this.asks_for_head);
        Poll::Ready(Ok(Response::from_parts(head, body)))
    }
}
