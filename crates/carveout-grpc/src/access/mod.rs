//! Who may call what.

pub(crate) mod name;
mod pattern;
mod policy;

use std::sync::Arc;

use arc_swap::ArcSwap;
use carveout_metrics::prometheus_client::metrics::counter::Counter;
use carveout_metrics::{GuardMetrics, Metrics};
use carveout_overload::GuardMode;
use tonic::Code;

pub(crate) use self::pattern::Callers;
pub use self::policy::{AccessError, AccessPolicy};
use crate::error::{Error, Reason};
use crate::routes::{Arrival, is_health};
use crate::secure::Identity;
use crate::sparingly::Sparingly;

/// The guard that refuses calls which no rule of a policy allows: UNAUTHENTICATED for a caller that
/// has not proved who it is, PERMISSION_DENIED for one that has.
///
/// It is off until [`set`](Self::set). Health is open to all: balancers ask it, and it tells no
/// more. Clones share everything.
#[derive(Clone)]
pub struct Access(Arc<Shared>);

struct Shared {
    /// By their place among the routes.
    methods: Vec<String>,
    rules: ArcSwap<Rules>,
    dark: Decisions,
    enforced: Decisions,
    log: Sparingly,
}

#[derive(Default)]
struct Rules {
    mode: GuardMode,
    /// Who may call, by the method's place; `None` is open to all.
    allowed: Vec<Option<Vec<Callers>>>,
}

struct Decisions {
    allowed: Counter,
    unknown: Counter,
    denied: Counter,
}

impl Decisions {
    fn new(metrics: &GuardMetrics, mode: GuardMode) -> Self {
        let decision = |outcome, reason| metrics.decision(mode.as_str(), outcome, reason);
        Self {
            allowed: decision("allowed", "RULE"),
            unknown: decision("denied", Reason::CALLER_UNKNOWN.as_str()),
            denied: decision("denied", Reason::CALLER_NOT_ALLOWED.as_str()),
        }
    }
}

impl Access {
    pub(crate) fn new(methods: Vec<String>, metrics: &Metrics) -> Self {
        let metrics = GuardMetrics::register(metrics, "access");
        Self(Arc::new(Shared {
            methods,
            rules: ArcSwap::default(),
            dark: Decisions::new(&metrics, GuardMode::Dark),
            enforced: Decisions::new(&metrics, GuardMode::Enforce),
            log: Sparingly::default(),
        }))
    }

    /// Puts `policy` into force for the calls that arrive from now on, in `mode`.
    ///
    /// # Errors
    /// When a rule is about a method that the service does not have. Then nothing has changed.
    pub fn set(&self, mode: GuardMode, policy: &AccessPolicy) -> Result<(), AccessError> {
        let methods = &self.0.methods;
        let by_method = policy.by_method(methods)?;
        let open = |(callers, method): (_, &String)| (!is_health(method)).then_some(callers);
        let allowed = by_method.into_iter().zip(methods).map(open).collect();
        self.0.rules.store(Arc::new(Rules { mode, allowed }));
        Ok(())
    }

    /// Turns an arrival that no rule allows into a refused one.
    pub(crate) fn check(&self, arrival: &mut Arrival) {
        let rules = self.0.rules.load();
        let decisions = match rules.mode {
            GuardMode::Off => return,
            GuardMode::Dark => &self.0.dark,
            GuardMode::Enforce => &self.0.enforced,
        };
        // A method that is not there is refused by its own error.
        let Some(route) = &arrival.route else { return };
        let Some(Some(allowed)) = rules.allowed.get(route.index) else {
            return;
        };
        let identity = arrival.request.extensions().get::<Identity>();
        let method = &self.0.methods[route.index];
        let refusal = match identity {
            None => {
                decisions.unknown.inc();
                let message = "this method is open to callers with a certificate alone";
                Error::new(Code::Unauthenticated, Reason::CALLER_UNKNOWN, message)
            }
            Some(identity) if is_allowed(allowed, identity) => {
                decisions.allowed.inc();
                return;
            }
            Some(identity) => {
                decisions.denied.inc();
                let message = format!("{identity} may not call {method}");
                Error::new(Code::PermissionDenied, Reason::CALLER_NOT_ALLOWED, message)
                    .with("caller", identity.to_string())
            }
        };
        if let Some(others_before) = self.0.log.pass() {
            tracing::info!(
                mode = %rules.mode,
                method,
                caller = identity.map(tracing::field::display),
                others_before,
                "no rule of the access policy allows this call"
            );
        }
        if rules.mode == GuardMode::Enforce {
            arrival.deadline = Err(refusal);
        }
    }
}

/// Whether a text is the name of one caller, and not a pattern.
pub(crate) fn is_one_caller(text: &str) -> bool {
    matches!(Callers::parse(text.to_owned()), Ok(Callers::Named(_)))
}

/// Whether one of these patterns is about a caller.
pub(crate) fn is_allowed(allowed: &[Callers], identity: &Identity) -> bool {
    let names = identity.names();
    allowed
        .iter()
        .any(|callers| names.iter().any(|name| callers.matches(name)))
}
