use std::convert::Infallible;
use std::task::{Context, Poll};

use tower::{Layer, Service, layer::layer_fn};

use crate::access::Access;
use crate::routes::Arrival;

/// Has the access policy looked at each call. The refusal itself is answered by the layer below,
/// which answers for every arrival that is refused.
#[derive(Clone)]
pub(crate) struct CheckAccess<S> {
    inner: S,
    access: Access,
}

impl<S> CheckAccess<S> {
    pub(crate) fn layer(access: Access) -> impl Layer<S, Service = Self> + Clone {
        layer_fn(move |inner| Self {
            inner,
            access: access.clone(),
        })
    }
}

impl<S> Service<Arrival> for CheckAccess<S>
where
    S: Service<Arrival, Error = Infallible>,
{
    type Response = S::Response;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut arrival: Arrival) -> S::Future {
        self.access.check(&mut arrival);
        self.inner.call(arrival)
    }
}
