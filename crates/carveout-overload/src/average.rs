use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// An average in which each sample counts for less than the next: a sample is 1/2^`POWER` of it.
///
/// An update is a load and a store, and one that another thread overwrites is lost: of statistics.
#[derive(Debug, Default)]
pub(crate) struct Average<const POWER: u32>(AtomicU64);

impl<const POWER: u32> Average<POWER> {
    /// 0 before the first sample.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    pub(crate) fn add(&self, sample: u64) {
        let before = self.get();
        let now = if before == 0 {
            sample
        } else {
            before - (before >> POWER) + (sample >> POWER)
        };
        self.0.store(now, Relaxed);
    }
}
