use std::convert::Infallible;
use std::task::{Context, Poll};

use carveout_metrics::RpcMetrics;
use tower::{Layer, Service, layer::layer_fn};

use crate::observe::{Observed, ObservedBody, ObservedFuture, Side};
use crate::ongoing::Ongoing;
use crate::routes::Arrival;
use crate::slow::{Answering, SlowCalls};

/// Gives every call its span and counts and times it, from its arrival to the end of its answer.
#[derive(Clone)]
pub(crate) struct Observe<S> {
    inner: S,
    calls: RpcMetrics,
    slow: SlowCalls,
}

impl<S> Observe<S> {
    pub(crate) fn layer(
        calls: RpcMetrics,
        slow: SlowCalls,
    ) -> impl Layer<S, Service = Self> + Clone {
        layer_fn(move |inner| Self {
            inner,
            calls: calls.clone(),
            slow: slow.clone(),
        })
    }
}

impl<S, B> Service<Arrival> for Observe<S>
where
    S: Service<Arrival, Response = http::Response<B>, Error = Infallible>,
{
    type Response = http::Response<ObservedBody<B>>;
    type Error = Infallible;
    type Future = ObservedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut arrival: Arrival) -> Self::Future {
        let method = arrival.route.as_ref().map(|route| route.index);
        let streams = arrival.route.as_ref().is_some_and(|route| route.streams);
        let deadline = arrival.deadline.as_ref().ok().copied().flatten();
        let call = Ongoing::new(arrival.at, deadline, arrival.drain.take());
        let side = Side::Server(
            Answering::begin(&self.slow, call, streams),
            arrival.fault.clone(),
        );
        let observed = Observed::start(&self.calls, method, side, arrival.at, &mut arrival.request);
        // A generated server runs the first lines of the handler in `call`, and their logs belong
        // to the call's span too.
        let answer = {
            let _entered = observed.enter();
            self.inner.call(arrival)
        };
        observed.watch(answer)
    }
}
