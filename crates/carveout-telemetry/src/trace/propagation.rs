use super::ids::{SpanIds, span_context, with_extensions};
use super::place::Place;
use super::traceparent;
use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::trace::{SpanContext, TraceState};
use std::cell::RefCell;
use std::str::FromStr;
use tracing::Span;

thread_local! {
    /// Between [`below_caller`] and the root span that it makes just now.
    static HANDOVER: RefCell<Handover> = const { RefCell::new(Handover::Nothing) };
}

enum Handover {
    Nothing,
    /// To the span: its caller, if it has one.
    Caller(Option<SpanContext>),
    /// From the span: what it is called. Asking its subscriber would cost another quarter of
    /// what making it does.
    Ids(Option<SpanIds>),
}

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The least that the standard asks to pass on. More than that is dropped whole: every caller could
/// make every call of ours carry it.
const TRACESTATE_MAX: usize = 512;

/// The span of a caller, in another process.
#[derive(Clone, Debug)]
pub struct RemoteParent(SpanContext);

impl RemoteParent {
    /// The ids that the caller sent.
    pub fn ids(&self) -> Option<SpanIds> {
        SpanIds::of(&self.0)
    }

    /// Makes `span` a child of this one. See [`adopt_parent`].
    pub fn adopt(self, span: &Span) -> bool {
        with_extensions(span, |extensions| {
            extensions
                .get_mut::<Place>()
                .is_some_and(|place| place.adopt(&self.0))
        })
        .unwrap_or(false)
    }
}

/// The caller's span, from `traceparent` and `tracestate`.
///
/// None if there is none, or if the header is malformed or there are two of them, as the standard
/// asks.
pub fn remote_parent(headers: &HeaderMap) -> Option<RemoteParent> {
    let parent = headers.get(&TRACEPARENT)?;
    if headers.get_all(&TRACEPARENT).iter().nth(1).is_some() {
        return None;
    }
    let parent = parent.as_bytes().trim_ascii();
    traceparent::parse(parent, tracestate(headers)).map(RemoteParent)
}

/// Makes `span` a child of the caller's span, if the headers name one. True if they did and it is.
///
/// Call it before the span has children or is asked for its ids: from then on it has its place in a
/// trace. [`below_caller`] does it in one step, at less cost.
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
    HANDOVER.set(Handover::Caller(
        remote_parent(headers).map(|parent| parent.0),
    ));
    let span = make();
    let ids = match HANDOVER.replace(Handover::Nothing) {
        Handover::Ids(ids) => ids,
        // A span that is disabled has not asked.
        Handover::Caller(_) | Handover::Nothing => None,
    };
    (span, ids)
}

/// What [`below_caller`] says of the span that is being made, to the first that asks.
pub(super) fn awaited() -> Option<Option<SpanContext>> {
    HANDOVER.with_borrow_mut(|handover| match handover {
        Handover::Caller(caller) => {
            let caller = caller.take();
            *handover = Handover::Nothing;
            Some(caller)
        }
        Handover::Nothing | Handover::Ids(_) => None,
    })
}

/// The answer of whoever was told a caller.
pub(super) fn placed(place: &Place) {
    HANDOVER.set(Handover::Ids(SpanIds::of(place.context())));
}

/// Writes `span` into the headers of a call that it makes, in place of what was there.
///
/// A span without ids (see [`crate::ids`]) leaves the headers as they are.
pub fn inject(span: &Span, headers: &mut HeaderMap) {
    let Some(context) = span_context(span).filter(SpanContext::is_valid) else {
        return;
    };
    let Ok(parent) = HeaderValue::try_from(traceparent::format(&context)) else {
        return;
    };
    headers.insert(&TRACEPARENT, parent);
    match HeaderValue::try_from(context.trace_state().header()) {
        Ok(state) if !state.is_empty() => headers.insert(&TRACESTATE, state),
        _ => headers.remove(&TRACESTATE),
    };
}

/// Several headers are one list. What cannot be read is dropped; the parent stays good without it.
fn tracestate(headers: &HeaderMap) -> TraceState {
    if !headers.contains_key(&TRACESTATE) {
        return TraceState::NONE;
    }
    let lists: Result<Vec<&str>, _> = headers
        .get_all(&TRACESTATE)
        .iter()
        .map(HeaderValue::to_str)
        .collect();
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
        let ids = remote_parent(&headers(&[VALID], &[]))
            .expect("valid")
            .ids()
            .expect("valid");
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
            parent.0.trace_state().header()
        };
        assert_eq!(state(&["a=1,b=2", "c=3"]), "a=1,b=2,c=3");
        assert_eq!(state(&["no list"]), "");
        assert_eq!(state(&["a=\u{e9}"]), "");
        assert_eq!(state(&[&format!("a={}", "x".repeat(TRACESTATE_MAX))]), "");
    }
}
