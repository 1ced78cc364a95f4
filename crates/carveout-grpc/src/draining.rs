use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tonic::{Code, Status};

use crate::error::{Error, Reason};
use crate::ongoing::Ongoing;
use crate::signal::Signal;

/// The longest that a client is asked to wait before it connects again. Another instance has room, so
/// it is short, and random, because all of a server's watchers come at once.
const MAX_RECONNECT_DELAY: Duration = Duration::from_millis(200);

/// The signal that a connection is about to be closed, and when it will be at the latest.
pub(crate) type DrainSignal = Signal<Instant>;

/// A future that is ready when the connection of the current call is about to be closed before the
/// call's deadline: because the server drains, or because the connection has reached its greatest age.
///
/// A call that ends by itself, or whose deadline comes before the drain's budget is used up, need not
/// know. Any other, a watch say, would be cut in the middle. The future's output is the error to end
/// it with: UNAVAILABLE with the reason `DRAINING`, and how long to wait before connecting anew, which
/// gRPC's clients with a retry policy obey by themselves.
///
/// It belongs to the call that is being handled where this is called. Outside of a call, and in a task
/// that a handler has spawned, it is never ready.
///
/// For an answer that is a stream, [`end_on_drain`] does it all. A handler that waits selects:
///
/// ```
/// # use carveout_grpc::draining;
/// # use tokio::sync::mpsc::Receiver;
/// # use tonic::Status;
/// async fn next_job(jobs: &mut Receiver<u64>) -> Result<Option<u64>, Status> {
///     tokio::select! {
///         job = jobs.recv() => Ok(job),
///         error = draining() => Err(error.into()),
///     }
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # let (job, mut jobs) = tokio::sync::mpsc::channel(1);
/// # job.try_send(7).unwrap();
/// # assert_eq!(runtime.block_on(next_job(&mut jobs)).unwrap(), Some(7));
/// ```
pub fn draining() -> Draining {
    Draining::of(Ongoing::current().and_then(|call| Some((call.drain.clone()?, call.deadline))))
}

/// `stream` until [`draining`] is ready, and then its error.
///
/// ```
/// use carveout_grpc::end_on_drain;
/// use tokio_stream::{Stream, StreamExt};
/// use tonic::{Response, Status};
///
/// async fn watch() -> Result<Response<impl Stream<Item = Result<u64, Status>>>, Status> {
///     let endless = tokio_stream::iter(1..).map(Ok);
///     Ok(Response::new(end_on_drain(endless)))
/// }
/// ```
pub fn end_on_drain<S>(stream: S) -> EndOnDrain<S> {
    EndOnDrain::new(stream, draining())
}

/// The same whatever the call's deadline is: for streams that do not hold the drain.
pub(crate) fn end_on_any_drain<S>(stream: S) -> EndOnDrain<S> {
    let signal = Ongoing::current().and_then(|call| call.drain.clone());
    EndOnDrain::new(stream, Draining::of(signal.map(|signal| (signal, None))))
}

/// The future of [`draining`].
#[must_use = "a future does nothing unless it is polled"]
pub struct Draining {
    /// None outside of a call.
    begun: Option<Pin<Box<dyn Future<Output = ()> + Send + Sync>>>,
}

impl Draining {
    fn of(call: Option<(DrainSignal, Option<Instant>)>) -> Self {
        let begun = |(signal, deadline)| Box::pin(begun(signal, deadline)) as Pin<Box<_>>;
        Self {
            begun: call.map(begun),
        }
    }
}

async fn begun(signal: DrainSignal, deadline: Option<Instant>) {
    let too_soon = |closed_at| deadline.is_none_or(|deadline| closed_at < deadline);
    signal.wait_for(too_soon).await;
}

impl Future for Draining {
    type Output = Error;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Error> {
        match &mut self.begun {
            Some(begun) => begun.as_mut().poll(cx).map(|()| error()),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for Draining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draining").finish_non_exhaustive()
    }
}

pin_project! {
    /// The stream of [`end_on_drain`].
    #[derive(Debug)]
    #[must_use = "a stream does nothing unless it is polled"]
    pub struct EndOnDrain<S> {
        #[pin]
        inner: S,
        // None once the stream has ended.
        draining: Option<Draining>,
    }
}

impl<S> EndOnDrain<S> {
    fn new(inner: S, draining: Draining) -> Self {
        Self {
            inner,
            draining: Some(draining),
        }
    }
}

impl<S, T> Stream for EndOnDrain<S>
where
    S: Stream<Item = Result<T, Status>>,
{
    type Item = Result<T, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let Some(draining) = this.draining else {
            return Poll::Ready(None);
        };
        // First: a stream that always has a next message ready must end all the same.
        if let Poll::Ready(error) = Pin::new(draining).poll(cx) {
            *this.draining = None;
            return Poll::Ready(Some(Err(error.into())));
        }
        let next = this.inner.poll_next(cx);
        if let Poll::Ready(None) = next {
            *this.draining = None;
        }
        next
    }
}

/// What a call is refused or ended with because its connection is about to be closed.
pub(crate) fn error() -> Error {
    let delay = MAX_RECONNECT_DELAY.mul_f64(fastrand::f64());
    let message = "the server is about to close this connection; connect again";
    Error::new(Code::Unavailable, Reason::DRAINING, message).retry_after(delay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, StreamExt};
    use tonic_types::StatusExt;

    const SECOND: Duration = Duration::from_secs(1);

    fn within(
        signal: &DrainSignal,
        deadline: Option<Instant>,
    ) -> EndOnDrain<impl Stream<Item = Result<u32, Status>> + use<>> {
        let call = Ongoing::new(Instant::now(), deadline, Some(signal.clone()));
        let _entered = call.enter();
        end_on_drain(futures_util::stream::iter(1..).map(Ok))
    }

    #[tokio::test]
    async fn a_stream_that_never_waits_ends_with_a_hint_to_connect_again() {
        let signal = DrainSignal::default();
        let now = Instant::now();
        let mut streams = [None, Some(now + 2 * SECOND)].map(|deadline| within(&signal, deadline));
        assert_eq!(streams[0].next().await.unwrap().unwrap(), 1);
        signal.raise(now + SECOND);
        for stream in &mut streams {
            let status = stream.next().await.unwrap().unwrap_err();
            assert_eq!(status.code(), Code::Unavailable);
            let details = status.get_error_details();
            assert_eq!(details.error_info().unwrap().reason, "DRAINING");
            let delay = details.retry_info().unwrap().retry_delay.unwrap();
            assert!(delay <= MAX_RECONNECT_DELAY, "{delay:?}");
            assert!(stream.next().await.is_none());
        }
        // This one ends by its deadline before its connection does, until a stop comes sooner.
        let mut short = within(&signal, Some(now + SECOND));
        assert_eq!(short.next().await.unwrap().unwrap(), 1);
        signal.raise(now);
        short.next().await.unwrap().unwrap_err();
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_and_nobody_outside_of_a_call_is() {
        let signal = DrainSignal::default();
        let waits = tokio::spawn(Draining::of(Some((signal.clone(), None))));
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        let mut outside = draining();
        signal.raise(Instant::now());
        waits.await.unwrap();
        assert!((&mut outside).now_or_never().is_none());
    }
}
