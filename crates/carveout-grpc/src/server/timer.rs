use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;
use pin_project_lite::pin_project;

/// hyper's timer for one connection. It tells the time at which the connection was last polled.
///
/// For keepalive hyper notes the time of all that it reads, five times for a unary call, and to look at the
/// clock is not free. What is read within one poll was there when it began.
#[derive(Clone)]
pub(super) struct ConnectionTimer {
    began: Instant,
    /// Since then, in nanoseconds.
    polled: Arc<AtomicU64>,
}

impl ConnectionTimer {
    pub(super) fn new() -> Self {
        Self {
            began: TokioTimer::new().now(),
            polled: Arc::default(),
        }
    }

    /// Polls `connection`, and notes when.
    pub(super) fn follow<F>(self, connection: F) -> Followed<F> {
        Followed {
            connection,
            timer: self,
        }
    }

    fn look(&self) {
        let passed = TokioTimer::new()
            .now()
            .saturating_duration_since(self.began);
        let nanos = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        self.polled.store(nanos, Ordering::Relaxed);
    }
}

impl Timer for ConnectionTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep(duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        TokioTimer::new().sleep_until(deadline)
    }

    fn now(&self) -> Instant {
        self.began + Duration::from_nanos(self.polled.load(Ordering::Relaxed))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, new_deadline: Instant) {
        TokioTimer::new().reset(sleep, new_deadline);
    }
}

pin_project! {
    /// A connection whose timer knows when it is polled.
    pub(super) struct Followed<F> {
        #[pin]
        pub(super) connection: F,
        timer: ConnectionTimer,
    }
}

impl<F: Future> Future for Followed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.timer.look();
        this.connection.poll(cx)
    }
}
