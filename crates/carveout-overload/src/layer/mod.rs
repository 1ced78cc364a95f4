//! Admission around a service of HTTP requests: tower's, and so axum's, or hyper's own.

mod body;
mod future;
mod refused;
mod rules;
mod service;

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use tower_layer::Layer;

use crate::admission::Admission;
use crate::level::Level;
use rules::Rules;

pub use body::AdmittedBody;
pub use future::AdmittedFuture;
pub use rules::CallKind;
pub use service::Admit;

/// Has an [`Admission`] decide about each HTTP request: a [`tower_layer::Layer`], which
/// `axum::Router::layer` takes too, and with the feature `hyper` the same around a
/// [`hyper::service::Service`].
///
/// ```
/// use carveout_overload::{Admission, AdmissionLayer, CallKind, OverloadConfig};
/// use std::time::Duration;
///
/// // A service whose handlers run on two workers.
/// let admission = Admission::new(OverloadConfig::default(), 2, 2);
/// let layer = AdmissionLayer::new(admission)
///     .classified_by(|request| match request.uri.path() {
///         "/livez" => CallKind::Exempt,
///         "/events" => CallKind::Stream(1),
///         _ => CallKind::Method(0),
///     })
///     .deadline(Duration::from_secs(1));
/// let router: axum::Router = axum::Router::new().layer(layer);
/// ```
///
/// What is let in is run and holds its place to the end of the answer's body. What is too much is
/// answered with 503, a `retry-after` of a few seconds and the [`Refusal`](crate::Refusal) as its text;
/// the inner service runs nothing for it. Errors are those of the inner service alone.
///
/// - The [`Level`](crate::Level) is read [from the headers](crate::Level::of_headers), unless
///   [`prioritized_by`](Self::prioritized_by) replaces that. By default `CRITICAL_PLUS` counts as
///   `CRITICAL`.
/// - How long the handlers of each method hold their worker is measured, and no more of those that do
///   are let in than keep the workers busy.
/// - In [`GuardMode::Dark`](crate::GuardMode::Dark) all are let in, and in
///   [`GuardMode::Off`](crate::GuardMode::Off) nothing is done or read.
/// - Calls wait by tokio's timers: the runtime must have them enabled.
/// - An upgraded connection (a WebSocket) holds no place: its answer ends with the 101.
///
/// # Why it sees an overload of the processor
///
/// A layer is asked when a request's own task, or with HTTP/1 its connection's, is polled for the first
/// time. One that runs the handler in that same poll never sees more calls than there are
/// workers, however many wait for one. So this one decides, and then lets all others that are
/// ready come first: it gives its worker back once before the handler of a method that holds one. All
/// that have come so have been seen before the next handler starts, and the run queue holds no
/// more handlers than keep the workers busy; the rest is in admission's queue, which is bounded.
///
/// Put it outermost, around all that costs something. What holds workers in the same runtime and
/// outside of it, it does not know of.
#[derive(Clone, Debug)]
pub struct AdmissionLayer {
    rules: Arc<Rules>,
}

impl AdmissionLayer {
    /// Around a service all of whose requests are one method, and that has no deadline. Clones, and
    /// what they are put around, share the admission and what is measured.
    pub fn new(admission: Admission) -> Self {
        Self {
            rules: Arc::new(Rules::new(admission)),
        }
    }

    /// Says what each request is by its head: its method, path, headers and extensions (with axum
    /// `MatchedPath`, unless the layer is around the router instead of inside it). The default is
    /// [`CallKind::Method`] 0 for all.
    ///
    /// Methods that take different times, or hold their worker or not, should be different ones: what
    /// is known of calls is known by method. An index that the admission does not have is its last.
    #[must_use]
    pub fn classified_by<F>(mut self, kind_of: F) -> Self
    where
        F: Fn(&Parts) -> CallKind + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.rules).kind_of = Arc::new(kind_of);
        self
    }

    /// Replaces how a request's level is computed: for services that authenticate callers, or share a
    /// [`TraceKey`](crate::TraceKey) with others
    /// ([`Level::of_headers_by`](crate::Level::of_headers_by)).
    #[must_use]
    pub fn prioritized_by<F>(mut self, level_of: F) -> Self
    where
        F: Fn(&Parts) -> Level + Send + Sync + 'static,
    {
        Arc::make_mut(&mut self.rules).level_of = Arc::new(level_of);
        self
    }

    /// How long after its arrival each call has to be answered at most: one that would have to wait
    /// and could not be answered by then any more is refused. HTTP has no header for it, and there is
    /// none by default. It ends no call that has begun.
    #[must_use]
    pub fn deadline(mut self, most: Duration) -> Self {
        Arc::make_mut(&mut self.rules).deadline = Some(most);
        self
    }

    /// Puts it around a service, as [`Layer::layer`] does, for who has no tower.
    pub fn around<S>(&self, inner: S) -> Admit<S> {
        Admit::new(Arc::clone(&self.rules), inner)
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admit<S>;

    fn layer(&self, inner: S) -> Admit<S> {
        self.around(inner)
    }
}
