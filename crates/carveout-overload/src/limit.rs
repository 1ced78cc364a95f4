use crate::method::{parts, times};
use crate::window::Sums;

/// The usual rate of so many windows is what the service can do: a pause makes it no less, and a few
/// short calls in a row no more.
const RATES: usize = 10;
/// How many calls may stand in each other's way. Vegas' alpha.
const CROWD: f64 = 2.0;
/// Calls may always take so much of what they take alone longer: that is not known better.
const TOLERABLE: f64 = 0.25;
/// A crowd is one that lasts for so many windows ...
const PATIENCE: u32 = 3;
/// ... and at so much of the usual rate: what has lost half of its capacity at four fifths of the load is
/// slower and crowded, and what stands still is slower than that.
const SAME: f64 = 0.6;
/// How many may arrive for each that ends: what is more is a backlog.
const KEEPS_UP: f64 = 1.05;
/// A cut to less than this is judged ...
const LARGE: f64 = 0.8;
/// ... by so many calls, after one window without a call from before it.
const JUDGED_BY: u64 = 100;
/// More lost than one for so many that ended are too many. One or two alone say nothing.
const FEW_LOST: u64 = 5;
const LEAST_LOST: u64 = 3;
/// The limit may be so many times what was ever under way lately.
const HEADROOM: usize = 5;

/// Finds the number of calls under way at which the service does all it can and no call waits for
/// another for long: its bandwidth-delay product, as BBR does it (the rate times the time that a
/// call takes alone).
#[derive(Debug)]
pub(crate) struct Limit {
    least: usize,
    initial: usize,
    /// In nanoseconds.
    tolerance: f64,
    rates: [f64; RATES],
    windows: usize,
    /// Windows in a row, and what they say.
    crowded_for: u32,
    crowd: Excess,
    /// Whether there were ever too many.
    was_crowded: bool,
    cut: Option<Cut>,
    /// How it was before the cuts that have not been judged.
    uncut: Option<Uncut>,
}

/// How it was before a limit was lowered.
#[derive(Clone, Copy, Debug)]
struct Uncut {
    limit: usize,
    /// On the average.
    under_way: f64,
    /// How much longer than alone calls took, in parts of a doubling.
    excess: f64,
}

/// A limit that was lowered, until it is known whether that was right.
#[derive(Clone, Copy, Debug)]
struct Cut {
    from: usize,
    /// It was right if calls take no longer than this by now, in parts of a doubling.
    right_at: f64,
    /// Since it took effect; none before.
    since: Option<Excess>,
}

/// How much longer than alone the calls of several windows took, in parts of a doubling.
#[derive(Clone, Copy, Debug, Default)]
struct Excess {
    calls: u64,
    sum: i64,
}

impl Excess {
    fn add(&mut self, sums: &Sums) {
        self.calls += sums.ended;
        self.sum += sums.excess;
    }

    fn mean(self) -> f64 {
        self.sum as f64 / self.calls.max(1) as f64
    }
}

/// How it is at the end of a window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) limit: usize,
    pub(crate) taken: usize,
    /// In the window.
    pub(crate) most_taken: usize,
    /// Calls that keep the workers busy, if they hold them.
    pub(crate) at_hand: usize,
}

/// What a window says of the limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) limit: usize,
    /// Calls take longer than they did, and it is not the crowd.
    pub(crate) slower: bool,
    /// Whether nobody stood in anybody's way.
    pub(crate) calm: bool,
    /// Whether there are too many.
    pub(crate) crowded: bool,
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
            crowd: Excess::default(),
            was_crowded: false,
            cut: None,
            uncut: None,
        }
    }

    pub(crate) fn step(&mut self, now: Now, sums: &Sums) -> Verdict {
        let least = self.least.max(now.at_hand.min(self.initial));
        let limit = now.limit.max(least);
        // Who ends as much as arrives has no crowd that grows, however long calls take.
        let left = sums.ended + sums.gone;
        let keeps_up = sums.arrived as f64 <= left as f64 * KEEPS_UP + CROWD;
        // Calls that are let in and not answered in time are work for nobody, whatever the cause.
        let loses = loses(sums);
        let hold = Verdict {
            limit: if loses {
                (limit - limit / 10).max(least)
            } else {
                limit
            },
            slower: false,
            calm: sums.limited + sums.queued == 0 && keeps_up,
            crowded: false,
        };
        if sums.ended == 0 {
            return hold;
        }
        let ended = sums.ended as f64;
        let rate = ended / sums.nanos as f64;
        self.rates[self.windows % RATES] = rate;
        self.windows += 1;
        let usual = self.usual_rate();

        let took = sums.took as f64 / ended;
        let excess = sums.excess as f64 / ended;
        let ratio = times(excess).max(1.0);
        // Little's law: those that were not answered in time were under way too.
        let under_way = (sums.took + sums.lost_after) as f64 / sums.nanos as f64;
        let in_the_way = under_way * (1.0 - 1.0 / ratio);
        let alone = took / ratio;
        let tolerance = self.tolerance.max(alone * TOLERABLE);
        let crowded = !keeps_up && in_the_way > CROWD && took - alone > tolerance;
        let hold = Verdict { crowded, ..hold };
        if crowded {
            self.was_crowded = true;
            self.crowded_for += 1;
            self.crowd.add(sums);
        } else {
            self.begin_anew();
        }

        if let Some(cut) = self.judge(sums, now) {
            // Fewer at once, and each takes as long as before: that is how long they take by now. Room
            // for twice as many as that makes is room for all, and not at once for a crowd again.
            self.rates = [0.0; RATES];
            self.begin_anew();
            let arrive = sums.arrived as f64 / sums.nanos as f64;
            let room = (2.0 * arrive * took + CROWD) as usize;
            return Verdict {
                limit: room.min(cut.from).max(limit),
                slower: true,
                calm: false,
                crowded: false,
            };
        }
        if crowded {
            // Once is a pause, and a service that does less than before is not stopped by a crowd: if
            // it is not seen to be one.
            let is_sure = sums.rises || self.crowded_for >= PATIENCE && rate >= SAME * usual;
            if !is_sure || self.cut.is_some() {
                return hold;
            }
            let calls = (usual * (alone + tolerance) + CROWD) as usize;
            let to = calls.max(least);
            if to >= limit {
                return hold;
            }
            // Several small ones are a large one.
            let uncut = *self.uncut.get_or_insert(Uncut {
                limit,
                under_way,
                // Those that were not answered in time took longer than those that were.
                excess: self
                    .crowd
                    .mean()
                    .max(parts(under_way / (usual.max(rate) * alone))),
            });
            let fewer = to as f64 / uncut.under_way;
            // In a crowd, time falls with the number: less than half of that is none.
            let expected = (uncut.excess + parts(fewer)).max(0.0);
            self.cut = (fewer < LARGE).then_some(Cut {
                from: uncut.limit,
                right_at: (uncut.excess + expected) / 2.0,
                since: None,
            });
            self.begin_anew();
            return Verdict { limit: to, ..hold };
        }
        if loses || self.cut.is_some() {
            return hold;
        }
        let limit = if sums.limited > 0 {
            // A start is slow as TCP's is: twice as many each time, until it was too many once.
            let more = if self.was_crowded { limit / 4 } else { limit };
            self.uncut = None;
            let most = HEADROOM * now.most_taken.max(self.initial);
            limit.saturating_add(more.max(1)).min(limit.max(most))
        } else {
            // What it has not been near to for long it may not come near to all at once.
            limit.min(self.initial.max(HEADROOM * now.most_taken))
        };
        Verdict { limit, ..hold }
    }

    fn begin_anew(&mut self) {
        self.crowded_for = 0;
        self.crowd = Excess::default();
    }

    /// The median of those that are known, the present one at least.
    fn usual_rate(&self) -> f64 {
        let mut rates = self.rates;
        rates.sort_by(f64::total_cmp);
        let unknown = rates.iter().filter(|rate| **rate == 0.0).count();
        rates[(unknown + RATES) / 2]
    }

    /// The cut that has turned out to be wrong, when it is time to say.
    fn judge(&mut self, sums: &Sums, now: Now) -> Option<Cut> {
        let cut = self.cut.as_mut()?;
        // Those that came before it are still on their way out.
        if now.taken > now.limit {
            cut.since = None;
            return None;
        }
        let Some(since) = &mut cut.since else {
            cut.since = Some(Excess::default());
            return None;
        };
        since.add(sums);
        if since.calls < JUDGED_BY {
            return None;
        }
        let was_wrong = since.mean() > cut.right_at && !loses(sums);
        self.uncut = None;
        self.cut.take().filter(|_| was_wrong)
    }
}

fn loses(sums: &Sums) -> bool {
    sums.lost >= LEAST_LOST && sums.lost * FEW_LOST > sums.ended
}
