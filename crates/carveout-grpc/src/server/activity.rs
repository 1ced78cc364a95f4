use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::Frame;
use pin_project_lite::pin_project;
use tokio::time::Instant;

/// What is under way on one connection.
#[derive(Debug)]
pub(crate) struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// The deadline of each call; a slot that is free has none of its own.
    calls: Vec<Slot>,
    free: Vec<usize>,
    idle_since: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Free,
    Until(Option<Instant>),
}

impl Activity {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            calls: Vec::new(),
            free: Vec::new(),
            idle_since: Instant::now(),
        }))
    }

    /// A call that has to be over by `deadline`, if it has one.
    pub(crate) fn begin(self: &Arc<Self>, deadline: Option<Instant>) -> Underway {
        let mut state = self.lock();
        let slot = state.free.pop().unwrap_or(state.calls.len());
        match state.calls.get_mut(slot) {
            Some(free) => *free = Slot::Until(deadline),
            None => state.calls.push(Slot::Until(deadline)),
        }
        Underway {
            activity: self.clone(),
            slot,
        }
    }

    /// How long there has been no call; zero while there is one.
    pub(crate) fn idle(&self, now: Instant) -> Duration {
        let state = self.lock();
        if state.free.len() < state.calls.len() {
            return Duration::ZERO;
        }
        now.saturating_duration_since(state.idle_since)
    }

    /// Whether some call was to be over for so long already.
    ///
    /// A caller that does not read its answer leaves the server no room to write even the error that
    /// the deadline has ended it with: nothing that belongs to the call itself runs any more.
    pub(crate) fn is_overdue(&self, now: Instant, by: Duration) -> bool {
        let state = self.lock();
        state.calls.iter().any(|slot| match slot {
            Slot::Until(Some(deadline)) => now.saturating_duration_since(*deadline) > by,
            Slot::Until(None) | Slot::Free => false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call, from the arrival of its head to the end of its answer. Its place on the connection is
/// given back when this is dropped, whatever the way in which the call ended.
#[derive(Debug)]
pub(crate) struct Underway {
    activity: Arc<Activity>,
    slot: usize,
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut state = self.activity.lock();
        state.calls[self.slot] = Slot::Free;
        state.free.push(self.slot);
        if state.free.len() == state.calls.len() {
            state.idle_since = Instant::now();
        }
    }
}

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
        Poll::Ready(result.map(|response| response.map(|inner| HeldBody { inner, _call: call })))
    }
}

pin_project! {
    pub(crate) struct HeldBody<B> {
        #[pin]
        inner: B,
        _call: Option<Underway>,
    }
}

impl<B: http_body::Body> http_body::Body for HeldBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().inner.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn idle_time_begins_when_the_last_call_ends() {
        let activity = Arc::new(Activity::new());
        tokio::time::advance(SECOND).await;
        assert_eq!(activity.idle(Instant::now()), SECOND);
        let (one, two) = (activity.begin(None), activity.begin(None));
        tokio::time::advance(SECOND).await;
        assert_eq!(activity.idle(Instant::now()), Duration::ZERO);
        drop(one);
        tokio::time::advance(SECOND).await;
        assert_eq!(activity.idle(Instant::now()), Duration::ZERO);
        drop(two);
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(activity.idle(Instant::now()), 2 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn overdue_is_a_call_that_its_deadline_did_not_end() {
        let activity = Arc::new(Activity::new());
        let now = Instant::now();
        let _endless = activity.begin(None);
        let call = activity.begin(Some(now + SECOND));
        assert!(!activity.is_overdue(now + 2 * SECOND, SECOND));
        assert!(activity.is_overdue(now + 3 * SECOND, SECOND));
        drop(call);
        assert!(!activity.is_overdue(now + 3 * SECOND, SECOND));
        // Its place serves the next one.
        let _next = activity.begin(Some(now + 9 * SECOND));
        assert_eq!(activity.lock().calls.len(), 2);
    }
}
