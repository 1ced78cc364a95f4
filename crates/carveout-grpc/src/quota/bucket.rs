use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use governor::RateLimiter;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed, StateStore};
use tokio::time::Instant;

use super::config::Rate;

/// The calls of one caller, counted by the generic cell rate algorithm (GCRA, ITU-T I.371), which is
/// a leaky bucket that needs one number and no timer.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) rate: Rate,
    limiter: RateLimiter<NotKeyed, State, Ticks, NoOpMiddleware<Duration>>,
    /// The limiter's own.
    state: State,
    clock: Ticks,
    /// How long it takes until there is room for one call more.
    interval: Duration,
    denied: AtomicU64,
}

impl Bucket {
    /// One that has room for a whole burst, or lacks as many calls as the one before, which keeps
    /// count of those that there was no room for, too.
    pub(super) fn new(rate: Rate, before: Option<&Bucket>) -> Self {
        let interval = Duration::from_secs_f64(1.0 / rate.calls_per_second);
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let quota = governor::Quota::with_period(interval)
            .unwrap_or(governor::Quota::per_second(burst))
            .allow_burst(burst);
        let (state, clock) = (State::default(), Ticks(Instant::now()));
        let limiter = RateLimiter::new(quota, state.clone(), clock);
        let lacks = before.map_or(0, |before| before.rate.burst - before.left());
        if let Some(lacks) = NonZeroU32::new(lacks.min(rate.burst)) {
            // No more than a burst: there is always room for that in a new one.
            let _ = limiter.check_n(lacks);
        }
        Self {
            rate,
            limiter,
            state,
            clock,
            interval,
            denied: AtomicU64::new(before.map_or(0, Bucket::denied)),
        }
    }

    /// Counts a call; the error is how long it is until there is room for one.
    pub(super) fn call(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|until| {
            self.denied.fetch_add(1, Relaxed);
            until.wait_time_from(self.clock.now())
        })
    }

    /// How many calls there is room for at this moment.
    pub(super) fn left(&self) -> u32 {
        let Some(full) = self.state.full_at() else {
            return self.rate.burst;
        };
        let missing = full.saturating_sub(self.clock.now());
        let missing = missing.as_nanos().div_ceil(self.interval.as_nanos().max(1));
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        self.rate.burst.saturating_sub(missing)
    }

    /// Whether it is as good as new.
    pub(super) fn is_full(&self) -> bool {
        self.left() == self.rate.burst
    }

    /// Calls that there was no room for.
    pub(super) fn denied(&self) -> u64 {
        self.denied.load(Relaxed)
    }
}

/// governor's, but that it can be looked at without counting a call.
#[derive(Clone, Debug, Default)]
struct State(Arc<InMemoryState>);

impl StateStore for State {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, key: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        self.0.measure_and_replace(key, decide)
    }
}

impl State {
    /// When the bucket is full again, since its clock's beginning; `None` before the first call.
    fn full_at(&self) -> Option<Duration> {
        // What fails to decide changes nothing.
        let look = |full| Err::<((), Nanos), Option<Nanos>>(full);
        let full = self.0.measure_and_replace(&NotKeyed::NonKey, look).err();
        full.flatten().map(Duration::from)
    }
}

/// tokio's clock, which tests can stop.
#[derive(Clone, Copy, Debug)]
struct Ticks(Instant);

impl Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(calls_per_second: f64, burst: u32) -> Bucket {
        let rate = Rate {
            calls_per_second,
            burst,
        };
        Bucket::new(rate, None)
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_and_then_the_rate() {
        let bucket = bucket(10.0, 3);
        let answers = [(); 4].map(|()| bucket.call());
        let wait = Duration::from_millis(100);
        assert_eq!(answers, [Ok(()), Ok(()), Ok(()), Err(wait)]);

        tokio::time::advance(Duration::from_millis(60)).await;
        assert_eq!(bucket.call(), Err(Duration::from_millis(40)));
        tokio::time::advance(Duration::from_millis(40)).await;
        assert_eq!([(); 2].map(|()| bucket.call()), [Ok(()), Err(wait)]);

        // However long it is quiet, it may make no more at once.
        tokio::time::advance(Duration::from_secs(3600)).await;
        let answers = [(); 4].map(|()| bucket.call().is_ok());
        assert_eq!(answers, [true, true, true, false]);
        assert_eq!(bucket.denied(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn it_can_be_looked_at_without_a_call() {
        let bucket = bucket(10.0, 3);
        assert_eq!((bucket.left(), bucket.is_full()), (3, true));
        for left in [2, 1, 0, 0] {
            let _ = bucket.call();
            assert_eq!((bucket.left(), bucket.is_full()), (left, false));
        }
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!((bucket.left(), bucket.is_full()), (2, false));
        tokio::time::advance(Duration::from_millis(50)).await;
        assert_eq!((bucket.left(), bucket.is_full()), (3, true));
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_and_the_fastest_rate_can_be_counted() {
        for (rate, interval) in [(0.001, 1_000_000_000), (1_000_000.0, 1)] {
            let bucket = bucket(rate, 1_000_000);
            for _ in 0..1_000_000 {
                assert_eq!(bucket.call(), Ok(()));
            }
            assert_eq!(bucket.call(), Err(Duration::from_micros(interval)));
        }
    }
}
