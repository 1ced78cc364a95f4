//! What the kit's server costs beside tonic's own, with the same handler and the same client, in
//! one run and interleaved: `cargo xtask bench overhead`.
//!
//! Server and client have a runtime of one thread each. Telemetry is set up as a service's is:
//! every call of the kit's server has its span and its place in the metrics.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use carveout_grpc::{Routes, ServerConfig, SlowCalls, Stack, StackOptions};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use carveout_telemetry::{ServiceInfo, TelemetryConfig};
use greeter_api as api;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime::Runtime;
use tonic::{Request, Response, Status};

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_secs(2);
const CONNECTIONS: usize = 4;
/// Calls under way on each connection at once.
const DEPTH: usize = 16;
/// Messages of one streamed answer.
const STREAMED: usize = 1000;

#[derive(Clone)]
struct Handler;

#[tonic::async_trait]
impl api::Service for Handler {
    async fn get_item(
        &self,
        request: Request<api::GetItemRequest>,
    ) -> Result<Response<api::GetItemResponse>, Status> {
        let id = request.into_inner().id;
        let title = "the same for everybody".to_owned();
        let item = Some(api::Item {
            id,
            title,
            create_time: None,
        });
        Ok(Response::new(api::GetItemResponse { item }))
    }

    async fn create_item(
        &self,
        _: Request<api::CreateItemRequest>,
    ) -> Result<Response<api::CreateItemResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    async fn list_items(
        &self,
        _: Request<api::ListItemsRequest>,
    ) -> Result<Response<api::ListItemsResponse>, Status> {
        Err(Status::unimplemented("not measured"))
    }

    type WatchItemsStream =
        tokio_stream::Iter<std::vec::IntoIter<Result<api::WatchItemsResponse, Status>>>;

    async fn watch_items(
        &self,
        _: Request<api::WatchItemsRequest>,
    ) -> Result<Response<Self::WatchItemsStream>, Status> {
        let message = || Ok(api::WatchItemsResponse { item: None });
        let all: Vec<_> = std::iter::repeat_with(message).take(STREAMED).collect();
        Ok(Response::new(tokio_stream::iter(all)))
    }
}

fn runtime(name: &str) -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let built = builder
        .worker_threads(1)
        .thread_name(name)
        .enable_all()
        .build();
    built.expect("a runtime")
}

fn bare(runtime: &Runtime) -> SocketAddr {
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let addr = listener.local_addr().expect("an address");
        let incoming =
            tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
        let server = tonic::transport::Server::builder().add_service(api::Server::new(Handler));
        tokio::spawn(server.serve_with_incoming(incoming));
        addr
    })
}

fn kit(runtime: &Runtime) -> SocketAddr {
    runtime.block_on(async {
        let config = ServerConfig {
            host: "127.0.0.1".into(),
            port: 0,
            ..ServerConfig::default()
        };
        let health = Health::new();
        let build = BuildInfo {
            service: "bench".into(),
            version: "0".into(),
            commit: "0".into(),
        };
        let options = StackOptions {
            service: "bench".into(),
            health: health.clone(),
            metrics: Metrics::new(build),
            slow: SlowCalls::default(),
        };
        let routes = Routes::new().add(api::server(Handler), api::FILE_DESCRIPTOR_SET);
        let stack = Stack::new(routes, &config, options).expect("a stack");
        let listener = carveout_grpc::bind(&config).await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        health.enter(Phase::Serving);
        tokio::spawn(async move {
            let never = std::future::pending();
            carveout_grpc::serve(listener, stack, &config, Duration::ZERO, never).await
        });
        addr
    })
}

#[derive(Clone)]
struct Raw(hyper::client::conn::http2::SendRequest<tonic::body::Body>);

impl tower::Service<http::Request<tonic::body::Body>> for Raw {
    type Response = http::Response<hyper::body::Incoming>;
    type Error = hyper::Error;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, hyper::Error>> + Send>>;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

type Client = api::greeter_service_client::GreeterServiceClient<Raw>;

async fn connect(addr: SocketAddr) -> Client {
    let stream = tokio::net::TcpStream::connect(addr)
        .await
        .expect("a connection");
    stream.set_nodelay(true).expect("an option");
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (requests, connection) = handshake.await.expect("HTTP/2");
    tokio::spawn(connection);
    let origin = format!("http://{addr}").parse().expect("an origin");
    Client::with_origin(Raw(requests), origin)
}

/// Calls without a pause for a round, and returns the calls in a second.
async fn saturate<Fut>(
    addr: SocketAddr,
    call: impl Fn(Client) -> Fut + Clone + Send + 'static,
) -> f64
where
    Fut: Future<Output = u64> + Send,
{
    let (over, count) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let mut callers = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = connect(addr).await;
        for _ in 0..DEPTH {
            let (client, call) = (client.clone(), call.clone());
            let (over, count) = (over.clone(), count.clone());
            callers.push(tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    count.fetch_add(call(client.clone()).await, Ordering::Relaxed);
                }
            }));
        }
    }
    let begun = Instant::now();
    tokio::time::sleep(ROUND).await;
    let (done, took) = (count.load(Ordering::Relaxed), begun.elapsed());
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("a caller");
    }
    done as f64 / took.as_secs_f64()
}

async fn unary(mut client: Client) -> u64 {
    let request = api::GetItemRequest { id: "1".into() };
    client.get_item(request).await.expect("an answer");
    1
}

async fn streamed(mut client: Client) -> u64 {
    let answer = client.watch_items(api::WatchItemsRequest {}).await;
    let mut stream = answer.expect("an answer").into_inner();
    let mut messages = 0;
    while stream.message().await.expect("a message").is_some() {
        messages += 1;
    }
    messages
}

/// Calls at a rate of `rate` in a second whatever the answers do, and returns the 99th percentile
/// of the time from when a call was due to its answer, in microseconds.
async fn paced(addr: SocketAddr, rate: f64) -> f64 {
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(connect(addr).await);
    }
    let (begun, gap) = (Instant::now(), Duration::from_secs_f64(1.0 / rate));
    let calls = (ROUND.as_secs_f64() * rate) as u32;
    let mut answers = Vec::with_capacity(calls as usize);
    let mut next = 0;
    while next < calls {
        // tokio's clock ticks in milliseconds: all that is due by now goes at once.
        while next < calls && begun + gap * next <= Instant::now() {
            let (client, due) = (
                clients[next as usize % CONNECTIONS].clone(),
                begun + gap * next,
            );
            answers.push(tokio::spawn(async move {
                unary(client).await;
                due.elapsed()
            }));
            next += 1;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut times = Vec::with_capacity(answers.len());
    for answer in answers {
        times.push(answer.await.expect("an answer").as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    times[times.len() * 99 / 100]
}

/// Measures both in turn, and prints the medians, the ranges and the ratio.
fn compare(what: &str, unit: &str, measure: impl Fn(usize) -> f64) {
    let mut figures = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        // The one that comes second finds the caches warm: they take turns at that too.
        for step in 0..2 {
            let which = (round + step) % 2;
            figures[which].push(measure(which));
        }
    }
    let summary = figures.map(|mut figures| {
        figures.sort_by(f64::total_cmp);
        (
            figures[figures.len() / 2],
            figures[0],
            figures[figures.len() - 1],
        )
    });
    for (name, (middle, least, most)) in ["bare tonic", "kit"].iter().zip(summary) {
        println!("{what:18} {name:10} median {middle:9.0} {unit} ({least:.0} to {most:.0})");
    }
    println!("{what:18} kit / bare {:.3}", summary[1].0 / summary[0].0);
}

fn nanoseconds(times: u32, mut run: impl FnMut()) -> f64 {
    let begun = Instant::now();
    (0..times).for_each(|_| run());
    begun.elapsed().as_nanos() as f64 / f64::from(times)
}

fn main() {
    let info = ServiceInfo {
        name: "bench".into(),
        version: "0".into(),
    };
    let telemetry = std::env::var_os("BENCH_NO_TELEMETRY").is_none();
    let _telemetry = telemetry.then(|| carveout_telemetry::init(&TelemetryConfig::default(), info));
    let (bare_runtime, kit_runtime, client) = (runtime("bare"), runtime("kit"), runtime("client"));
    let addrs = [bare(&bare_runtime), kit(&kit_runtime)];

    let saturated: [f64; 2] = addrs.map(|addr| client.block_on(saturate(addr, unary)));
    compare("unary, saturated", "calls/s", |which| {
        client.block_on(saturate(addrs[which], unary))
    });
    compare("streamed", "messages/s", |which| {
        client.block_on(saturate(addrs[which], streamed))
    });
    let half = saturated[0] / 2.0;
    println!("half load: {half:.0} calls/s");
    compare("unary, p99 at half", "us", |which| {
        client.block_on(paced(addrs[which], half))
    });

    let build = BuildInfo {
        service: "bench".into(),
        version: "0".into(),
        commit: "0".into(),
    };
    let methods = vec!["acme.greeter.v1.GreeterService/GetItem".to_owned()];
    let calls = carveout_metrics::RpcMetrics::server(&Metrics::new(build), methods);
    let metric = nanoseconds(1_000_000, || {
        calls.start(Some(0)).finish("OK", None::<&str>)
    });
    println!("recording a call in the metrics: {metric:.0} ns");

    let mut headers = http::HeaderMap::new();
    let unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    headers.insert("traceparent", http::HeaderValue::from_static(unsampled));
    let span = nanoseconds(1_000_000, || {
        let make = || tracing::info_span!("rpc", otel.kind = "server", rpc.method = "m");
        drop(carveout_telemetry::below_caller(&headers, make));
    });
    println!("a span of a trace that is not sampled: {span:.0} ns");
}
