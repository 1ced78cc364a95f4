use std::sync::LazyLock;

use http::{HeaderMap, HeaderName};

use crate::level::{Criticality, Level};
use crate::trace_key::TraceKey;

/// What gRPC's clients send with a call that they try again: how often they have tried (gRPC's A6).
static ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");
static CRITICALITY: HeaderName = HeaderName::from_static(Criticality::KEY);
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The default key of traces.
static OF_PROCESS: LazyLock<TraceKey> = LazyLock::new(TraceKey::random);

impl Level {
    /// The level of a request from an untrusted caller: [`of_headers_by`](Self::of_headers_by) with a key
    /// that is random for each process, and `CRITICAL_PLUS` not allowed.
    pub fn of_headers(headers: &HeaderMap) -> Self {
        Self::of_headers_by(headers, &OF_PROCESS, || false)
    }

    /// The level of a request, from its headers: its criticality from
    /// [`x-criticality`](Criticality::KEY), and its user from the trace that it is of (W3C's
    /// `traceparent`). Calls of one trace have one fate: half an answer is of no use to whoever waits
    /// for all of it. A call without a trace is at a random level of its criticality.
    ///
    /// `may_raise` is called for a [`CriticalPlus`](Criticality::CriticalPlus) request only. If it returns
    /// false, the request counts as [`Critical`](Criticality::Critical).
    pub fn of_headers_by(
        headers: &HeaderMap,
        key: &TraceKey,
        may_raise: impl FnOnce() -> bool,
    ) -> Self {
        let (mut criticality, mut user, mut is_retry) = (Criticality::default(), None, false);
        // A walk along the few headers that a call has costs less than to look up three names.
        for (name, value) in headers {
            if *name == TRACEPARENT {
                user = value.as_bytes().get(3..35).map(|trace| key.hash(trace));
            } else if *name == CRITICALITY {
                criticality = Criticality::parse(value.as_bytes()).unwrap_or_default();
            } else if *name == ATTEMPTS {
                is_retry = true;
            }
        }
        if criticality > Criticality::default() && !may_raise() {
            criticality = Criticality::default();
        }
        Self::new(
            criticality,
            user.unwrap_or_else(|| fastrand::u64(..)),
            is_retry,
        )
    }
}

#[cfg(test)]
mod tests;
