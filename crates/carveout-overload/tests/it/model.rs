use std::time::Duration;

use carveout_overload::Snapshot;

use crate::run::Run;

/// A server, and who calls it.
pub(crate) struct Model {
    /// Calls that it works on at once: workers that are held, or places of a pool.
    pub(crate) places: usize,
    /// What it says that it has of them. A pool is not known to it.
    pub(crate) workers: usize,
    /// Whether a call holds its worker, and so is known to.
    pub(crate) holds_worker: bool,
    /// Number of methods, all alike.
    pub(crate) methods: usize,
    /// How long a call takes at a time of the simulation.
    pub(crate) takes: fn(Duration, &mut Random) -> Duration,
    pub(crate) callers: Callers,
    /// When callers give up.
    pub(crate) deadline: Duration,
    /// Calls that stall or wait for their callers, beside these.
    pub(crate) others: Option<Others>,
    /// The share of calls that are CRITICAL; the rest is SHEDDABLE.
    pub(crate) critical: f64,
    /// Everything stands still so often and for so long, as for a collector of garbage.
    pub(crate) pauses: Option<(Duration, Duration)>,
    pub(crate) lasts: Duration,
    /// What arrives before is not counted.
    pub(crate) warm_up: Duration,
}

#[derive(Clone, Copy)]
pub(crate) enum Callers {
    /// Calls a second at a time of the simulation, whatever comes of them.
    Open(fn(Duration) -> f64),
    /// So many clients that call, wait for the answer, try up to three times more if they are told
    /// that they may, and think for so long, on the average, before they call again. They all start
    /// at once.
    Clients(usize, Duration),
}

/// Background calls that use neither workers nor the pool. Their outcomes are not recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Others {
    /// Number of methods of their own; 0 shares the methods of the others.
    pub(crate) methods: usize,
    /// When they begin.
    pub(crate) at: Duration,
    /// Size of the burst at the beginning.
    pub(crate) crowd: usize,
    /// Arrivals a second after it.
    pub(crate) rate: f64,
    pub(crate) wait: Wait,
    pub(crate) deadline: Duration,
}

/// What a background call waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wait {
    /// A dependency, whose latency depends on the time of the simulation.
    Dependency(fn(Duration) -> Duration),
    /// Its request body, of this number of parts, ten a second.
    Request(u32),
}

impl Default for Others {
    fn default() -> Self {
        Self {
            methods: 1,
            at: Duration::ZERO,
            crowd: 0,
            rate: 0.0,
            wait: Wait::Dependency(|_| Duration::from_secs(3600)),
            deadline: Duration::from_secs(20),
        }
    }
}

impl Default for Model {
    fn default() -> Self {
        Self {
            places: 2,
            workers: 2,
            holds_worker: true,
            methods: 1,
            takes: |_, _| Duration::from_millis(5),
            callers: Callers::Open(|_| 400.0),
            deadline: Duration::from_millis(200),
            others: None,
            critical: 1.0,
            pauses: None,
            lasts: Duration::from_secs(4),
            warm_up: Duration::from_secs(1),
        }
    }
}

impl Model {
    pub(crate) fn run(&self, seed: u64) -> Outcome {
        Run::new(self, seed).finish()
    }
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) offered: u32,
    pub(crate) critical_offered: u32,
    pub(crate) critical_good: u32,
    /// When calls were answered by their deadline, in microseconds from when they were due.
    pub(crate) good_after: Vec<u32>,
    /// When they were, from the start: the earlier first.
    pub(crate) good_at: Vec<Duration>,
    /// When they were refused.
    pub(crate) refused_after: Vec<u32>,
    /// Calls of each client that were answered by their deadline, if there are clients.
    pub(crate) good_of: Vec<u32>,
    /// The limit at the end of each second.
    pub(crate) limits: Vec<usize>,
    pub(crate) end: Option<Snapshot>,
}

impl Outcome {
    /// What came of one more run.
    pub(crate) fn add(&mut self, run: Outcome) {
        self.offered += run.offered;
        self.critical_offered += run.critical_offered;
        self.critical_good += run.critical_good;
        self.good_after.extend(run.good_after);
        self.refused_after.extend(run.refused_after);
    }

    pub(crate) fn good(&self) -> f64 {
        self.good_after.len() as f64
    }

    pub(crate) fn good_share(&self) -> f64 {
        self.good() / f64::from(self.offered)
    }

    /// Milliseconds from then to when four fifths of so many calls a second are answered in each fifth of
    /// a second, for a second. None if never.
    pub(crate) fn well_after(&self, from: Duration, capacity: f64) -> Option<u128> {
        const STEP: Duration = Duration::from_millis(20);
        const PART: Duration = Duration::from_millis(200);
        let until = |end: Duration| self.good_at.partition_point(|at| *at < end);
        let enough = 0.8 * capacity * PART.as_secs_f64();
        let is_well = |begins: &Duration| {
            let parts = (0..5).map(|part| *begins + PART * part);
            let mut answered = parts.map(|begins| until(begins + PART) - until(begins));
            answered.all(|answered| answered as f64 >= enough)
        };
        let last = self.good_at.last()?.saturating_sub(5 * PART);
        let steps = (0..).map(|step| from + STEP * step);
        let begins = steps.take_while(|begins| *begins <= last).find(is_well)?;
        Some((begins - from).as_millis())
    }

    /// In milliseconds.
    pub(crate) fn good_p99(&self) -> f64 {
        p99(&self.good_after)
    }

    /// In milliseconds.
    pub(crate) fn refused_p99(&self) -> f64 {
        p99(&self.refused_after)
    }
}

fn p99(micros: &[u32]) -> f64 {
    let mut micros = micros.to_vec();
    micros.sort_unstable();
    let at = micros.len().saturating_sub(1) * 99 / 100;
    micros.get(at).map_or(0.0, |it| f64::from(*it) / 1000.0)
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let last = &self.limits[self.limits.len().saturating_sub(20)..];
        write!(
            f,
            "{} of {} in time, {} refused; CRITICAL: {} of {}; p99 {} ms, of refusals {} ms; limits {last:?}; {:?}",
            self.good_after.len(),
            self.offered,
            self.refused_after.len(),
            self.critical_good,
            self.critical_offered,
            self.good_p99(),
            self.refused_p99(),
            self.end,
        )
    }
}

/// xorshift64*.
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

    /// From 0 to below 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// As long as this on the average, and as chance has it.
    pub(crate) fn around(&mut self, mean: Duration) -> Duration {
        mean.mul_f64(-self.share().max(1e-12).ln())
    }
}
