use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use crate::level::{Criticality, Level};
use crate::window::{BUCKETS, Sums};

/// Levels of a bucket.
const LEVELS: usize = Level::COUNT / BUCKETS;
/// So many times what is served is above the threshold: the queue must never run dry.
const MARGIN: f64 = 3.0;
/// What is served differs so much over a few windows.
const FITS: f64 = 1.05;
/// How much of an average a window is.
const NEW: f64 = 0.2;
/// How much of the capacity is forgotten in a window.
const FORGOTTEN: f64 = 0.02;
/// More than one refusal in so many is an overload.
const FEW: u64 = 10;
const LEAST: u64 = 3;
/// It is over when fewer than one in so many is refused, ...
const NEARLY_NONE: u64 = 100;
/// ... or less arrives than so much of what is served while it lasts: the short wait of an overloaded
/// service causes refusals of its own, and must not keep itself up by them.
const FILLS: f64 = 0.9;
/// And that for so many windows: one may be chance.
const CALM: u32 = 2;
/// An overload that has lasted for so long, in nanoseconds, is not over soon.
const LASTING: u64 = 1_000_000_000;

/// Below which level a call is refused before it is even queued, so that an overloaded service
/// serves some users well.
#[derive(Debug, Default)]
pub(crate) struct Threshold {
    level: AtomicUsize,
    /// Below which level there is not room for all.
    short_below: AtomicUsize,
    overloaded: AtomicBool,
    lasting: AtomicBool,
}

/// What is known of an overload while it lasts, in shares and averages of its windows.
#[derive(Debug)]
pub(crate) struct Overload {
    /// How long it has lasted, in nanoseconds.
    nanos: u64,
    /// Windows in a row in which it seemed to be over.
    calm: u32,
    /// Which share of what arrives can be served.
    share: f64,
    /// What can be served, in calls a nanosecond: what was, and is forgotten slowly, because less is when
    /// less comes.
    capacity: f64,
    /// How many arrive at each level.
    levels: [f64; BUCKETS],
}

impl Overload {
    fn begun(sums: &Sums) -> Self {
        Self {
            nanos: sums.nanos,
            calm: 0,
            share: share(sums),
            capacity: rate(left(sums), sums),
            levels: sums.levels.map(|count| count as f64),
        }
    }

    /// How many times what can be served arrives.
    pub(crate) fn load(&self) -> f64 {
        self.share.max(0.001).recip()
    }

    fn is_over(&self, sums: &Sums) -> bool {
        let offered = rate(sums.arrived, sums);
        offered < FILLS * self.capacity || !exceeds(sums, NEARLY_NONE)
    }

    fn goes_on(&mut self, sums: &Sums) {
        self.nanos += sums.nanos;
        self.calm = 0;
        moved(&mut self.share, share(sums));
        let left = rate(left(sums), sums);
        let part = if left > self.capacity { NEW } else { FORGOTTEN };
        self.capacity += part * (left - self.capacity);
        for (level, count) in self.levels.iter_mut().zip(&sums.levels) {
            moved(level, *count as f64);
        }
    }
}

/// Who was let in and is not any more.
fn left(sums: &Sums) -> u64 {
    sums.ended + sums.lost + sums.gone
}

/// Who was let in or may still be: streams and long calls among them end some other time. Or who left, if
/// those are more: while a crowd from before the overload leaves, nobody is let in.
fn served(sums: &Sums) -> u64 {
    let refused = sums.overloaded + sums.below_threshold + sums.doomed;
    let let_in = sums.arrived.saturating_sub(refused);
    let_in.max(left(sums).min(sums.arrived))
}

fn share(sums: &Sums) -> f64 {
    served(sums) as f64 / sums.arrived.max(1) as f64
}

fn rate(calls: u64, sums: &Sums) -> f64 {
    calls as f64 / sums.nanos as f64
}

fn moved(average: &mut f64, sample: f64) {
    *average += NEW * (sample - *average);
}

/// Whether more than one call in so many was refused: of those that were not refused for their
/// level, which is done on purpose. One or two alone say nothing.
fn exceeds(sums: &Sums, few: u64) -> bool {
    let others = sums.arrived.saturating_sub(sums.below_threshold);
    sums.overloaded >= LEAST && sums.overloaded * few > others
}

impl Threshold {
    pub(crate) fn refuses(&self, level: Level) -> bool {
        level.number() < self.level()
    }

    pub(crate) fn level(&self) -> usize {
        self.level.load(Relaxed)
    }

    /// Whether much had to be refused lately.
    pub(crate) fn is_overloaded(&self) -> bool {
        self.overloaded.load(Relaxed)
    }

    /// Whether there is room for all that are as critical as `class`, whatever the overload.
    pub(crate) fn fits(&self, class: Criticality) -> bool {
        Level::lowest(class) >= self.short_below.load(Relaxed)
    }

    /// Whether the overload has gone on for long.
    pub(crate) fn is_lasting(&self) -> bool {
        self.lasting.load(Relaxed)
    }

    /// Takes a window into account.
    pub(crate) fn step(&self, overload: &mut Option<Overload>, sums: &Sums) {
        let it = match overload {
            None if !exceeds(sums, FEW) => return,
            None => overload.insert(Overload::begun(sums)),
            Some(it) if it.is_over(sums) => {
                it.calm += 1;
                self.level.store(0, Relaxed);
                if it.calm >= CALM {
                    *overload = None;
                    self.overloaded.store(false, Relaxed);
                    self.lasting.store(false, Relaxed);
                }
                return;
            }
            Some(it) => {
                it.goes_on(sums);
                it
            }
        };
        // The bucket at the edge does not fit as a whole.
        let short_below = edge(&it.levels, it.share * FITS).map_or(0, |edge| (edge + 1) * LEVELS);
        // All may come again as soon as there is room, and not only once the average says so.
        let level =
            edge(&it.levels, it.share.max(share(sums)) * MARGIN).map_or(0, |edge| edge * LEVELS);
        self.short_below.store(short_below, Relaxed);
        self.level.store(level, Relaxed);
        self.overloaded.store(true, Relaxed);
        self.lasting.store(it.nanos >= LASTING, Relaxed);
    }
}

/// The bucket that is let in in part, if `share` of all shall be; none if there is room for all.
fn edge(levels: &[f64; BUCKETS], share: f64) -> Option<usize> {
    let all: f64 = levels.iter().sum();
    let most = all * share;
    let mut above = 0.0;
    for (bucket, count) in levels.iter().enumerate().rev() {
        above += count;
        if above > most {
            return Some(bucket);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    #[test]
    fn as_many_as_fit_are_above_it() {
        let mut levels = [0.0; BUCKETS];
        levels[..16].fill(70.0);
        levels[32..48].fill(30.0);
        assert_eq!(edge(&levels, 1.0), None);
        // All of the critical ones and a few of the others.
        assert_eq!(edge(&levels, 0.38), Some(14));
        assert_eq!(edge(&levels, 0.15), Some(39));
        assert_eq!(edge(&levels, 0.0), Some(47));
    }

    #[test]
    fn calls_that_are_all_alike_do_not_fit_by_their_level() {
        let window = Window::new();
        for call in 0..300 {
            window.arrived(Level::default());
            if call % 3 == 0 {
                window.ended(5_000_000, 0);
            } else {
                window.overloaded();
            }
        }
        let sums = window.close(100_000_000, 1, 1).unwrap();
        let threshold = Threshold::default();
        threshold.step(&mut None, &sums);
        assert!(threshold.is_overloaded());
        assert!(!threshold.fits(Criticality::Critical));
        assert!(threshold.fits(Criticality::CriticalPlus));
    }
}
