use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::method::log2;

/// So many calls say something.
const LEAST: f64 = 20.0;
/// In a line a call takes twice as long with twice as many before it: a slope of 1. Where calls do not
/// stand in each other's way it is 0.
const STEEP: f64 = 0.3;
/// So many standard errors above that it is no chance.
const SURE: f64 = 2.0;
/// In tenths of milliseconds.
const LONG_AGO: i64 = 1_000_000;

/// What is added up of a call: one, how many there were, how long it took, and when it came.
const ONE: usize = 0;
const AMONG: usize = 1;
const EXCESS: usize = 2;
const CAME: usize = 3;

/// Whether a call takes the longer the more were under way when it came: what tells a crowd from
/// calls that take longer for another reason, as soon as there is one.
///
/// A linear regression of how long a call took over how many there were and when it came, the first
/// two by their logarithms. When it came is in it because what becomes slower bit by bit has more
/// calls under way bit by bit too: but it is not slower for a call that happened to come among more.
#[derive(Debug, Default)]
pub(crate) struct Slope {
    /// Of each times each that does not come before it.
    products: [[AtomicI64; 4]; 4],
}

impl Slope {
    /// A call that was one of `among` took so much longer than alone, in parts of a doubling, and came so
    /// long after some moment, in nanoseconds.
    pub(crate) fn add(&self, among: u32, excess: i32, came: i64) {
        let mut call = [1; 4];
        // In parts of a doubling, of small numbers too, and tenths of milliseconds: squares fit.
        call[AMONG] = log2(u64::from(among) << 16).into();
        call[EXCESS] = excess.into();
        call[CAME] = (came / 100_000).clamp(-LONG_AGO, LONG_AGO);
        for (one, row) in self.products.iter().enumerate() {
            for (other, sum) in row.iter().enumerate().skip(one) {
                sum.fetch_add(call[one] * call[other], Relaxed);
            }
        }
    }

    /// Whether that is so of the calls since the last time, as far as they tell.
    pub(crate) fn take_rises(&self) -> bool {
        let take = |sum: &AtomicI64| sum.swap(0, Relaxed) as f64;
        let sums = self.products.each_ref().map(|row| row.each_ref().map(take));
        let calls = sums[ONE][ONE];
        if calls < LEAST {
            return false;
        }
        let together =
            |one: usize, other: usize| sums[one][other] - sums[ONE][one] * sums[ONE][other] / calls;
        // What time does not explain, of each and of both.
        let time = together(CAME, CAME).max(1.0);
        let beside_time = |one: usize, other: usize| {
            together(one, other) - together(one, CAME) * together(other, CAME) / time
        };
        let among = beside_time(AMONG, AMONG);
        if among < 1.0 {
            return false;
        }
        let both = beside_time(AMONG, EXCESS);
        let slope = both / among;
        let unexplained = (beside_time(EXCESS, EXCESS) - slope * both).max(0.0) / (calls - 3.0);
        slope - SURE * (unexplained / among).sqrt() > STEEP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hundred calls, one each millisecond, of which each finds a few more or less than the time of
    /// the day has it, and takes so long, in milliseconds, with so many at so many milliseconds.
    fn rises(took: impl Fn(u32, i32) -> f64) -> bool {
        let slope = Slope::default();
        let mut chance = 1_u32;
        for at in 0..100 {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let among = 10 + at / 2 + (chance >> 29);
            let nanos = (took(among, at as i32) * 1e6) as u64;
            slope.add(among, log2(nanos), i64::from(at) * 1_000_000);
        }
        slope.take_rises()
    }

    #[test]
    fn a_line_is_told_from_what_becomes_slower_and_slower() {
        assert!(rises(|among, _| 2.5 * f64::from(among)));
        assert!(rises(
            |among, at| 20.0 + 2.5 * f64::from(among + at as u32 % 3)
        ));
        assert!(!rises(|_, at| 10.0 + 0.2 * f64::from(at)));
        assert!(!rises(|_, at| 10.0 + 90.0 * f64::from(at / 50)));
        assert!(!rises(|_, at| 100.0 - 0.5 * f64::from(at)));
        assert!(!rises(|_, at| f64::from(1 + at * 37 % 50)));
        assert!(!rises(|_, _| 5.0));
    }

    #[test]
    fn a_few_calls_say_nothing_and_nor_do_those_of_before() {
        let slope = Slope::default();
        let add = |calls: std::ops::Range<u32>| {
            for call in calls {
                slope.add(call % 7 + 1, log2(u64::from(call % 7 + 1) << 20), i64::MIN);
            }
        };
        add(0..19);
        assert!(!slope.take_rises());
        add(0..19);
        assert!(!slope.take_rises());
        add(0..100);
        assert!(slope.take_rises());
    }
}
