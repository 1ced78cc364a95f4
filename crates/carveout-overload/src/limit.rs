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
/// How many may arrive for each that ends: what is more is a backlog.
const KEEPS_UP: f64 = 1.05;
/// A cut is judged after so many windows without a call from before it.
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
    crowded_for: u32,
    has_cut: bool,
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

/// How it is at the end of a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) limit: usize,
    pub(crate) under_way: usize,
    /// In the window.
    pub(crate) most_under_way: usize,
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
            crowded_for: 0,
            has_cut: false,
            cut: None,
        }
    }

    pub(crate) fn step(&mut self, now: Now, sums: &Sums) -> Verdict {
        let Now { limit, .. } = now;
        // Who ends as much as arrives has no crowd that grows, however long calls take.
        let keeps_up = sums.arrived as f64 <= sums.ended as f64 * KEEPS_UP + CROWD;
        let hold = Verdict {
            limit,
            slower_by: 0,
            calm: sums.limited + sums.queued == 0 && keeps_up,
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
        let crowded =
            !keeps_up && in_the_way > CROWD && took * (1.0 - 1.0 / ratio) > self.tolerance;
        self.crowded_for = if crowded { self.crowded_for + 1 } else { 0 };

        if let Some(cut) = self.judge(took, now) {
            // Fewer at once, and each takes as long as before: that is how long they take by now.
            self.rates = [0.0; RATES];
            return Verdict {
                limit: cut.from,
                slower_by: excess as i32,
                calm: false,
            };
        }
        if crowded {
            // Once is a pause, and a service that does less than before is not stopped by a crowd.
            if self.crowded_for < PATIENCE || self.cut.is_some() || rate < SAME * best {
                return hold;
            }
            let to = (best * (took / ratio + self.tolerance) + CROWD) as usize;
            let to = to.max(self.least);
            if to < limit {
                self.has_cut = true;
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
            // A start is slow as TCP's is: twice as many each time, until it was too many once.
            let more = if self.has_cut { limit / 4 } else { limit };
            limit + more.max(1)
        } else {
            // What it has not been near to for long it may not come near to all at once.
            limit.min(self.initial.max(HEADROOM * now.most_under_way))
        };
        Verdict { limit, ..hold }
    }

    /// The cut that has turned out to be wrong, when it is time to say.
    fn judge(&mut self, took: f64, now: Now) -> Option<Cut> {
        let cut = self.cut.as_mut()?;
        // Those that came before it are still on their way out.
        if now.under_way > now.limit {
            cut.windows_left = SETTLE;
            return None;
        }
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
