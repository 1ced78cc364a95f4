use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use crate::level::{Criticality, Level};
use crate::window::{BUCKETS, Sums};

/// More are let in than were served, by so much: the queue must never run dry.
const MARGIN: f64 = 2.0;
/// What is served differs so much from window to window.
const FITS: f64 = 1.15;
/// How much of what is believed of the load a window is.
const NEW: f64 = 0.3;
/// One refusal in so many is a burst: the short wait of an overloaded service alone causes as much,
/// and must not keep itself up.
const FEW: u64 = 10;
/// The same once it is overloaded.
const FEW_STILL: u64 = 5;
/// An overload is over after so many windows without: one may be chance.
const CALM: u32 = 2;
/// An overload of so many windows in a row is not over soon.
const LASTING: u32 = 10;

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

/// What is known of the overload. One window's end at a time changes it.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// Which share of what arrives can be served; none while all of it can.
    share: Option<f64>,
    /// Windows of overload so far, and without since.
    windows: u32,
    calm: u32,
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

    pub(crate) fn step(&self, load: &mut Load, sums: &Sums) {
        // Of those that were not refused for their level: that share of them is above the threshold
        // on purpose.
        let others = sums.arrived - sums.below_threshold.min(sums.arrived);
        let few = if load.windows > 0 { FEW_STILL } else { FEW };
        if sums.overloaded * few <= others {
            load.share = None;
            load.calm += 1;
            self.level.store(0, Relaxed);
            if load.calm >= CALM {
                load.windows = 0;
                self.overloaded.store(false, Relaxed);
                self.lasting.store(false, Relaxed);
            }
            return;
        }
        load.calm = 0;
        let served = sums.ended as f64 / sums.arrived as f64;
        let share = load
            .share
            .map_or(served, |share| share + NEW * (served - share));
        load.share = Some(share);
        load.windows += 1;
        let short_below = lowest(&sums.levels, share * FITS);
        self.short_below.store(short_below, Relaxed);
        self.overloaded.store(true, Relaxed);
        self.level
            .store(lowest(&sums.levels, share * MARGIN), Relaxed);
        self.lasting.store(load.windows >= LASTING, Relaxed);
    }
}

/// The lowest level that is let in, if no more than `share` of all shall be.
fn lowest(levels: &[u64; BUCKETS], share: f64) -> usize {
    let all: u64 = levels.iter().sum();
    let most = all as f64 * share;
    let mut above = 0;
    for (bucket, count) in levels.iter().enumerate().rev() {
        above += count;
        if above as f64 > most {
            return bucket * Level::COUNT / BUCKETS;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::lowest;
    use crate::window::BUCKETS;

    #[test]
    fn as_many_as_fit_are_above_it() {
        let mut levels = [0; BUCKETS];
        levels[..16].fill(70);
        levels[32..48].fill(30);
        assert_eq!(lowest(&levels, 1.0), 0);
        // All of the critical ones and a few of the others: the bucket at the edge comes in whole.
        assert_eq!(lowest(&levels, 0.38), 14 * 8);
        assert_eq!(lowest(&levels, 0.15), 39 * 8);
        assert_eq!(lowest(&levels, 0.0), 47 * 8);
    }
}
