use crate::average::Average;

/// Calls at hand for each worker, at most.
const MOST: usize = 8;
/// The share of the time in which there may be no call at hand, in an overload.
const IDLE: f64 = 0.01;

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
    /// While it is overloaded no call waits for long elsewhere, and the less is too much the longer the
    /// gaps are that chance makes: `n` calls at hand are all done before the next has come for about
    /// `load` to the power of `-2n / (1 + scv / load)` of the time (by the diffusion that a queue of
    /// room for `n` is nearly, and exact enough for calls of one length). For that there may be half a call
    /// for each worker more at hand, and where much is too much there are fewer.
    pub(crate) fn places(&self, workers: usize, load: Option<f64>) -> usize {
        let scv = self.scv();
        let differing = workers as f64 * (1.0 + scv) / 2.0;
        let differing = (differing.ceil() as usize).clamp(workers, MOST * workers);
        // Where none holds a worker there is none to keep busy.
        let Some(load) = load.filter(|_| self.mean.get() > 0) else {
            return differing;
        };
        let bridging = IDLE.recip().ln() * (1.0 + scv / load) / (2.0 * load.max(1.01).ln());
        let most = differing + workers.div_ceil(2);
        (bridging.round() as usize).clamp(workers, most)
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
    fn where_much_is_too_much_fewer_are_at_hand_that_differ() {
        let spread = Spread::default();
        for call in 0..1000 {
            spread.add(if call % 10 == 0 {
                50_000_000
            } else {
                1_000_000
            });
        }
        let places = [1.4, 3.0, 10.0].map(|load| spread.places(2, Some(load)));
        assert!(matches!(places, [7..=10, 4..=7, 2]), "{places:?}");
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
