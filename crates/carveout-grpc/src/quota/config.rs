use std::collections::BTreeMap;

use carveout_overload::GuardMode;
use serde::{Deserialize, Serialize};

use super::ANONYMOUS;
use crate::access::is_one_caller;

/// The slowest and the fastest rate, in calls per second. One call in a quarter of an hour is next to
/// none, and a million limit nobody; what lies between cannot overflow a clock of nanoseconds.
const SLOWEST: f64 = 0.001;
const FASTEST: f64 = 1_000_000.0;
const LARGEST_BURST: u32 = 1_000_000;

/// The `[quota]` section: how many calls each caller may make, however much the service could do. It
/// limits nobody until it is switched on, and wants mutual TLS, which says who calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaConfig {
    /// `off`, `dark` (only counts what it would refuse) or `enforce`. Off, as nobody but the service's
    /// owner knows what its callers were promised.
    pub mode: GuardMode,
    /// Calls per second, from 0.001 to 1000000, that each caller may make for as long as it likes, if
    /// `callers` has none for it. 100: a place to begin at, to be watched in the mode `dark`.
    pub calls_per_second: f64,
    /// Calls, from 1 to 1000000, that it may make at once after it was quiet. 100: what comes in one
    /// second, so that a caller that was held up for so long loses none.
    pub burst: u32,
    /// Those that have a quota of their own, by one of their names: `spiffe://acme/billing`,
    /// `dns:billing.acme.internal`, `cn:billing`; and `anonymous`, which is all callers without a
    /// certificate together. None.
    pub callers: BTreeMap<String, Rate>,
}

impl Default for QuotaConfig {
    fn default() -> Self {
        Self {
            mode: GuardMode::Off,
            calls_per_second: 100.0,
            burst: 100,
            callers: BTreeMap::new(),
        }
    }
}

/// A quota of one caller's own, `[quota.callers."spiffe://acme/billing"]` say. It has both keys, so
/// that nobody has to look up the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Calls per second, from 0.001 to 1000000.
    pub calls_per_second: f64,
    /// Calls that it may make at once after it was quiet, from 1 to 1000000.
    pub burst: u32,
}

/// A value of [`QuotaConfig`] that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {problem}", .key.join("."))]
pub struct QuotaError {
    /// Where it is: the name of the key, after those of the tables that it is in.
    pub key: Vec<String>,
    /// What is wrong with it, and what it must be.
    pub problem: String,
}

impl QuotaConfig {
    /// Refuses values that mean nothing.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<(), QuotaError> {
        self.for_others().check(&[])?;
        for (name, rate) in &self.callers {
            if name != ANONYMOUS && !is_one_caller(name) {
                return Err(QuotaError {
                    key: vec!["callers".to_owned(), name.clone()],
                    problem: "is no caller; write a URI such as \"spiffe://acme/billing\", \
                              \"dns:NAME\", \"cn:NAME\" or \"anonymous\""
                        .to_owned(),
                });
            }
            rate.check(&["callers", name])?;
        }
        Ok(())
    }

    /// The nearest one that means something.
    pub(super) fn usable(&self) -> Self {
        let others = self.for_others().usable();
        let callers = self.callers.iter();
        Self {
            mode: self.mode,
            calls_per_second: others.calls_per_second,
            burst: others.burst,
            callers: callers
                .map(|(name, rate)| (name.clone(), rate.usable()))
                .collect(),
        }
    }

    /// What callers have that are not named.
    pub(super) fn for_others(&self) -> Rate {
        Rate {
            calls_per_second: self.calls_per_second,
            burst: self.burst,
        }
    }
}

impl Rate {
    fn check(self, table: &[&str]) -> Result<(), QuotaError> {
        let wrong = |key: &str, problem: String| {
            let key = table.iter().copied().chain([key]);
            Err(QuotaError {
                key: key.map(str::to_owned).collect(),
                problem,
            })
        };
        if !(SLOWEST..=FASTEST).contains(&self.calls_per_second) {
            let problem = format!("must be from {SLOWEST} to {FASTEST}");
            return wrong("calls_per_second", problem);
        }
        if !(1..=LARGEST_BURST).contains(&self.burst) {
            return wrong("burst", format!("must be from 1 to {LARGEST_BURST}"));
        }
        Ok(())
    }

    fn usable(self) -> Self {
        let rate = self.calls_per_second;
        Self {
            // What is not a number is not above it.
            calls_per_second: if rate > SLOWEST {
                rate.min(FASTEST)
            } else {
                SLOWEST
            },
            burst: self.burst.clamp(1, LARGEST_BURST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, calls_per_second: f64, burst: u32) -> QuotaConfig {
        let rate = Rate {
            calls_per_second,
            burst,
        };
        QuotaConfig {
            callers: [(name.to_owned(), rate)].into(),
            ..QuotaConfig::default()
        }
    }

    #[test]
    fn what_can_be_counted_passes() {
        for name in ["spiffe://acme/a.b", "dns:a.b", "cn:a", "anonymous"] {
            assert_eq!(named(name, 0.001, 1_000_000).check(), Ok(()), "{name}");
        }
        assert_eq!(QuotaConfig::default().check(), Ok(()));
    }

    #[test]
    fn what_means_nothing_is_refused_by_its_key() {
        let others = |calls_per_second, burst| QuotaConfig {
            calls_per_second,
            burst,
            ..QuotaConfig::default()
        };
        let rate = "calls_per_second must be from 0.001 to 1000000";
        for (config, said) in [
            (others(0.0, 1), rate),
            (others(f64::NAN, 1), rate),
            (others(f64::INFINITY, 1), rate),
            (others(-1.0, 1), rate),
            (others(1.0, 0), "burst must be from 1 to 1000000"),
            (
                named("cn:a", 1.0, 0),
                "callers.cn:a.burst must be from 1 to 1000000",
            ),
            (named("cn:a", 0.0, 1), &format!("callers.cn:a.{rate}")),
            (named("billing", 1.0, 1), "callers.billing is no caller"),
            // Each caller has its own, so that it must be clear whose.
            (
                named("dns:*.acme", 1.0, 1),
                "callers.dns:*.acme is no caller",
            ),
            (named("*", 1.0, 1), "callers.* is no caller"),
        ] {
            let found = config.check().unwrap_err().to_string();
            assert!(found.starts_with(said), "{found}");
        }
    }

    #[test]
    fn what_was_not_checked_is_usable_all_the_same() {
        let rate = |calls_per_second, burst| {
            let rate = Rate {
                calls_per_second,
                burst,
            };
            let usable = rate.usable();
            (usable.calls_per_second, usable.burst)
        };
        assert_eq!(rate(f64::NAN, 0), (SLOWEST, 1));
        assert_eq!(rate(f64::INFINITY, u32::MAX), (FASTEST, LARGEST_BURST));
        assert_eq!(rate(7.0, 7), (7.0, 7));
    }
}
