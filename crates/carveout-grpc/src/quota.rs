//! How many calls each caller may make.

mod bucket;
mod callers;
mod config;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use carveout_metrics::prometheus_client::metrics::counter::Counter;
use carveout_metrics::prometheus_client::metrics::family::Family;
use carveout_metrics::{GuardMetrics, Metrics};
use carveout_overload::GuardMode;

use self::bucket::Bucket;
use self::callers::Callers;
pub use self::config::{QuotaConfig, QuotaError, Rate};
use crate::admission::RETRY;
use crate::error::{Error, Reason};
use crate::secure::Identity;
use crate::sparingly::Sparingly;

/// The name of all callers without a certificate.
pub(crate) const ANONYMOUS: &str = "anonymous";
/// The name, among metrics, of all callers that the configuration does not name.
const OTHERS: &str = "_OTHER";
/// The most callers that a snapshot lists.
const LISTED: usize = 100;

/// The guard that refuses calls of a caller that has used its quota up: RESOURCE_EXHAUSTED, however
/// much or little the service has to do.
///
/// It is off until [`set`](Self::set). Health and reflection are open to all. Clones share everything.
#[derive(Clone)]
pub struct Quota(Arc<Shared>);

struct Shared {
    /// The mode, and above it how often there was a new configuration: all that a call has to look at
    /// to know that nothing has changed.
    version: AtomicU64,
    callers: Mutex<Callers>,
    dark: Decisions,
    enforced: Decisions,
    /// Who was refused, by caller and mode. Only callers that the configuration names have a series of
    /// their own, so that no caller creates one.
    denied: Family<Vec<(&'static str, String)>, Counter>,
    log: Sparingly,
}

/// Of a version, what is the mode.
const MODES: u64 = 4;

struct Decisions {
    mode: GuardMode,
    within: Counter,
    exceeded: Counter,
}

impl Decisions {
    fn new(metrics: &GuardMetrics, mode: GuardMode) -> Self {
        let decision = |outcome, reason| metrics.decision(mode.as_str(), outcome, reason);
        Self {
            mode,
            within: decision("allowed", "WITHIN_QUOTA"),
            exceeded: decision("denied", Reason::QUOTA_EXCEEDED.as_str()),
        }
    }
}

/// What is known of quotas at one moment.
#[derive(Clone, Debug)]
pub struct QuotaSnapshot {
    /// What the guard does.
    pub mode: GuardMode,
    /// What callers have that the configuration does not name.
    pub others: Rate,
    /// At least those that are connected or have not their whole burst: first who has nothing left, and
    /// then by refused calls. At most 100.
    pub callers: Vec<CallerQuota>,
}

/// One caller's quota at one moment.
#[derive(Clone, Debug)]
pub struct CallerQuota {
    /// The name that it is counted under.
    pub caller: String,
    /// What it may do.
    pub rate: Rate,
    /// How many calls it could make at once now.
    pub left: u32,
    /// How many of its calls were refused, or would have been in the mode `dark`, since it was first
    /// seen.
    pub denied: u64,
}

impl Quota {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let guard = GuardMetrics::register(metrics, "quota");
        let denied = Family::default();
        let help = "Calls over the quota of their caller, refused or not";
        metrics.register(|registry| registry.register("quota_denied", help, denied.clone()));
        Self(Arc::new(Shared {
            version: AtomicU64::new(GuardMode::Off as u64),
            callers: Mutex::new(Callers::new(QuotaConfig::default())),
            dark: Decisions::new(&guard, GuardMode::Dark),
            enforced: Decisions::new(&guard, GuardMode::Enforce),
            denied,
            log: Sparingly::default(),
        }))
    }

    /// Puts `config` into force for the calls that arrive from now on. A caller goes on from where it
    /// is: one that gets another burst lacks as many calls of it as it lacked before.
    ///
    /// Values that [`QuotaConfig::check`] refuses are taken for the nearest that it does not.
    pub fn set(&self, config: &QuotaConfig) {
        let mut callers = self.0.callers();
        callers.config = config.usable();
        // While the lock is held, so that whoever knows the new version finds the new configuration.
        let times = self.0.version.load(Relaxed) / MODES;
        let version = (times + 1) * MODES + config.mode as u64;
        self.0.version.store(version, Relaxed);
    }

    /// Everything that is known at this moment.
    pub fn snapshot(&self) -> QuotaSnapshot {
        let callers = self.0.callers();
        let (mode, others) = (callers.config.mode, callers.config.for_others());
        let quota = |(name, bucket): (&String, &Arc<Bucket>)| CallerQuota {
            caller: name.clone(),
            rate: bucket.rate,
            left: bucket.left(),
            denied: bucket.denied(),
        };
        let mut listed: Vec<CallerQuota> = callers.all().map(quota).collect();
        // Calls that are the first of their connection wait for it.
        drop(callers);
        listed.sort_by(|one, other| {
            let key = |quota: &CallerQuota| (quota.left > 0, Reverse(quota.denied));
            (key(one), &one.caller).cmp(&(key(other), &other.caller))
        });
        listed.truncate(LISTED);
        QuotaSnapshot {
            mode,
            others,
            callers: listed,
        }
    }

    /// The calls of one connection, which are all one caller's.
    pub(crate) fn of(&self, identity: Option<Identity>) -> ConnectionQuota {
        ConnectionQuota {
            quota: self.clone(),
            identity,
            seat: RefCell::default(),
        }
    }
}

impl Shared {
    fn callers(&self) -> MutexGuard<'_, Callers> {
        // A panic in between leaves a map with a bucket more or less.
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seat(&self, version: u64, identity: Option<&Identity>) -> Seat {
        let mut callers = self.callers();
        let named = callers.rate(identity);
        let label = if named.own { named.name } else { OTHERS };
        let denied = |mode: GuardMode| {
            let labels = [("caller", label), ("mode", mode.as_str())];
            let labels = labels.map(|(name, value)| (name, value.to_owned()));
            self.denied.get_or_create_owned(&labels.into())
        };
        Seat {
            version,
            name: named.name.to_owned(),
            bucket: callers.bucket(named.name, named.rate),
            dark: denied(GuardMode::Dark),
            enforced: denied(GuardMode::Enforce),
        }
    }
}

/// What a connection knows of its caller's quota: a call finds its bucket without a lock and without a
/// look at the caller's name.
pub(crate) struct ConnectionQuota {
    quota: Quota,
    identity: Option<Identity>,
    /// `None` before the first call that is counted.
    seat: RefCell<Option<Seat>>,
}

struct Seat {
    version: u64,
    /// What the caller is counted under.
    name: String,
    bucket: Arc<Bucket>,
    dark: Counter,
    enforced: Counter,
}

impl ConnectionQuota {
    /// Counts a call, whatever becomes of it afterwards; the error is the caller's.
    pub(crate) fn call(&self) -> Result<(), Error> {
        let shared = &*self.quota.0;
        let version = shared.version.load(Relaxed);
        let decisions = match version % MODES {
            off if off == GuardMode::Off as u64 => return Ok(()),
            dark if dark == GuardMode::Dark as u64 => &shared.dark,
            _ => &shared.enforced,
        };
        let mut seat = self.seat.borrow_mut();
        let seat = match &mut *seat {
            Some(seat) if seat.version == version => seat,
            stale => stale.insert(shared.seat(version, self.identity.as_ref())),
        };
        let Err(wait) = seat.bucket.call() else {
            decisions.within.inc();
            return Ok(());
        };
        decisions.exceeded.inc();
        let name = &seat.name;
        if let Some(others_before) = shared.log.pass() {
            let mode = decisions.mode;
            tracing::info!(%mode, caller = name, others_before, "a caller is over its quota");
        }
        if decisions.mode == GuardMode::Dark {
            seat.dark.inc();
            return Ok(());
        }
        seat.enforced.inc();
        let error = Error::quota_exceeded(name, seat.bucket.rate.to_string());
        // The next place is one, for all that are refused before it is there.
        Err(error.retry_after(spread(wait.max(RETRY))))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            calls_per_second,
            burst,
        } = self;
        write!(f, "{calls_per_second} calls a second, {burst} at once")
    }
}

/// Half as long again at most, so that calls that are refused together do not come back together; and
/// never shorter, since there is no room before. In whole milliseconds, which is what retry policies
/// are told.
fn spread(wait: Duration) -> Duration {
    let millis = wait.as_secs_f64() * 1000.0 * (1.0 + 0.5 * fastrand::f64());
    Duration::from_millis((millis.ceil() as u64).max(1))
}

#[cfg(test)]
mod tests {
    use carveout_metrics::BuildInfo;

    use super::*;

    fn quota() -> Quota {
        Quota::new(&Metrics::new(BuildInfo {
            service: "test".into(),
            version: "0".into(),
            commit: "0".into(),
        }))
    }

    fn config(mode: GuardMode, burst: u32) -> QuotaConfig {
        QuotaConfig {
            mode,
            calls_per_second: 1.0,
            burst,
            ..QuotaConfig::default()
        }
    }

    fn named(name: &str) -> Option<Identity> {
        Some(Identity::new([name.to_owned()]))
    }

    #[tokio::test(start_paused = true)]
    async fn two_connections_of_a_caller_share_a_quota_and_a_new_one_begins_where_they_are() {
        let quota = quota();
        quota.set(&config(GuardMode::Enforce, 2));
        let (one, other) = (quota.of(named("cn:a")), quota.of(named("cn:a")));
        assert!(one.call().is_ok() && other.call().is_ok());
        assert!(one.call().is_err() && other.call().is_err());
        drop((one, other));
        assert!(quota.of(named("cn:a")).call().is_err(), "reconnected");
        assert!(quota.of(named("cn:b")).call().is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(quota.of(named("cn:a")).call().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn callers_without_a_certificate_share_a_quota() {
        let quota = quota();
        quota.set(&config(GuardMode::Enforce, 1));
        assert!(quota.of(None).call().is_ok());
        assert!(quota.of(None).call().is_err());
        let listed: Vec<String> = quota
            .snapshot()
            .callers
            .into_iter()
            .map(|it| it.caller)
            .collect();
        assert_eq!(listed, ["anonymous"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_off_remembers_nobody() {
        let quota = quota();
        let caller = quota.of(named("cn:a"));
        assert!(caller.call().is_ok());
        assert!(caller.seat.borrow().is_none());
        assert!(quota.snapshot().callers.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_snapshot_has_those_with_the_most_refused_calls() {
        let quota = quota();
        quota.set(&config(GuardMode::Dark, 1));
        for caller in 0..150 {
            quota.of(named(&format!("cn:{caller}"))).call().unwrap();
        }
        for calls in [1, 2] {
            let loud = quota.of(named(&format!("cn:{}", 100 + calls)));
            (0..calls).for_each(|_| loud.call().unwrap());
        }
        let listed = quota.snapshot().callers;
        assert_eq!(listed.len(), LISTED);
        let first = |at: usize| (&*listed[at].caller, listed[at].denied, listed[at].left);
        assert_eq!((first(0), first(1)), (("cn:102", 2, 0), ("cn:101", 1, 0)));
    }

    #[test]
    fn nobody_is_told_to_come_back_before_there_is_room() {
        for millis in [0.0, 0.3, 1.0, 20.0, 1e6] {
            let wait = Duration::from_secs_f64(millis / 1000.0);
            let told: Vec<Duration> = (0..1000).map(|_| spread(wait)).collect();
            let most = wait.mul_f64(1.5) + Duration::from_millis(1);
            let range = wait.max(Duration::from_millis(1))..=most;
            assert!(told.iter().all(|told| range.contains(told)), "{millis}");
            let many = told.iter().collect::<std::collections::HashSet<_>>();
            assert!(millis < 20.0 || many.len() > 5, "{millis}: all alike");
        }
    }
}
