use std::collections::HashMap;
use std::sync::Arc;

use super::ANONYMOUS;
use super::bucket::Bucket;
use super::config::{QuotaConfig, Rate};
use crate::secure::Identity;

/// So many buckets are kept whatever has become of them; it is not worth looking.
const FEW: usize = 1024;
/// So many buckets of callers that are gone are kept at most until they are full again.
const MANY: usize = 10_000;

/// The bucket of each caller.
#[derive(Debug)]
pub(super) struct Callers {
    pub(super) config: QuotaConfig,
    buckets: HashMap<String, Arc<Bucket>>,
    /// How many there may be before those are dropped that are of no use.
    tidy_at: usize,
}

impl Callers {
    pub(super) fn new(config: QuotaConfig) -> Self {
        Self {
            config,
            buckets: HashMap::new(),
            tidy_at: FEW,
        }
    }

    /// The caller's own rate under the first of its names that has one; else what all others have,
    /// each under the first of its names.
    pub(super) fn rate<'i>(&self, identity: Option<&'i Identity>) -> Named<'i> {
        let names = identity.map_or(&[][..], Identity::names);
        let own = |name: &'i str| {
            let rate = self.config.callers.get(name)?;
            Some(Named {
                name,
                rate: *rate,
                own: true,
            })
        };
        let found = match names {
            [] => own(ANONYMOUS),
            names => names.iter().find_map(|name| own(name)),
        };
        found.unwrap_or_else(|| Named {
            name: names.first().map_or(ANONYMOUS, String::as_str),
            rate: self.config.for_others(),
            own: false,
        })
    }

    /// The bucket that there is under a name; a full one if there is none. One of another rate is
    /// exchanged for one that lacks as many calls.
    pub(super) fn bucket(&mut self, name: &str, rate: Rate) -> Arc<Bucket> {
        let before = match self.buckets.get(name) {
            Some(bucket) if bucket.rate == rate => return bucket.clone(),
            Some(bucket) => Some(bucket.clone()),
            None => None,
        };
        if before.is_none() && self.buckets.len() >= self.tidy_at {
            self.tidy();
        }
        let bucket = Arc::new(Bucket::new(rate, before.as_deref()));
        self.buckets.insert(name.to_owned(), bucket.clone());
        bucket
    }

    /// A bucket that no connection holds and that is full says nothing: a new one is the same. That
    /// bounds their number by the callers that are here or were lately; if those are too many, by the
    /// callers that are here.
    fn tidy(&mut self) {
        let is_held = |bucket: &Arc<Bucket>| Arc::strong_count(bucket) > 1;
        self.buckets
            .retain(|_, bucket| is_held(bucket) || !bucket.is_full());
        let gone = self.buckets.values().filter(|bucket| !is_held(bucket));
        if gone.count() > MANY {
            self.buckets.retain(|_, bucket| is_held(bucket));
        }
        let more = self.buckets.len().min(MANY);
        self.tidy_at = FEW.max(self.buckets.len() + more);
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &Arc<Bucket>)> {
        self.buckets.iter()
    }
}

/// Under which name a caller is counted, and against what.
pub(super) struct Named<'i> {
    pub(super) name: &'i str,
    pub(super) rate: Rate,
    /// Whether the configuration has the name.
    pub(super) own: bool,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATE: Rate = Rate {
        calls_per_second: 1.0,
        burst: 2,
    };

    fn callers() -> Callers {
        let own = Rate { burst: 7, ..RATE };
        Callers::new(QuotaConfig {
            calls_per_second: RATE.calls_per_second,
            burst: RATE.burst,
            callers: [("dns:a".to_owned(), own)].into(),
            ..QuotaConfig::default()
        })
    }

    #[test]
    fn whoever_is_named_by_any_of_its_names_has_its_own() {
        let mut callers = callers();
        let of = |callers: &Callers, names: &[&str]| {
            let identity = Identity::new(names.iter().map(|name| (*name).to_owned()));
            let found = callers.rate(Some(&identity));
            (found.name.to_owned(), found.rate.burst, found.own)
        };
        let expected = ("dns:a".to_owned(), 7, true);
        assert_eq!(of(&callers, &["spiffe://acme/a", "dns:a"]), expected);
        let expected = ("spiffe://acme/b".to_owned(), 2, false);
        assert_eq!(of(&callers, &["spiffe://acme/b", "dns:b"]), expected);
        // Who has a certificate without a name is as good as without one.
        assert_eq!(of(&callers, &[]), ("anonymous".to_owned(), 2, false));

        let own = Rate { burst: 9, ..RATE };
        callers.config.callers.insert("anonymous".to_owned(), own);
        let found = callers.rate(None);
        assert_eq!((found.name, found.rate.burst), ("anonymous", 9));
    }

    #[tokio::test(start_paused = true)]
    async fn callers_that_come_and_go_take_no_room_for_good() {
        let mut callers = callers();
        let held = callers.bucket("cn:held", RATE);
        for caller in 0..20 * FEW {
            // Each is full again long before the next thousand have come.
            tokio::time::advance(Duration::from_millis(10)).await;
            let _ = callers.bucket(&format!("cn:{caller}"), RATE).call();
        }
        assert!(callers.buckets.len() <= FEW, "{}", callers.buckets.len());
        assert!(Arc::ptr_eq(&held, &callers.bucket("cn:held", RATE)));
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_many_that_are_not_full_make_room_too() {
        let mut callers = callers();
        let held = callers.bucket("cn:held", RATE);
        // The time stands still, so that none is ever full again.
        for caller in 0..5 * MANY {
            let _ = callers.bucket(&format!("cn:{caller}"), RATE).call();
        }
        let most = 2 * MANY + 1;
        assert!(callers.buckets.len() <= most, "{}", callers.buckets.len());
        assert!(Arc::ptr_eq(&held, &callers.bucket("cn:held", RATE)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_that_is_not_full_outlives_its_caller() {
        let mut callers = callers();
        let _ = callers.bucket("cn:a", RATE).call();
        for caller in 0..2 * FEW {
            callers.bucket(&format!("cn:{caller}"), RATE);
        }
        assert_eq!(callers.bucket("cn:a", RATE).left(), 1);
        let other = Rate { burst: 3, ..RATE };
        assert_eq!(callers.bucket("cn:a", other).left(), 2, "it lacks one call");
    }
}
