use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use carveout_grpc::{
    Access, Admission, Channel, ClientConfig, Drained, GuardMode, OverloadConfig, Quota, Routes,
    Secure, ServerConfig, SlowCalls, Stack, StackOptions,
};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use futures_util::future::BoxFuture;
use greeter_api::greeter_service_client::GreeterServiceClient;
use greeter_api::greeter_service_server::GreeterService;
use greeter_api::*;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

pub(crate) type ItemStream = Pin<Box<dyn Stream<Item = Result<WatchItemsResponse, Status>> + Send>>;

/// What a test's `GetItem` does.
type Read = dyn Fn(Request<GetItemRequest>) -> BoxFuture<'static, Result<Response<GetItemResponse>, Status>>
    + Send
    + Sync;
/// What a test's `WatchItems` does.
type Watch = dyn Fn() -> Result<ItemStream, Status> + Send + Sync;

/// The golden contract with handlers of the test's own.
#[derive(Clone)]
pub(crate) struct Handlers {
    read: Arc<Read>,
    watch: Arc<Watch>,
}

impl Default for Handlers {
    fn default() -> Self {
        Self {
            read: Arc::new(|_| {
                Box::pin(async { Ok(Response::new(GetItemResponse { item: None })) })
            }),
            watch: Arc::new(|| Ok(Box::pin(tokio_stream::empty()))),
        }
    }
}

impl Handlers {
    pub(crate) fn read<F, Fut>(mut self, handler: F) -> Self
    where
        F: Fn(Request<GetItemRequest>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Status>> + Send + 'static,
    {
        self.read = Arc::new(move |request| {
            let done = handler(request);
            Box::pin(async move {
                done.await
                    .map(|()| Response::new(GetItemResponse { item: None }))
            })
        });
        self
    }

    pub(crate) fn watch<S>(
        mut self,
        handler: impl Fn() -> Result<S, Status> + Send + Sync + 'static,
    ) -> Self
    where
        S: Stream<Item = Result<WatchItemsResponse, Status>> + Send + 'static,
    {
        self.watch = Arc::new(move || Ok(Box::pin(handler()?)));
        self
    }
}

#[tonic::async_trait]
impl GreeterService for Handlers {
    async fn get_item(
        &self,
        request: Request<GetItemRequest>,
    ) -> Result<Response<GetItemResponse>, Status> {
        (self.read)(request).await
    }

    async fn create_item(
        &self,
        _: Request<CreateItemRequest>,
    ) -> Result<Response<CreateItemResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn list_items(
        &self,
        _: Request<ListItemsRequest>,
    ) -> Result<Response<ListItemsResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    type WatchItemsStream = ItemStream;

    async fn watch_items(
        &self,
        _: Request<WatchItemsRequest>,
    ) -> Result<Response<ItemStream>, Status> {
        (self.watch)().map(Response::new)
    }
}

/// A server of the kit's around the handlers.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) health: Health,
    pub(crate) metrics: Metrics,
    pub(crate) slow: SlowCalls,
    pub(crate) access: Access,
    pub(crate) admission: Admission,
    pub(crate) quota: Quota,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Drained>,
}

/// Tests run side by side on a machine that is busy with them: none but those about overload may be
/// refused for it.
pub(crate) fn calm() -> OverloadConfig {
    OverloadConfig {
        mode: GuardMode::Dark,
        ..OverloadConfig::default()
    }
}

impl Server {
    pub(crate) async fn start(handlers: Handlers) -> Self {
        Self::start_with(handlers, Duration::from_secs(5)).await
    }

    pub(crate) async fn start_with(handlers: Handlers, drain_budget: Duration) -> Self {
        Self::configured(handlers, drain_budget, ServerConfig::default()).await
    }

    pub(crate) async fn configured(
        handlers: Handlers,
        drain_budget: Duration,
        config: ServerConfig,
    ) -> Self {
        let routes = Routes::new().add(server(handlers), FILE_DESCRIPTOR_SET);
        Self::of(routes, drain_budget, config, calm(), None).await
    }

    /// One that refuses calls as `overload` says.
    pub(crate) async fn limited(handlers: Handlers, overload: OverloadConfig) -> Self {
        let routes = Routes::new().add(server(handlers), FILE_DESCRIPTOR_SET);
        let (budget, config) = (Duration::from_secs(5), ServerConfig::default());
        Self::of(routes, budget, config, overload, None).await
    }

    /// One whose contract allows every call more than an hour.
    pub(crate) async fn patient(
        handlers: Handlers,
        config: ServerConfig,
        overload: OverloadConfig,
    ) -> Self {
        let routes = Routes::new().add(server(handlers), patient_contract());
        Self::of(routes, Duration::from_secs(60), config, overload, None).await
    }

    /// One that has `secure` say who its callers are.
    pub(crate) async fn secured(handlers: Handlers, secure: Arc<dyn Secure>) -> Self {
        let routes = Routes::new().add(server(handlers), FILE_DESCRIPTOR_SET);
        let (budget, config) = (Duration::from_secs(5), ServerConfig::default());
        Self::of(routes, budget, config, calm(), Some(secure)).await
    }

    async fn of(
        routes: Routes,
        drain_budget: Duration,
        config: ServerConfig,
        overload: OverloadConfig,
        secure: Option<Arc<dyn Secure>>,
    ) -> Self {
        let config = ServerConfig {
            host: "127.0.0.1".into(),
            port: 0,
            ..config
        };
        let health = Health::new();
        let metrics = Metrics::new(BuildInfo {
            service: "test".into(),
            version: "0".into(),
            commit: "0".into(),
        });
        let slow = SlowCalls::default();
        let options = StackOptions {
            service: "test".into(),
            health: health.clone(),
            metrics: metrics.clone(),
            slow: slow.clone(),
            overload,
        };
        let stack = Stack::new(routes, &config, options).unwrap();
        let stack = match secure {
            Some(secure) => stack.secured_by(secure),
            None => stack,
        };
        let access = stack.access().clone();
        let admission = stack.admission().clone();
        let quota = stack.quota().clone();
        let listener = carveout_grpc::bind(&config).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            carveout_grpc::serve(listener, stack, &config, drain_budget, async {
                drop(stopped.await)
            })
            .await
        });
        health.enter(Phase::Serving);
        Self {
            addr,
            health,
            metrics,
            slow,
            access,
            admission,
            quota,
            stop,
            served,
        }
    }

    pub(crate) fn channel(&self) -> Channel {
        Channel::new(&ClientConfig::to(format!("http://{}", self.addr))).unwrap()
    }

    pub(crate) fn client(&self) -> GreeterServiceClient<Channel> {
        GreeterServiceClient::new(self.channel())
    }

    /// A client that keeps no deadline of its own and adds nothing: what it sees is the server's
    /// doing. (tonic's own channel acts on `grpc-timeout` itself.)
    pub(crate) async fn raw_client(&self) -> GreeterServiceClient<Raw> {
        raw_client(self.addr).await.0
    }

    /// The value of a metric, by the beginning of its line.
    pub(crate) fn metric(&self, line: &str) -> f64 {
        let scrape = self.metrics.encode(None).body;
        let found = scrape.lines().find_map(|found| found.strip_prefix(line));
        found.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    pub(crate) async fn stop(self) -> Drained {
        self.health.enter(Phase::Stopped);
        self.stop.send(()).unwrap();
        self.served.await.unwrap()
    }
}

/// The golden contract with another deadline for GetItem, of as many bytes.
fn patient_contract() -> &'static [u8] {
    let (short, long) = (b"500ms", b"5000s");
    let mut contract = FILE_DESCRIPTOR_SET.to_vec();
    // In comments too, where it does no harm.
    for at in 0..contract.len() - short.len() {
        if contract[at..].starts_with(short) {
            contract[at..][..long.len()].copy_from_slice(long);
        }
    }
    contract.leak()
}

/// A server of the kit's around a service that no generated code is around.
pub(crate) async fn serve_within<S>(
    service: S,
    descriptors: &'static [u8],
    budget: Duration,
) -> Server
where
    S: tower::Service<
            http::Request<tonic::body::Body>,
            Response = http::Response<tonic::body::Body>,
            Error = std::convert::Infallible,
            Future: Send + 'static,
        > + tonic::server::NamedService
        + Clone
        + Send
        + Sync
        + 'static,
{
    let routes = Routes::new().add(service, descriptors);
    Server::of(routes, budget, ServerConfig::default(), calm(), None).await
}

type Connection = JoinHandle<Result<(), hyper::Error>>;

/// A client of one connection, and how that connection ends: well after a GOAWAY.
pub(crate) async fn raw_client(addr: SocketAddr) -> (GreeterServiceClient<Raw>, Connection) {
    raw_client_on(tokio::net::TcpStream::connect(addr).await.unwrap()).await
}

pub(crate) async fn raw_client_on(
    stream: tokio::net::TcpStream,
) -> (GreeterServiceClient<Raw>, Connection) {
    let origin = format!("http://{}", stream.peer_addr().unwrap());
    let (requests, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let client = GreeterServiceClient::with_origin(Raw(requests), origin.parse().unwrap());
    (client, tokio::spawn(connection))
}

/// One HTTP/2 connection and nothing around it.
#[derive(Clone)]
pub(crate) struct Raw(hyper::client::conn::http2::SendRequest<tonic::body::Body>);

impl tower::Service<http::Request<tonic::body::Body>> for Raw {
    type Response = http::Response<hyper::body::Incoming>;
    type Error = hyper::Error;
    type Future = BoxFuture<'static, Result<Self::Response, hyper::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

/// The call that most tests make.
pub(crate) fn read() -> GetItemRequest {
    GetItemRequest { id: "1".into() }
}

/// Waits until `holds`, which is `what`.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let held = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), held).await;
    assert!(in_time.is_ok(), "never: {what}");
}

/// The label of what is the caller's fault.
pub(crate) const CALLER: &str = r#",rpc_fault="caller""#;

/// How many calls of `method` ended with `code`, and with this further label.
pub(crate) fn counted(server: &Server, method: &str, code: &str, label: &str) -> f64 {
    server.metric(&format!(
        r#"rpc_server_call_duration_seconds_count{{rpc_system_name="grpc",rpc_method="{method}",rpc_response_status_code="{code}"{label}}}"#
    ))
}

/// How many calls of `method` ended with a fault of the server, by the rule of the stamped alert.
pub(crate) fn faults(server: &Server, method: &str) -> f64 {
    let codes = [
        "UNKNOWN",
        "DEADLINE_EXCEEDED",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
    ];
    codes
        .map(|code| counted(server, method, code, ""))
        .iter()
        .sum()
}
