use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use carveout_health::Health;
use carveout_metrics::{Metrics, RpcMetrics};
use hyper::body::Incoming;
use tonic::body::Body;
use tower::{Service, ServiceBuilder};

use super::catch_panic::CatchPanic;
use super::deadline::Deadline;
use super::explain::Explain;
use super::observe::Observe;
use crate::contract::ContractError;
use crate::health::HealthService;
use crate::reflection;
use crate::routes::{Dispatch, RouteTable, Routes};

/// What a stack needs to know of the service around it.
#[derive(Clone, Debug)]
pub struct StackOptions {
    /// The service's name: the domain of its errors.
    pub service: String,
    /// See [`ServerConfig::default_deadline`](crate::ServerConfig::default_deadline).
    pub default_deadline: Duration,
    /// Answered on `grpc.health.v1`.
    pub health: Health,
    /// Where calls are counted and timed.
    pub metrics: Metrics,
}

type Layers = Observe<Explain<CatchPanic<Deadline<Dispatch>>>>;

/// Everything between a connection and the handlers. A clone shares all of it.
#[derive(Clone)]
pub struct Stack {
    layers: Layers,
    table: RouteTable,
}

impl Stack {
    /// Puts the layers around `routes`, health and reflection.
    ///
    /// # Errors
    /// When a service was added with descriptors that do not describe it, or twice, or declares a
    /// deadline that is none.
    pub fn new(routes: Routes, options: StackOptions) -> Result<Self, ContractError> {
        let names = routes.service_names().to_vec();
        let routes = HealthService::add_to(routes, names, &options.health);
        let routes = reflection::add_to(routes);

        let methods: Vec<String> = routes
            .methods()
            .iter()
            .map(|method| method.name.clone())
            .collect();
        let calls = RpcMetrics::server(&options.metrics, methods);
        let table = routes.into_table(options.default_deadline)?;

        // The order is the design. A request passes from the top to the bottom, its answer from the
        // bottom to the top.
        let layers = ServiceBuilder::new()
            // Outermost, so that it times and counts what the caller sees, whichever layer answers.
            .layer(Observe::layer(calls))
            // Outside of all that answers errors, so that no error leaves without its reason.
            .layer(Explain::layer(Arc::from(options.service)))
            // Inside of the two above, so that a panic is counted and explained like any other
            // error.
            .layer(CatchPanic::layer())
            // Innermost: what a deadline ends is the handler, nothing of the kit's.
            .layer(Deadline::layer())
            .service(Dispatch);
        Ok(Self { layers, table })
    }
}

/// What hyper calls for each request of a connection.
///
/// This runs on the connection's own task, before the request is spawned or decoded: the place
/// where admission control will decide.
pub(crate) struct PerRequest(pub(crate) Stack);

impl hyper::service::Service<http::Request<Incoming>> for PerRequest {
    type Response = <Layers as Service<http::Request<Body>>>::Response;
    type Error = Infallible;
    type Future = <Layers as Service<http::Request<Body>>>::Future;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let mut request = request.map(Body::new);
        let resolved = self.0.table.resolve(request.uri().path());
        request.extensions_mut().insert(resolved);
        // No layer queues and so all are always ready: there is no readiness to wait for.
        self.0.layers.clone().call(request)
    }
}
