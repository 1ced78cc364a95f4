use http::{HeaderMap, HeaderName};

use crate::level::{Criticality, Level};

/// What gRPC's clients send with a call that they try again: how often they have tried (gRPC's A6).
static ATTEMPTS: HeaderName = HeaderName::from_static("grpc-previous-rpc-attempts");
static CRITICALITY: HeaderName = HeaderName::from_static(Criticality::KEY);
static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

impl Level {
    /// Who goes first, as the headers of a request say: its criticality from
    /// [`x-criticality`](Criticality::KEY), and its user from the trace that it is of (W3C's
    /// `traceparent`). Calls of one trace have one fate: half an answer is of no use to whoever waits
    /// for all of it. A call without a trace is at a random level of its criticality.
    pub fn of_headers(headers: &HeaderMap) -> Self {
        let (mut criticality, mut user, mut is_retry) = (Criticality::default(), None, false);
        // A walk along the few headers that a call has costs less than to look up three names.
        for (name, value) in headers {
            if *name == TRACEPARENT {
                user = value.as_bytes().get(3..35).map(hash);
            } else if *name == CRITICALITY {
                criticality = Criticality::parse(value.as_bytes()).unwrap_or_default();
            } else if *name == ATTEMPTS {
                is_retry = true;
            }
        }
        Self::new(
            criticality,
            user.unwrap_or_else(|| fastrand::u64(..)),
            is_retry,
        )
    }
}

/// FNV-1a, of the second half of a trace's id: some systems keep the time in the first.
fn hash(trace_id: &[u8]) -> u64 {
    trace_id[16..]
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        })
}

#[cfg(test)]
mod tests;
