use std::io::{BufRead, Write};
use std::pin::Pin;
use std::time::Duration;

use carveout_grpc::{Routes, ServerConfig, SlowCalls, Stack, StackOptions};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use greeter_api as api;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

/// Time-outs that are to be seen at work within a scenario; everything else is as it comes.
pub(crate) fn config() -> ServerConfig {
    ServerConfig {
        host: "127.0.0.1".into(),
        port: 0,
        default_deadline: Duration::from_secs(2),
        preface_timeout: Duration::from_secs(2),
        keepalive_interval: Duration::from_secs(1),
        keepalive_timeout: Duration::from_secs(1),
        idle_timeout: Duration::from_secs(5),
        ..ServerConfig::default()
    }
}

struct Handlers;

#[tonic::async_trait]
impl api::Service for Handlers {
    async fn get_item(
        &self,
        _: Request<api::GetItemRequest>,
    ) -> Result<Response<api::GetItemResponse>, Status> {
        Ok(Response::new(api::GetItemResponse::default()))
    }

    async fn create_item(
        &self,
        _: Request<api::CreateItemRequest>,
    ) -> Result<Response<api::CreateItemResponse>, Status> {
        panic!("on purpose")
    }

    async fn list_items(
        &self,
        _: Request<api::ListItemsRequest>,
    ) -> Result<Response<api::ListItemsResponse>, Status> {
        // A large answer: 10,000 items.
        let item = api::Item {
            id: "1".into(),
            title: "x".repeat(64),
            create_time: None,
        };
        Ok(Response::new(api::ListItemsResponse {
            items: vec![item; 10_000],
            next_page_token: String::new(),
        }))
    }

    type WatchItemsStream =
        Pin<Box<dyn Stream<Item = Result<api::WatchItemsResponse, Status>> + Send>>;

    async fn watch_items(
        &self,
        _: Request<api::WatchItemsRequest>,
    ) -> Result<Response<Self::WatchItemsStream>, Status> {
        let item = api::Item {
            id: "1".into(),
            title: "x".repeat(1024),
            create_time: None,
        };
        // As fast as it is read, and without an end.
        let items = std::iter::repeat_with(move || {
            let item = Some(item.clone());
            Ok(api::WatchItemsResponse { item })
        });
        Ok(Response::new(Box::pin(tokio_stream::iter(items))))
    }
}

/// Longer than any scenario waits for a drain that is held.
const DRAIN_BUDGET: Duration = Duration::from_secs(30);

/// Serves until standard input ends. Says its address, and its metrics at each line that it reads; at
/// `stop` it drains, and says what that came to.
#[tokio::main]
pub(crate) async fn serve() {
    // Panics are a scenario; their words are not its outcome.
    std::panic::set_hook(Box::new(|_| {}));
    let config = config();
    let (health, metrics) = (
        Health::new(),
        Metrics::new(BuildInfo {
            service: "abuse".into(),
            version: "0".into(),
            commit: "0".into(),
        }),
    );
    let options = StackOptions {
        service: "abuse".into(),
        health: health.clone(),
        metrics: metrics.clone(),
        slow: SlowCalls::default(),
        overload: carveout_grpc::OverloadConfig::default(),
    };
    let routes = Routes::new().add(api::server(Handlers), api::FILE_DESCRIPTOR_SET);
    let stack = Stack::new(routes, &config, options).expect("a stack");
    let listener = carveout_grpc::bind(&config).await.expect("a port");
    println!("{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let served = async move {
        let stopped = async { drop(stopped.await) };
        carveout_grpc::serve(listener, stack, &config, DRAIN_BUDGET, stopped).await
    };
    let served = tokio::spawn(served);
    health.enter(Phase::Serving);
    let asked = tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_ok_and(|line| line == "stop") {
                return true;
            }
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{}# END", metrics.encode(None).body);
        }
        false
    });
    if asked.await.unwrap_or(false) {
        health.enter(Phase::Stopped);
        let _ = stop.send(());
        let drained = served.await.expect("a server");
        println!("{} cut", drained.cut);
        return;
    }
    served.abort();
}
