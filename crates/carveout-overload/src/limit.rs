use crate::method::times;
use crate::window::Sums;

/// The best rate of so many windows is what the service can do: a pause does not make it less.
const RATES: usize = 10;
/// How many calls may stand in each other's way. Vegas' beta.
const CROWD: f64 = 3.0;
/// A crowd is one that lasts for so many windows ...
const PATIENCE: u32 = 3;
/// ... and at so much of the best rate.
const SAME: f64 = 0.7;
/// A cut is judged by the window after the next, whose calls have all begun after it.
const SETTLE: u32 = 2;
/// The limit may be so many times what was ever under way lately.
const HEADROOM: usize = 5;

/// Finds the number of calls under way at which the service does all it can and no call waits for
/// another for long: its bandwidth-delay product, as BBR does it (the best rate times the time that
/// a call takes alone).
#[derive(Debug)]
pub(crate) struct Limit {
    least: usize,
    initial: usize,
    /// In nanoseconds.
    tolerance: f64,
    rates: [f64; RATES],
    windows: usize,
    crowded: bool,
    crowded_for: u32,
    cut: Option<Cut>,
}

/// A limit that was lowered, until it is known whether that was right.
#[derive(Clone, Copy, Debug)]
struct Cut {
    windows_left: u32,
    from: usize,
    /// What a call took then.
    took: f64,
    /// How much of that is left if it was the crowd.
    expected: f64,
}

/// What a window says of the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) limit: usize,
    /// Calls take longer by so much, in parts of a doubling, and it is not the crowd.
    pub(crate) slower_by: i32,
    /// Whether nobody stood in anybody's way.
    pub(crate) calm: bool,
}

impl Limit {
    pub(crate) fn new(initial: usize, least: usize, tolerance: u64) -> Self {
        Self {
            least,
            initial,
            tolerance: tolerance as f64,
            rates: [0.0; RATES],
            windows: 0,
            crowded: false,
            crowded_for: 0,
            cut: None,
        }
    }

    pub(crate) fn step(&mut self, limit: usize, most_under_way: usize, sums: &Sums) -> Verdict {
        let hold = Verdict {
            limit,
            slower_by: 0,
            calm: sums.limited + sums.queued == 0 && !self.crowded,
        };
        if sums.ended == 0 {
            return hold;
        }
        let ended = sums.ended as f64;
        let rate = ended / sums.nanos as f64;
        self.rates[self.windows % RATES] = rate;
        self.windows += 1;
        let best = self.rates.iter().copied().fold(0.0, f64::max);

        let took = sums.took as f64 / ended;
        let excess = sums.excess as f64 / ended;
        let ratio = times(excess).max(1.0);
        // Little's law.
        let under_way = rate * took;
        let in_the_way = under_way * (1.0 - 1.0 / ratio);
        self.crowded = in_the_way > CROWD && took * (1.0 - 1.0 / ratio) > self.tolerance;
        self.crowded_for = if self.crowded {
            self.crowded_for + 1
        } else {
            0
        };

        if let Some(cut) = self.judge(took) {
            // Fewer at once, and each takes as long as before: that is how long they take by now.
            self.crowded = false;
            self.rates = [0.0; RATES];
            return Verdict {
                limit: cut.from,
                slower_by: excess as i32,
                calm: false,
            };
        }
        if self.crowded {
            // Once is a pause, and a service that does less than before is not stopped by a crowd.
            if self.crowded_for < PATIENCE || self.cut.is_some() || rate < SAME * best {
                return hold;
            }
            let to = (best * (took / ratio + self.tolerance) + CROWD) as usize;
            let to = to.max(self.least);
            if to < limit {
                self.cut = Some(Cut {
                    windows_left: SETTLE,
                    from: limit,
                    took,
                    expected: (to as f64 / under_way).min(1.0),
                });
                return Verdict { limit: to, ..hold };
            }
            return hold;
        }
        let limit = if sums.limited > 0 {
            limit + (limit / 4).max(1)
        } else {
            // What it has not been near to for long it may not come near to all at once.
            limit.min(self.initial.max(HEADROOM * most_under_way))
        };
        Verdict { limit, ..hold }
    }

    /// The cut that has turned out to be wrong, when it is time to say.
    fn judge(&mut self, took: f64) -> Option<Cut> {
        let cut = self.cut.as_mut()?;
        if cut.windows_left > 0 {
            cut.windows_left -= 1;
            return None;
        }
        let cut = self.cut.take()?;
        // In a crowd, time falls with the limit: less than half of that is none.
        let wrong = took / cut.took > 1.0 - (1.0 - cut.expected) / 2.0;
        wrong.then_some(cut)
    }
}
