use crate::average::Average;

/// Calls at hand for each worker, at most.
const MOST: usize = 8;
/// The share of the time in which there may be no call at hand, in a slight overload.
const IDLE: f64 = 0.02;

/// How much calls differ in how long they take from when a worker takes them up.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    /// In nanoseconds.
    mean: Average<7>,
    /// In microseconds, squared.
    mean_square: Average<7>,
}

impl Spread {
    pub(crate) fn add(&self, nanos: u64) {
        // Half an hour: its square still fits.
        let nanos = nanos.min(1 << 41);
        let micros = nanos / 1000;
        self.mean.add(nanos);
        self.mean_square.add(micros * micros);
    }

    /// How many calls have to be at hand so that so many workers hardly ever have none: one for each,
    /// and more the more calls differ, by which a queue grows too (the formula of Pollaczek and
    /// Khinchine): many short ones in a row are done before the next has come.
    ///
    /// While it is overloaded no call waits for long elsewhere, and when little more arrives than can be
    /// served chance makes gaps: `n` calls of one length are all done before the next has come for about
    /// `load` to the power of `-2n` of the time. For that there may be half as many more at hand.
    pub(crate) fn places(&self, workers: usize, load: Option<f64>) -> usize {
        let differing = workers as f64 * (1.0 + self.scv()) / 2.0;
        let differing = (differing.ceil() as usize).clamp(workers, MOST * workers);
        // Where none holds a worker there is none to keep busy.
        let Some(load) = load.filter(|_| self.mean.get() > 0) else {
            return differing;
        };
        let bridging = IDLE.recip().ln() / (2.0 * load.max(1.01).ln());
        let bridging = (bridging.round() as usize).min(workers + workers.div_ceil(2));
        differing.max(bridging)
    }

    /// The squared coefficient of variation: 0 if all take as long, 1 if it is pure chance.
    fn scv(&self) -> f64 {
        let mean = self.mean.get() as f64 / 1000.0;
        if mean < 1.0 {
            return 0.0;
        }
        (self.mean_square.get() as f64 / (mean * mean) - 1.0).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_more_calls_differ_the_more_are_at_hand() {
        let places = |long: u64| {
            let spread = Spread::default();
            for call in 0..1000 {
                spread.add(if call % 10 == 0 { long } else { 1_000_000 });
            }
            spread.places(2, None)
        };
        assert_eq!(Spread::default().places(2, None), 2);
        assert_eq!(places(1_000_000), 2);
        // One in ten takes fifty times as long: a squared coefficient of variation of 6.
        assert!(
            (6..=9).contains(&places(50_000_000)),
            "{}",
            places(50_000_000)
        );
        assert!((6..=16).contains(&places(u64::MAX)));
    }

    #[test]
    fn the_less_is_refused_the_more_are_at_hand() {
        let spread = Spread::default();
        assert_eq!(spread.places(2, Some(1.4)), 2);
        spread.add(5_000_000);
        let places = |workers, load| spread.places(workers, Some(load));
        assert_eq!([1.0, 1.4, 2.0].map(|load| places(2, load)), [3, 3, 3]);
        assert_eq!([3.0, 10.0].map(|load| places(2, load)), [2, 2]);
        assert_eq!([1.4, 10.0].map(|load| places(1, load)), [2, 1]);
        // Of many workers some are always about to be done.
        assert_eq!([1.4, 10.0].map(|load| places(16, load)), [16, 16]);
    }
}
