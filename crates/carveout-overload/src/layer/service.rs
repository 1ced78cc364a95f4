use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::body::AdmittedBody;
use super::future::{AdmittedFuture, Turn};
use super::rules::Rules;

/// A service that is called for the requests which [`AdmissionLayer`](super::AdmissionLayer) lets in.
///
/// It is ready when the inner one is: who gets in is decided when there is a request to decide
/// about, and not before.
#[derive(Clone, Debug)]
pub struct Admit<S> {
    rules: Arc<Rules>,
    inner: S,
}

impl<S> Admit<S> {
    pub(super) fn new(rules: Arc<Rules>, inner: S) -> Self {
        Self { rules, inner }
    }
}

fn call<B, F>(
    rules: &Arc<Rules>,
    request: Request<B>,
    inner: impl FnOnce(Request<B>) -> F,
) -> AdmittedFuture<F> {
    let (head, body) = request.into_parts();
    let (turn, call) = rules.arrive(&head);
    let asks_for_head = head.method == http::Method::HEAD;
    // What is refused already is not handed on: nothing is done for it.
    let inner = match turn {
        Turn::Refused(_) => None,
        _ => Some(inner(Request::from_parts(head, body))),
    };
    AdmittedFuture::new(inner, turn, call, asks_for_head)
}

impl<S, B, R> Service<Request<B>> for Admit<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Response = Response<AdmittedBody<R>>;
    type Error = S::Error;
    type Future = AdmittedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        call(&self.rules, request, |request| self.inner.call(request))
    }
}

/// Hyper calls this on the connection's task: a request is decided about before it has a task.
#[cfg(feature = "hyper")]
impl<S, B, R> hyper::service::Service<Request<B>> for Admit<S>
where
    S: hyper::service::Service<Request<B>, Response = Response<R>>,
    R: Body<Data = Bytes>,
{
    type Response = Response<AdmittedBody<R>>;
    type Error = S::Error;
    type Future = AdmittedFuture<S::Future>;

    fn call(&self, request: Request<B>) -> Self::Future {
        call(&self.rules, request, |request| self.inner.call(request))
    }
}
