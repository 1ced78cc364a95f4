//! The limiters that Rust services can have today, each with its own defaults. Those that would make
//! a call wait have tower's load shedding around them, which refuses it instead.

use std::convert::Infallible;
use std::time::Duration;

use http::{Request, Response};
use little_loadshedder::LoadShedResponse;
use tonic::Status;
use tonic::body::Body;
use tonic::service::Routes;
use tower::layer::util::Identity;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{BoxError, Layer, Service, ServiceBuilder};
use tower_acc::ConcurrencyLimitLayer;
use tower_resilience_adaptive::{AdaptiveLimiterLayer, ConcurrencyAlgorithm};

/// What tonic's server takes as a layer.
pub(crate) trait Limiter:
    Layer<
        Routes,
        Service: Service<
            Request<Body>,
            Response = Response<Body>,
            Error: Into<BoxError> + Send,
            Future: Send + 'static,
        > + Clone
                     + Send
                     + Sync
                     + 'static,
    > + Clone
    + Send
    + 'static
{
}

impl<L> Limiter for L where
    L: Layer<
            Routes,
            Service: Service<
                Request<Body>,
                Response = Response<Body>,
                Error: Into<BoxError> + Send,
                Future: Send + 'static,
            > + Clone
                         + Send
                         + Sync
                         + 'static,
        > + Clone
        + Send
        + 'static
{
}

pub(crate) fn none() -> impl Limiter {
    Identity::new()
}

/// Four times what the workers can do at once.
pub(crate) fn fixed() -> impl Limiter {
    ServiceBuilder::new()
        .map_result(refused_as_status)
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(8))
        .into_inner()
}

pub(crate) fn tower_acc<A>(algorithm: A) -> impl Limiter
where
    A: tower_acc::Algorithm + Clone + Send + 'static,
{
    ServiceBuilder::new()
        .map_result(refused_as_status)
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(algorithm))
        .into_inner()
}

pub(crate) fn tower_resilience<A>(algorithm: A) -> impl Limiter
where
    A: ConcurrencyAlgorithm + 'static,
{
    ServiceBuilder::new()
        .map_result(refused_as_status)
        .layer(LoadShedLayer::new())
        .layer(AdaptiveLimiterLayer::new(algorithm))
        .into_inner()
}

/// With the weight of a new sample that its documentation uses, and a target for the average latency
/// that is ten times the service time.
pub(crate) fn little_loadshedder() -> impl Limiter {
    ServiceBuilder::new()
        .map_result(
            |result: Result<LoadShedResponse<Response<Body>>, Infallible>| match result {
                Ok(LoadShedResponse::Inner(response)) => Ok::<_, Infallible>(response),
                Ok(LoadShedResponse::Overload) => Ok(refusal()),
                Err(never) => match never {},
            },
        )
        .layer(little_loadshedder::LoadShedLayer::new(
            0.01,
            Duration::from_millis(50),
        ))
        .into_inner()
}

fn refused_as_status(result: Result<Response<Body>, BoxError>) -> Result<Response<Body>, BoxError> {
    Ok(result.unwrap_or_else(|_| refusal()))
}

fn refusal() -> Response<Body> {
    Status::unavailable("overloaded").into_http()
}
