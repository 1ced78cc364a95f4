//! Who goes first under overload.

use std::sync::Arc;

use arc_swap::ArcSwap;
use carveout_overload::{Level, TraceKey};
use http::HeaderMap;

use crate::access::{Callers, is_allowed};
use crate::quota::ANONYMOUS;
use crate::routes::Arrival;
use crate::secure::Identity;

/// Which callers may send `CRITICAL_PLUS`, and the key that traces are hashed with. Initially no caller may,
/// and the key is random. Clones share everything.
#[derive(Clone)]
pub struct Priority(Arc<ArcSwap<Rules>>);

struct Rules {
    may_raise: Vec<Callers>,
    anonymous_may: bool,
    key: TraceKey,
}

/// A text that names no caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no caller; write {}, or \"anonymous\" for those without a certificate",
    Callers::FORMS
)]
pub struct NoCaller {
    /// The text.
    pub text: String,
}

impl Priority {
    pub(crate) fn new() -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Rules {
            may_raise: Vec::new(),
            anonymous_may: false,
            key: TraceKey::random(),
        })))
    }

    /// Refuses texts that name no caller.
    ///
    /// # Errors
    /// The first such text.
    pub fn check(critical_plus_callers: &[String]) -> Result<(), NoCaller> {
        parse(critical_plus_callers).map(drop)
    }

    /// Puts these callers, patterns as in an [`AccessPolicy`](crate::AccessPolicy) or `anonymous`, and this
    /// secret into force for the calls that arrive from now on. Without a secret the key stays as it is.
    ///
    /// # Errors
    /// When a text names no caller. Then nothing has changed.
    pub fn set(
        &self,
        critical_plus_callers: &[String],
        trace_secret: Option<&str>,
    ) -> Result<(), NoCaller> {
        let (may_raise, anonymous_may) = parse(critical_plus_callers)?;
        let key = match trace_secret {
            Some(secret) => TraceKey::from_secret(secret.as_bytes()),
            None => self.0.load().key.clone(),
        };
        self.0.store(Arc::new(Rules {
            may_raise,
            anonymous_may,
            key,
        }));
        Ok(())
    }

    pub(crate) fn level(&self, arrival: &Arrival) -> Level {
        let identity = arrival.request.extensions().get::<Identity>();
        self.level_of(arrival.request.headers(), identity)
    }

    fn level_of(&self, headers: &HeaderMap, identity: Option<&Identity>) -> Level {
        let rules = self.0.load();
        Level::of_headers_by(headers, &rules.key, || match identity {
            Some(identity) => is_allowed(&rules.may_raise, identity),
            None => rules.anonymous_may,
        })
    }
}

fn parse(callers: &[String]) -> Result<(Vec<Callers>, bool), NoCaller> {
    let (anonymous, named): (Vec<_>, Vec<_>) = callers.iter().partition(|it| *it == ANONYMOUS);
    let named = named.into_iter().cloned().map(Callers::parse);
    let named: Result<_, _> = named.collect();
    let named = named.map_err(|text| NoCaller { text })?;
    Ok((named, !anonymous.is_empty()))
}

#[cfg(test)]
mod tests {
    use carveout_overload::Criticality;
    use http::HeaderValue;

    use super::*;

    fn headers(criticality: Criticality, trace: u64) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_static(criticality.as_str());
        headers.insert(Criticality::KEY, value);
        let trace = format!("00-{trace:032x}-00f067aa0ba902b7-01");
        headers.insert("traceparent", HeaderValue::from_str(&trace).unwrap());
        headers
    }

    fn class(priority: &Priority, names: Option<&str>) -> Criticality {
        let identity =
            names.map(|names| Identity::new(names.split_whitespace().map(str::to_owned)));
        let headers = headers(Criticality::CriticalPlus, 1);
        priority.level_of(&headers, identity.as_ref()).class()
    }

    #[test]
    fn critical_plus_counts_only_from_the_configured_callers() {
        let priority = Priority::new();
        let all = [
            None,
            Some(""),
            Some("spiffe://acme/web"),
            Some("dns:a.acme spiffe://acme/web"),
            Some("spiffe://acme/webhook"),
        ];
        let raised = |priority: &Priority| {
            let is_raised = |names| class(priority, names) == Criticality::CriticalPlus;
            all.map(is_raised)
        };
        assert_eq!(raised(&priority), [false; 5], "the default");
        for (callers, expected) in [
            (
                &["spiffe://acme/web"][..],
                [false, false, true, true, false],
            ),
            (&["spiffe://acme/web*"], [false, false, true, true, true]),
            (&["dns:*.acme"], [false, false, false, true, false]),
            // Any authenticated caller.
            (&["*"], [false, false, true, true, true]),
            (&["anonymous"], [true, false, false, false, false]),
            (
                &["anonymous", "dns:a.acme"],
                [true, false, false, true, false],
            ),
            (&[], [false; 5]),
        ] {
            let callers: Vec<_> = callers.iter().map(|it| (*it).to_owned()).collect();
            priority.set(&callers, None).unwrap();
            assert_eq!(raised(&priority), expected, "{callers:?}");
        }
        priority.set(&["*".to_owned()], None).unwrap();
        let error = priority.set(&["web".to_owned()], None).unwrap_err();
        assert!(
            error.to_string().starts_with("\"web\" is no caller; write"),
            "{error}"
        );
        assert_eq!(
            class(&priority, all[2]),
            Criticality::CriticalPlus,
            "nothing has changed"
        );
        // Every caller may lower its criticality.
        let lower = headers(Criticality::Sheddable, 1);
        assert_eq!(
            priority.level_of(&lower, None).class(),
            Criticality::Sheddable
        );
    }

    #[test]
    fn services_with_one_secret_refuse_the_same_traces_and_others_do_not() {
        let levels = |secret: Option<&str>| -> Vec<Level> {
            let priority = Priority::new();
            priority.set(&[], secret).unwrap();
            let level = |trace| priority.level_of(&headers(Criticality::Critical, trace), None);
            (0..32).map(level).collect()
        };
        let secret = Some("of this deployment");
        assert_eq!(levels(secret), levels(secret));
        assert_ne!(levels(secret), levels(Some("of another deployment")));
        assert_ne!(levels(None), levels(None));
    }
}
