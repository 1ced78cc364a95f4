use std::sync::atomic::{AtomicI32, AtomicU64, Ordering::Relaxed};

/// Fractions of a doubling: durations are compared by their logarithms, in which one call of 50 ms
/// among many of 1 ms is an outlier and not the mean.
const PART: u32 = 8;
const PARTS: f64 = (1 << PART) as f64;
/// What is kept is kept finer, so that small steps get somewhere.
const FINE: u32 = 8;
/// A call is taken into account no sooner than this after another one, in nanoseconds.
const OFTEN: u64 = 100_000;
/// How much of what is usual a call is, as a power of two: 1/16.
const USUAL: i32 = 4;
/// The same for what is usual alone: 1/512, so that no crowd of a few windows is taken for it.
const ALONE: i32 = 9;
/// What is twice as fast as that was never the time of one alone: 1/64.
const SURELY_FASTER: i32 = 6;

/// How long calls of one method take.
///
/// Updates are a load and a store, and one that another thread overwrites is lost: of statistics. Of
/// very many calls some are enough, so that threads do not wait for each other's cache lines.
#[derive(Debug, Default)]
pub(crate) struct Method {
    /// When a call was last taken into account, in nanoseconds.
    updated: AtomicU64,
    /// At present, crowded or not; 0 before the first call.
    usual: AtomicI32,
    /// When no call stands in another's way.
    alone: AtomicI32,
}

impl Method {
    /// How much longer than alone a call took, in parts of a doubling.
    pub(crate) fn excess(&self, nanos: u64) -> i32 {
        match self.usual.load(Relaxed) {
            0 => 0,
            _ => ((log2(nanos) << FINE) - self.alone.load(Relaxed)) >> FINE,
        }
    }

    /// Whether it is time to take another call into account.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        let is_due = now.saturating_sub(self.updated.load(Relaxed)) >= OFTEN
            || self.usual.load(Relaxed) == 0;
        if is_due {
            self.updated.store(now, Relaxed);
        }
        is_due
    }

    /// Takes into account that a call took so long.
    ///
    /// `calm` is whether nobody had to wait lately: only then can slower calls be how the method
    /// is by now, and not the crowd.
    pub(crate) fn took(&self, nanos: u64, calm: bool) {
        let took = log2(nanos) << FINE;
        let (usual, alone) = (self.usual.load(Relaxed), self.alone.load(Relaxed));
        if usual == 0 {
            self.usual.store(took, Relaxed);
            self.alone.store(took, Relaxed);
            return;
        }
        self.usual.store(usual + ((took - usual) >> USUAL), Relaxed);
        let excess = took - alone;
        let surely_faster = excess >> FINE < -(1 << PART);
        if surely_faster || calm || excess < 0 {
            let power = if surely_faster { SURELY_FASTER } else { ALONE };
            self.alone.store(alone + (excess >> power), Relaxed);
        }
    }

    /// What calls take at present, by the mean of their logarithms and in nanoseconds; 0 if there was
    /// none yet.
    pub(crate) fn usual(&self) -> u64 {
        exp2(self.usual.load(Relaxed) >> FINE)
    }

    /// The same when no call stands in another's way.
    pub(crate) fn alone(&self) -> u64 {
        exp2(self.alone.load(Relaxed) >> FINE)
    }

    /// What calls take at present is what they take: it is not the crowd.
    pub(crate) fn slower(&self) {
        self.alone.fetch_max(self.usual.load(Relaxed), Relaxed);
    }
}

/// The logarithm in parts of a doubling, straight between powers of two: it is 6 % off at most, and
/// [`exp2`] by as much the other way.
pub(crate) fn log2(nanos: u64) -> i32 {
    let nanos = nanos.max(2);
    let exponent = nanos.ilog2();
    let fraction = (nanos << (63 - exponent) >> (63 - PART)) & ((1 << PART) - 1);
    (exponent << PART) as i32 + fraction as i32
}

pub(crate) fn exp2(log: i32) -> u64 {
    if log <= 0 {
        return 0;
    }
    let (exponent, fraction) = (log as u32 >> PART, log as u64 & ((1 << PART) - 1));
    let whole = (1u128 << PART) + u128::from(fraction);
    u64::try_from((whole << exponent.min(63)) >> PART).unwrap_or(u64::MAX)
}

/// How many times as long an excess is.
pub(crate) fn times(excess: f64) -> f64 {
    (excess / PARTS).exp2()
}

/// The excess of what takes so many times as long.
pub(crate) fn parts(times: f64) -> f64 {
    times.log2() * PARTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_come_back() {
        for nanos in [
            2,
            3,
            1000,
            4_999_999,
            5_000_000,
            3_600_000_000_000,
            u64::MAX / 2,
        ] {
            let back = exp2(log2(nanos)) as f64 / nanos as f64;
            assert!((0.99..=1.0).contains(&back), "{nanos}: {back}");
            let exact = (nanos as f64).log2() * 256.0;
            assert!(
                (f64::from(log2(nanos)) - exact).abs() < 0.09 * 256.0,
                "{nanos}"
            );
        }
        assert_eq!(exp2(0), 0);
    }

    #[test]
    fn a_crowd_makes_no_method_slower() {
        let method = Method::default();
        method.took(5_000_000, true);
        for _ in 0..10_000 {
            method.took(50_000_000, false);
        }
        assert!((4_900_000..=5_000_000).contains(&method.alone()));
        assert!(method.usual() > 49_000_000);
        for _ in 0..10_000 {
            method.took(10_000_000, true);
        }
        assert!(
            (9_800_000..=10_000_000).contains(&method.alone()),
            "{}",
            method.alone()
        );
    }

    #[test]
    fn one_slow_call_in_ten_is_an_outlier() {
        let method = Method::default();
        let excess: i32 = (0..1000)
            .map(|call| {
                let took = if call % 10 == 9 {
                    50_000_000
                } else {
                    1_000_000
                };
                let excess = method.excess(took);
                method.took(took, true);
                excess
            })
            .skip(500)
            .sum();
        let times = times(f64::from(excess) / 500.0);
        assert!((0.85..1.15).contains(&times), "{times}");
    }
}
