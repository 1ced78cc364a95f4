use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::Arc;

use carveout_health::Health;
use carveout_metrics::{Metrics, RpcMetrics};
use carveout_overload::{Admission, Holds, OverloadConfig};
use hyper::body::Incoming;
use tokio::runtime::Handle;
use tonic::body::Body;
use tower::{Service, ServiceBuilder};

use super::activity::Activity;
use super::admit::{Admit, AdmittedBody, Turn};
use super::catch_panic::{CatchPanic, PanicBody};
use super::check_access::CheckAccess;
use super::compression::{Compress, CompressBody};
use super::config::ServerConfig;
use super::connections::ConnectionMetrics;
use super::deadline::{Deadline, DeadlineBody};
use super::explain::{Explain, ExplainBody};
use super::held::{Held, HeldBody};
use super::message_size::{MessageSize, SizedBody};
use super::observe::Observe;
use super::outcome::{Outcome, OutcomeBody};
use super::placement::{self, Next, Placement, Queued};
use crate::access::Access;
use crate::admission::{Doorkeeper, Verdict};
use crate::contract::ContractError;
use crate::draining::{self, DrainSignal};
use crate::health::HealthService;
use crate::observe::ObservedBody;
use crate::priority::Priority;
use crate::quota::{ConnectionQuota, Quota};
use crate::reflection;
use crate::routes::{Arrival, Dispatch, Route, RouteTable, Routes};
use crate::secure::{Identity, Secure};
use crate::signal::Signal;
use crate::slow::SlowCalls;

/// What a stack needs to know of the service around it.
#[derive(Clone, Debug)]
pub struct StackOptions {
    /// The service's name: the domain of its errors.
    pub service: String,
    /// Answered on `grpc.health.v1`.
    pub health: Health,
    /// Where calls are counted and timed.
    pub metrics: Metrics,
    /// Where the slowest calls are kept.
    pub slow: SlowCalls,
    /// When calls wait, and when they are refused.
    pub overload: OverloadConfig,
}

type Layers = Observe<
    Explain<CatchPanic<Admit<CheckAccess<Deadline<Outcome<Compress<MessageSize<Dispatch>>>>>>>>,
>;

/// Everything between a connection and the handlers. A clone shares all of it.
#[derive(Clone)]
pub struct Stack {
    layers: Layers,
    table: RouteTable,
    access: Access,
    quota: Quota,
    doorkeeper: Doorkeeper,
    holds: Arc<Holds>,
    secure: Option<Arc<dyn Secure>>,
    connections: ConnectionMetrics,
    metrics: Metrics,
}

impl Stack {
    /// Puts the layers around `routes`, health and reflection.
    ///
    /// # Errors
    /// When a service was added with descriptors that do not describe it, or twice, or declares a
    /// deadline that is none.
    pub fn new(
        routes: Routes,
        config: &ServerConfig,
        options: StackOptions,
    ) -> Result<Self, ContractError> {
        let names = routes.service_names().to_vec();
        let routes = HealthService::add_to(routes, names, &options.health);
        let routes = reflection::add_to(routes);

        let methods: Vec<String> = routes
            .methods()
            .iter()
            .map(|method| method.name.clone())
            .collect();
        let holds = Arc::new(Holds::new(methods.len()));
        let admission = Admission::new(options.overload, methods.len(), workers());
        let doorkeeper = Doorkeeper::new(admission, &options.metrics);
        let access = Access::new(methods.clone(), &options.metrics);
        let quota = Quota::new(&options.metrics);
        let calls = RpcMetrics::server(&options.metrics, methods);
        let table = routes.into_table(config.default_deadline)?;

        // The order is the design. A request passes from the top to the bottom, its answer from the
        // bottom to the top.
        let layers = ServiceBuilder::new()
            // Outermost, so that it times and counts what the caller sees, whichever layer answers.
            .layer(Observe::layer(calls, options.slow))
            // Outside of all that answers errors, so that no error leaves without its reason.
            .layer(Explain::layer(Arc::from(options.service)))
            // Inside of the two above, so that a panic is counted and explained like any other
            // error.
            .layer(CatchPanic::layer())
            // Inside of the three above, so that a refusal is counted and explained; before anything
            // is done for the call. What it answers with was decided before there was a span.
            .layer(Admit::layer(doorkeeper.refuser()))
            .layer(CheckAccess::layer(access.clone()))
            // Inside of all above: what a deadline ends is the handler, and the end is an
            // error like any other.
            .layer(Deadline::layer())
            // Around all that reads the request, so that everything outside sees a call whose caller
            // has left as cancelled.
            .layer(Outcome::layer())
            // Outside of the limit, which is for messages as they are before compression.
            .layer(Compress::layer(config.compression))
            // Innermost, beside the encoder whose limit this is; the decoder's is in the request.
            .layer(MessageSize::layer(config.max_response_bytes))
            .service(Dispatch {
                max_request_bytes: config.max_request_bytes,
            });
        Ok(Self {
            layers,
            table,
            access,
            quota,
            doorkeeper,
            holds,
            secure: None,
            connections: ConnectionMetrics::register(&options.metrics),
            metrics: options.metrics,
        })
    }

    /// Has `secure` do the handshake of every connection.
    pub fn secured_by(mut self, secure: Arc<dyn Secure>) -> Self {
        self.secure = Some(secure);
        self
    }

    /// The guard that says who may call what; it is off at first.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The guard that says how many calls each caller may make; it is off at first.
    pub fn quota(&self) -> &Quota {
        &self.quota
    }

    /// The guard that says how many calls there may be; it is on at first.
    pub fn admission(&self) -> &Admission {
        self.doorkeeper.admission()
    }

    /// Which callers may send `CRITICAL_PLUS`, and the key of traces; initially no caller may.
    pub fn priority(&self) -> &Priority {
        self.doorkeeper.priority()
    }

    /// How to run calls, where handlers have workers of their own or none.
    pub(super) fn placement(&self, workers: Option<Handle>) -> Placement {
        Placement::new(workers, self.holds.clone())
    }

    /// Shows the runtime that the connections have for themselves.
    pub(super) fn register_connections(&self, runtime: Handle) {
        self.metrics.register_runtime(runtime, "connections");
    }

    pub(super) fn secure(&self) -> Option<&Arc<dyn Secure>> {
        self.secure.as_ref()
    }

    /// Connections that are open at this moment.
    pub fn open_connections(&self) -> usize {
        self.connections.open()
    }

    pub(super) fn connections(&self) -> &ConnectionMetrics {
        &self.connections
    }
}

/// What hyper calls for each request of a connection.
///
/// This runs on the connection's own task, before the request is spawned or decoded: where admission
/// sees all there is, and a refusal costs the least.
pub(super) struct PerRequest {
    /// The connection's own, so that a call need not clone them: that would be eight counts of
    /// references up and down.
    layers: RefCell<Layers>,
    table: RouteTable,
    quota: ConnectionQuota,
    doorkeeper: Doorkeeper,
    holds: Arc<Holds>,
    activity: Arc<Activity>,
    /// The connection is about to be closed.
    drain: DrainSignal,
    /// The connection is gone.
    gone: Signal<()>,
    identity: Option<Identity>,
}

impl Drop for PerRequest {
    fn drop(&mut self) {
        self.gone.raise(());
    }
}

impl PerRequest {
    pub(super) fn new(
        stack: Stack,
        activity: Arc<Activity>,
        drain: DrainSignal,
        identity: Option<Identity>,
    ) -> Self {
        Self {
            layers: RefCell::new(stack.layers),
            table: stack.table,
            quota: stack.quota.of(identity.clone()),
            doorkeeper: stack.doorkeeper,
            holds: stack.holds,
            activity,
            drain,
            gone: Signal::default(),
            identity,
        }
    }
}

impl PerRequest {
    /// Has the caller's quota and admission decide about the call, and says how it is to be run.
    fn turn(&self, arrival: &Arrival) -> Turn {
        if self.activity.is_refusing() {
            placement::set_next(Next::Answered);
            return Turn::Never(draining::error());
        }
        let Some(method) = arrival
            .route
            .as_ref()
            .filter(|route| route.deadline.is_some())
        else {
            return Turn::Free;
        };
        // Before admission, so that what is over its quota takes nobody's place.
        if let Err(error) = self.quota.call() {
            placement::set_next(Next::Answered);
            return Turn::Never(error);
        }
        let method = method.index;
        let holds = self.holds.of(method);
        let holds_worker = !holds.is_zero();
        match self.doorkeeper.decide(arrival, method, holds) {
            Verdict::Free => Turn::Free,
            Verdict::Admitted(permit) => {
                placement::set_next(Next::Admitted {
                    method,
                    holds_worker,
                });
                Turn::Now(permit)
            }
            Verdict::Queued(waiting) => {
                let queued = Queued {
                    since: arrival.at,
                    method,
                    holds_worker,
                    waiting,
                    gone: self.gone.clone(),
                    told: Arc::default(),
                    doorkeeper: self.doorkeeper.clone(),
                };
                let told = queued.told.clone();
                placement::set_next(Next::Queued(Box::new(queued)));
                Turn::Later(told)
            }
            Verdict::Refused(error) => {
                placement::set_next(Next::Answered);
                Turn::Never(error)
            }
        }
    }
}

/// How many handlers can run at once.
fn workers() -> usize {
    Handle::try_current().map_or(1, |handle| handle.metrics().num_workers())
}

/// Whether the call's connection must stay open for it: not for health and reflection, which can be
/// asked again, nor for what is refused.
fn holds_connection(arrival: &Arrival) -> bool {
    let of_a_service = |route: &Arc<Route>| route.deadline.is_some();
    !matches!(arrival.turn, Turn::Never(_)) && arrival.route.as_ref().is_some_and(of_a_service)
}

type Answer = <Layers as Service<Arrival>>::Future;
/// The layers' bodies, in their order.
type AnswerBody = ObservedBody<
    ExplainBody<PanicBody<AdmittedBody<DeadlineBody<OutcomeBody<CompressBody<SizedBody<Body>>>>>>>,
>;

impl hyper::service::Service<http::Request<Incoming>> for PerRequest {
    type Response = http::Response<HeldBody<AnswerBody>>;
    type Error = Infallible;
    type Future = Held<Answer>;

    fn call(&self, mut request: http::Request<Incoming>) -> Self::Future {
        if let Some(identity) = &self.identity {
            request.extensions_mut().insert(identity.clone());
        }
        let mut arrival = self.table.resolve(request);
        arrival.turn = self.turn(&arrival);
        arrival.drain = Some(self.drain.clone());
        let deadline = arrival.deadline.as_ref().ok().copied().flatten();
        let underway = self.activity.begin(deadline, holds_connection(&arrival));
        // No layer queues and so all are always ready: there is no readiness to wait for.
        Held::new(self.layers.borrow_mut().call(arrival), underway)
    }
}
