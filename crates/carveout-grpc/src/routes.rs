use std::cmp::Ordering;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, Uri, header};
use hyper::body::Incoming;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::{Code, Status};
use tower::Service;

use crate::caller_fault::CallerFault;
use crate::contract::{ContractError, MethodContract, methods_of};
use crate::deadline;
use crate::draining::DrainSignal;
use crate::error::{Error, Reason};
use crate::server::{Awaited, CancelledUpload, Encoding, RequestBody, RequestRules, Turn};

pub(crate) type Request = http::Request<Body>;
pub(crate) type Response = http::Response<Body>;
type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// The services that a server answers for, each with the contract that it keeps.
#[derive(Default)]
pub struct Routes {
    services: Vec<&'static str>,
    descriptors: Vec<&'static [u8]>,
    methods: Vec<MethodContract>,
    handlers: Vec<Arc<dyn Handler>>,
    /// Index into `handlers` for each of `methods`.
    handler_of: Vec<usize>,
    error: Option<ContractError>,
}

impl Routes {
    /// No services yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a generated server with its API crate's `FILE_DESCRIPTOR_SET`.
    ///
    /// A mistake, descriptors of another service say, is kept and makes the start fail with its
    /// reason.
    pub fn add<S>(mut self, service: S, descriptors: &'static [u8]) -> Self
    where
        S: Service<Request, Response = Response, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        let methods = match methods_of(S::NAME, descriptors) {
            Ok(_) if self.services.contains(&S::NAME) => {
                return self.fail(ContractError::Twice { service: S::NAME });
            }
            Ok(methods) => methods,
            Err(error) => return self.fail(error),
        };
        self.handler_of
            .extend(methods.iter().map(|_| self.handlers.len()));
        self.methods.extend(methods);
        self.services.push(S::NAME);
        self.handlers.push(Arc::new(service));
        if !self.descriptors.contains(&descriptors) {
            self.descriptors.push(descriptors);
        }
        self
    }

    /// Full names of the services, `acme.orders.v1.OrdersService` say.
    pub fn service_names(&self) -> &[&'static str] {
        &self.services
    }

    /// Every method with what its contract says of it.
    pub fn methods(&self) -> &[MethodContract] {
        &self.methods
    }

    pub(crate) fn descriptors(&self) -> &[&'static [u8]] {
        &self.descriptors
    }

    fn fail(mut self, error: ContractError) -> Self {
        self.error.get_or_insert(error);
        self
    }

    pub(crate) fn into_table(
        self,
        default_deadline: Duration,
    ) -> Result<RouteTable, ContractError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let entries = self.methods.iter().enumerate().map(|(index, method)| {
            let deadline = if is_infrastructure(&method.name) {
                None
            } else {
                Some(method.deadline.unwrap_or(default_deadline))
            };
            let route = Route {
                index,
                deadline,
                streams_requests: method.streams_requests,
                streams: method.streams,
                handler: self.handlers[self.handler_of[index]].clone(),
            };
            (format!("/{}", method.name), Arc::new(route))
        });
        let mut by_path: Vec<_> = entries.collect();
        by_path.sort_by(|(one, _), (other, _)| by_length(one, other));
        Ok(RouteTable {
            by_path: by_path.into(),
        })
    }
}

/// Most steps of a search in this order compare two numbers: it takes half the time of hashing a
/// path.
fn by_length(one: &str, other: &str) -> Ordering {
    (one.len(), one).cmp(&(other.len(), other))
}

/// Health and reflection are asked by operators and balancers: their streams stay open for as long
/// as the caller wants.
fn is_infrastructure(method: &str) -> bool {
    is_health(method) || method.starts_with("grpc.reflection.")
}

pub(crate) fn is_health(method: &str) -> bool {
    method.starts_with("grpc.health.")
}

/// One method as the server's layers see it.
pub(crate) struct Route {
    /// Position among all methods; the metrics are indexed by it.
    pub(crate) index: usize,
    /// The longest that a call may take; `None` for health and reflection.
    pub(crate) deadline: Option<Duration>,
    /// Whether its request is a stream of messages, and not exactly one.
    streams_requests: bool,
    /// Whether its answer is a stream, which may be open for as long as it likes.
    pub(crate) streams: bool,
    handler: Arc<dyn Handler>,
}

/// A request with what is found out about it when it arrives: what the server's layers pass on.
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    pub(crate) request: http::Request<Incoming>,
    /// What its messages are compressed by.
    pub(crate) encoding: Option<Encoding>,
    /// What its caller does wrong.
    pub(crate) fault: CallerFault,
    /// `None` when there is no such method.
    pub(crate) route: Option<Arc<Route>>,
    /// When it has to be answered, if ever; or why it is refused.
    pub(crate) deadline: Result<Option<Instant>, Error>,
    /// What admission has decided about it.
    pub(crate) turn: Turn,
    /// Of the connection that it came on.
    pub(crate) drain: Option<DrainSignal>,
}

/// Finds a method by the path of the request.
#[derive(Clone)]
pub(crate) struct RouteTable {
    by_path: Arc<[(String, Arc<Route>)]>,
}

impl RouteTable {
    /// A path with a query is another path, for routing as for all that goes by the route.
    fn find(&self, uri: &Uri) -> Option<Arc<Route>> {
        let path = uri.path_and_query()?.as_str();
        let found = self
            .by_path
            .binary_search_by(|(known, _)| by_length(known, path));
        found.ok().map(|index| self.by_path[index].1.clone())
    }

    pub(crate) fn resolve(&self, request: http::Request<Incoming>) -> Arrival {
        let at = Instant::now();
        let route = self.find(request.uri());
        let allowed = route.as_ref().and_then(|route| route.deadline);
        let deadline = deadline::of(request.headers(), at, allowed);
        let fault = CallerFault::default();
        if let Ok(Some(deadline)) = deadline
            && deadline.saturating_duration_since(at) < SHORTEST_TIMEOUT
        {
            fault.set_timeout_too_short();
        }
        Arrival {
            at,
            request,
            encoding: None,
            fault,
            route,
            deadline,
            turn: Turn::Free,
            drain: None,
        }
    }
}

/// The shortest time-out that a caller may expect an answer within: less than a call takes from one
/// machine to another. A server that is late is not to blame for one that is shorter.
const SHORTEST_TIMEOUT: Duration = Duration::from_millis(1);

/// The innermost service: hands the request to the handler of its route.
#[derive(Clone)]
pub(crate) struct Dispatch {
    /// In bytes, of each message of a request.
    pub(crate) max_request_bytes: usize,
}

impl Service<Arrival> for Dispatch {
    type Response = Response;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, arrival: Arrival) -> ResponseFuture {
        let Arrival {
            request,
            encoding,
            fault,
            route,
            ..
        } = arrival;
        if let Some(refusal) = not_grpc(&request) {
            fault.set_invalid_request();
            return Box::pin(std::future::ready(Ok(refusal)));
        }
        match route {
            Some(route) => {
                let rules = RequestRules {
                    max_bytes: self.max_request_bytes,
                    one_message: !route.streams_requests,
                    encoding,
                };
                route.handler.handle(request.map(|body| {
                    let body = CancelledUpload::new(Awaited::new(body), fault.clone());
                    Body::new(RequestBody::new(body, rules, fault))
                }))
            }
            None => {
                let message = format!("this server has no method {}", request.uri());
                let status = Status::from(Error::new(
                    Code::Unimplemented,
                    Reason::METHOD_NOT_FOUND,
                    message,
                ));
                Box::pin(std::future::ready(Ok(status.into_http())))
            }
        }
    }
}

/// The answer to a request that is not one of gRPC: with a status of HTTP too, so that no other
/// client takes a refusal for a success. The codes are those of gRPC's server in Go.
fn not_grpc<B>(request: &http::Request<B>) -> Option<Response> {
    let (code, http, problem) = if request.method() != Method::POST {
        let problem = format!("the method is {} and must be POST", request.method());
        (Code::Internal, StatusCode::METHOD_NOT_ALLOWED, problem)
    } else {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.map_or(&b""[..], HeaderValue::as_bytes);
        let kind = content_type.strip_prefix(b"application/grpc");
        if matches!(kind, Some([] | [b'+' | b';', ..])) {
            return None;
        }
        let problem = "the content-type must be application/grpc".to_owned();
        let http = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        (Code::InvalidArgument, http, problem)
    };
    let mut refusal = Status::from(Error::new(code, Reason::NOT_GRPC, problem)).into_http();
    *refusal.status_mut() = http;
    Some(refusal)
}

trait Handler: Send + Sync {
    fn handle(&self, request: Request) -> ResponseFuture;
}

impl<S> Handler for S
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    fn handle(&self, request: Request) -> ResponseFuture {
        // Generated servers are a few pointers and always ready, so a clone for each call is what
        // tonic's own router does too.
        Box::pin(self.clone().call(request))
    }
}
