use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A clock of processor time.
pub(crate) fn read(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}
