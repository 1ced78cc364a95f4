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
mod tests {
    use http::HeaderValue;

    use super::*;

    fn level(headers: &[(&'static str, &'static str)]) -> Level {
        let headers = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        Level::of_headers(&headers.collect())
    }

    #[test]
    fn a_call_that_says_nothing_is_critical() {
        assert_eq!(level(&[]).class(), Criticality::Critical);
        assert_eq!(
            level(&[("x-criticality", "HIGH")]).class(),
            Criticality::Critical
        );
    }

    #[test]
    fn calls_of_one_trace_are_on_one_level() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let child = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
        let sheddable = ("x-criticality", "SHEDDABLE");
        let first = level(&[("traceparent", trace), sheddable]);
        assert_eq!(first.class(), Criticality::Sheddable);
        assert_eq!(first, level(&[sheddable, ("traceparent", child)]));
        let again = level(&[
            ("traceparent", trace),
            sheddable,
            ("grpc-previous-rpc-attempts", "1"),
        ]);
        assert!(again < first || first == Level::new(Criticality::Sheddable, 0, false));
    }
}
