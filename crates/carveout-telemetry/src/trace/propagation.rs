use super::ids::SpanIds;
use super::place;
use super::traceparent;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::TraceState;
use std::cell::Cell;
use std::str::FromStr;
use tracing::Span;

thread_local! {
    /// Between [`below_caller`] and the root span that it makes just now.
    ///
    /// What needs no destructor is reached at the cost of a load: it was a tenth of the whole span.
    static HANDOVER: Cell<Handover> = const { Cell::new(Handover::Nothing) };
}

#[derive(Clone, Copy)]
enum Handover {
    Nothing,
    /// To the span: its caller, if it has one.
    Caller(Option<SpanIds>),
    /// From the span: what it is called. Asking its subscriber would cost another quarter of
    /// what making it does.
    Ids(SpanIds),
}

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The least that the standard asks to pass on. More than that is dropped whole: every caller could
/// make every call of ours carry it.
const TRACESTATE_MAX: usize = 512;

/// The span of a caller, in another process.
#[derive(Clone, Debug)]
pub struct RemoteParent {
    pub(super) ids: SpanIds,
    pub(super) state: TraceState,
}

impl RemoteParent {
    /// The ids that the caller sent.
    pub fn ids(&self) -> SpanIds {
        self.ids
    }

    /// Makes `span` a child of this one. See [`adopt_parent`].
    pub fn adopt(self, span: &Span) -> bool {
        place::of(span, |place| place.adopt(self)).unwrap_or(false)
    }
}

/// The caller's span, from `traceparent` and `tracestate`.
///
/// None if there is none, or if the header is malformed or there are two of them, as the standard
/// asks.
pub fn remote_parent(headers: &HeaderMap) -> Option<RemoteParent> {
    // A walk along the few headers that a call has costs less than to look up two names.
    let (mut parent, mut has_state) = (None, false);
    for (name, value) in headers {
        if name == TRACEPARENT {
            if parent.replace(value).is_some() {
                return None;
            }
        } else if name == TRACESTATE {
            has_state = true;
        }
    }
    let parent = parent?.as_bytes().trim_ascii();
    Some(RemoteParent {
        ids: traceparent::parse(parent)?,
        state: if has_state {
            tracestate(headers)
        } else {
            TraceState::NONE
        },
    })
}

/// Makes `span` a child of the caller's span, if the headers name one. True if they did and it is.
///
/// Call it before the span has children or is asked for its ids: from then on it has its place in a
/// trace. A span that is made within another one has its place there, and stays. [`below_caller`]
/// makes one below the caller's wherever it is made, in one step, at less cost.
pub fn adopt_parent(span: &Span, headers: &HeaderMap) -> bool {
    remote_parent(headers).is_some_and(|parent| parent.adopt(span))
}

/// Makes a span as a child of the caller's, or as it would be otherwise if the headers name none,
/// and returns it with its ids: None for one that is disabled, or that no subscriber of this crate
/// has made.
///
/// A span that `make` makes is below the caller's wherever it is made. Because its place is known
/// at once, a span of a trace that is not sampled keeps nothing of what it says.
pub fn below_caller(headers: &HeaderMap, make: impl FnOnce() -> Span) -> (Span, Option<SpanIds>) {
    let parent = remote_parent(headers);
    HANDOVER.set(Handover::Caller(parent.as_ref().map(|parent| parent.ids)));
    let span = make();
    let ids = match HANDOVER.replace(Handover::Nothing) {
        Handover::Ids(ids) => Some(ids),
        // A span that is disabled has not asked.
        Handover::Caller(_) | Handover::Nothing => None,
    };
    if let Some(RemoteParent { state, .. }) = parent
        && state != TraceState::NONE
    {
        place::of(&span, |place| place.carry(state));
    }
    (span, ids)
}

/// What [`below_caller`] says of the span that is being made, to the first that asks.
pub(super) fn awaited() -> Option<Option<SpanIds>> {
    match HANDOVER.get() {
        Handover::Caller(caller) => {
            HANDOVER.set(Handover::Nothing);
            Some(caller)
        }
        Handover::Nothing | Handover::Ids(_) => None,
    }
}

/// The answer of whoever was told a caller.
pub(super) fn placed(ids: SpanIds) {
    HANDOVER.set(Handover::Ids(ids));
}

/// Writes `span` into the headers of a call that it makes, in place of what was there.
///
/// A span without ids (see [`crate::ids`]) leaves the headers as they are.
pub fn inject(span: &Span, headers: &mut HeaderMap) {
    let place = place::of(span, |place| (place.show(), place.state().header()));
    let Some((ids, state)) = place else {
        return;
    };
    let Ok(parent) = HeaderValue::try_from(traceparent::format(ids)) else {
        return;
    };
    headers.insert(&TRACEPARENT, parent);
    match HeaderValue::try_from(state) {
        Ok(state) if !state.is_empty() => headers.insert(&TRACESTATE, state),
        _ => headers.remove(&TRACESTATE),
    };
}

/// Several headers are one list. What cannot be read is dropped; the parent stays good without it.
fn tracestate(headers: &HeaderMap) -> TraceState {
    let lists = headers.get_all(&TRACESTATE).iter();
    let lists: Result<Vec<&str>, _> = lists.map(HeaderValue::to_str).collect();
    let list = lists.unwrap_or_default().join(",");
    if list.is_empty() || list.len() > TRACESTATE_MAX {
        return TraceState::NONE;
    }
    TraceState::from_str(&list).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{TRACEPARENT, TRACESTATE, TRACESTATE_MAX, remote_parent};
    use http::{HeaderMap, HeaderValue};

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(parents: &[&str], states: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for parent in parents {
            headers.append(
                &TRACEPARENT,
                HeaderValue::from_bytes(parent.as_bytes()).expect(parent),
            );
        }
        for state in states {
            headers.append(
                &TRACESTATE,
                HeaderValue::from_bytes(state.as_bytes()).expect(state),
            );
        }
        headers
    }

    #[test]
    fn one_parent_is_one_parent() {
        let ids = remote_parent(&headers(&[VALID], &[])).expect("valid").ids();
        assert_eq!(ids.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(ids.span_id.to_string(), "00f067aa0ba902b7");
        assert!(ids.sampled);
        assert!(remote_parent(&headers(&[], &["a=1"])).is_none());
        assert!(remote_parent(&headers(&[VALID, VALID], &[])).is_none());
        assert!(remote_parent(&headers(&["\u{e9}"], &[])).is_none());
    }

    #[test]
    fn state_that_cannot_be_read_costs_the_state_only() {
        let state = |states: &[&str]| {
            let parent = remote_parent(&headers(&[VALID], states)).expect("the parent is valid");
            parent.state.header()
        };
        assert_eq!(state(&["a=1,b=2", "c=3"]), "a=1,b=2,c=3");
        assert_eq!(state(&["no list"]), "");
        assert_eq!(state(&["a=\u{e9}"]), "");
        assert_eq!(state(&[&format!("a={}", "x".repeat(TRACESTATE_MAX))]), "");
    }
}
