use std::time::Duration;

/// Numbers that are the same every time for the same seed (xorshift64*, Vigna 2016).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Above zero, and at most one.
    pub(crate) fn share(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

/// When calls are due, as from callers that know nothing of each other: the time from one to the next
/// is exponentially distributed, and no answer, however late, holds the next one back.
pub(crate) fn arrivals(
    phases: &[(Duration, f64)],
    capacity: f64,
    random: &mut Random,
) -> Vec<Duration> {
    let mut due = Vec::new();
    let mut begins = 0.0;
    for (time, times) in phases {
        let (ends, rate) = (begins + time.as_secs_f64(), times * capacity);
        let mut at = begins;
        loop {
            at -= random.share().ln() / rate;
            // What would come after the end of a phase is drawn anew in the next one: the
            // distribution has no memory.
            if at >= ends {
                break;
            }
            due.push(Duration::from_secs_f64(at));
        }
        begins = ends;
    }
    due
}
