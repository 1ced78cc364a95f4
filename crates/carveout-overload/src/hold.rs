use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

/// A method that holds its worker for longer than this at a time, on the average and in nanoseconds,
/// is one of which no more are let in than keep the workers busy ...
const HEAVY: u32 = 200_000;
/// ... until it holds it for less than this.
const LIGHT: u32 = 100_000;
/// What one call weighs in that average, as a power of two: 1/32. A worker that the system stops for
/// a few milliseconds does not make a method heavy.
const WEIGHT: u32 = 5;
/// What counts of one call: four in a row make a method heavy.
const LONGEST: u32 = 1_000_000;

/// How long the handlers of each method hold their worker at a time. This is measured: a handler that
/// computes or blocks does not know that it does.
///
/// Updates are a load and a store, and one that another thread overwrites is lost: of statistics.
#[derive(Debug)]
pub struct Holds(Box<[Hold]>);

#[derive(Debug)]
struct Hold {
    /// How long a call holds its worker in all, on the average and in nanoseconds; 0 before the
    /// first.
    total: AtomicU32,
    /// How long at a time, the longest of each call, if that is no more than [`LONGEST`].
    average: AtomicU32,
    is_light: AtomicBool,
}

impl Holds {
    /// For so many methods, of which nothing is known yet.
    pub fn new(methods: usize) -> Self {
        let unknown = || Hold {
            total: AtomicU32::new(0),
            average: AtomicU32::new(LIGHT),
            is_light: AtomicBool::new(false),
        };
        Self((0..methods.max(1)).map(|_| unknown()).collect())
    }

    /// How long calls of the method hold a worker; zero if that is no matter.
    pub fn of(&self, method: usize) -> Duration {
        let hold = self.hold(method);
        if hold.is_light.load(Relaxed) {
            return Duration::ZERO;
        }
        // What is not known yet takes no time and a worker: it keeps nobody out, and comes one by one.
        Duration::from_nanos(hold.total.load(Relaxed).max(1).into())
    }

    fn hold(&self, method: usize) -> &Hold {
        &self.0[method.min(self.0.len() - 1)]
    }
}

/// How long one call has held its worker, in nanoseconds.
#[derive(Debug, Default)]
pub struct Held {
    total: u32,
    longest: u32,
}

impl Held {
    /// The call was polled for so long, and that was all of it or not.
    pub fn polled(&mut self, by: &Holds, method: usize, took: Duration, is_over: bool) {
        let nanos = u32::try_from(took.as_nanos()).unwrap_or(u32::MAX);
        self.total = self.total.saturating_add(nanos);
        self.longest = self.longest.max(nanos);
        let hold = by.hold(method);
        if nanos >= LONGEST {
            // Now, and not when it ends: that may be late.
            hold.held(LONGEST);
        } else if is_over && self.longest < LONGEST {
            hold.held(self.longest);
        }
        if is_over {
            let before = hold.total.load(Relaxed);
            let total = if before == 0 {
                self.total
            } else {
                moved(before, self.total)
            };
            hold.total.store(total, Relaxed);
        }
    }
}

impl Hold {
    fn held(&self, nanos: u32) {
        let average = moved(self.average.load(Relaxed), nanos);
        self.average.store(average, Relaxed);
        let is_light = average < LIGHT || (average <= HEAVY && self.is_light.load(Relaxed));
        if is_light != self.is_light.load(Relaxed) {
            self.is_light.store(is_light, Relaxed);
        }
    }
}

fn moved(average: u32, nanos: u32) -> u32 {
    average - (average >> WEIGHT) + (nanos >> WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(holds: &Holds, calls: usize, nanos: u64) {
        for _ in 0..calls {
            Held::default().polled(holds, 0, Duration::from_nanos(nanos), true);
        }
    }

    #[test]
    fn a_method_is_light_when_it_is_known_to_be() {
        let holds = Holds::new(1);
        assert_eq!(holds.of(0), Duration::from_nanos(1));
        calls(&holds, 1, 20_000);
        assert_eq!(holds.of(0), Duration::ZERO);
        // One that was stopped says nothing, four that hold their worker do.
        calls(&holds, 1, 5_000_000);
        assert_eq!(holds.of(0), Duration::ZERO);
        calls(&holds, 200, 5_000_000);
        assert!(holds.of(0) > Duration::from_millis(4), "{:?}", holds.of(0));
        calls(&holds, 200, 20_000);
        assert_eq!(holds.of(0), Duration::ZERO);
    }

    #[test]
    fn a_long_wait_between_short_polls_holds_nothing() {
        let holds = Holds::new(1);
        let mut held = Held::default();
        for _ in 0..1000 {
            held.polled(&holds, 0, Duration::from_nanos(20_000), false);
        }
        held.polled(&holds, 0, Duration::from_nanos(20_000), true);
        assert_eq!(holds.of(0), Duration::ZERO);
    }
}
