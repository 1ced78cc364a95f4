//! The server stack and the channel in a program with a `main` of its own: it serves the golden
//! contract on a free port, calls itself, and drains.
//!
//! `cargo run -p carveout-grpc --example own_main`

use std::error::Error as StdError;
use std::time::Duration;

use carveout_grpc::{
    Channel, ClientConfig, Error, Reason, Routes, ServerConfig, SlowCalls, Stack, StackOptions,
};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use greeter_api as api;
use tokio::sync::oneshot;
use tonic::{Request, Response, Status};

const ITEM_NOT_FOUND: Reason = Reason::new("ITEM_NOT_FOUND");

struct Empty;

#[tonic::async_trait]
impl api::Service for Empty {
    async fn get_item(
        &self,
        request: Request<api::GetItemRequest>,
    ) -> Result<Response<api::GetItemResponse>, Status> {
        let id = &request.get_ref().id;
        Err(Error::not_found(ITEM_NOT_FOUND, format!("there is no item {id:?}")).into())
    }

    async fn create_item(
        &self,
        _: Request<api::CreateItemRequest>,
    ) -> Result<Response<api::CreateItemResponse>, Status> {
        Err(Status::unimplemented("this example keeps nothing"))
    }

    async fn list_items(
        &self,
        _: Request<api::ListItemsRequest>,
    ) -> Result<Response<api::ListItemsResponse>, Status> {
        Ok(Response::new(api::ListItemsResponse::default()))
    }

    type WatchItemsStream = tokio_stream::Empty<Result<api::WatchItemsResponse, Status>>;

    async fn watch_items(
        &self,
        _: Request<api::WatchItemsRequest>,
    ) -> Result<Response<Self::WatchItemsStream>, Status> {
        Ok(Response::new(tokio_stream::empty()))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn StdError>> {
    let config = ServerConfig {
        host: "127.0.0.1".into(),
        port: 0,
        ..ServerConfig::default()
    };
    let health = Health::new();
    let metrics = Metrics::new(BuildInfo {
        service: "empty".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        commit: "unknown".into(),
    });
    let options = StackOptions {
        service: "empty".into(),
        health: health.clone(),
        metrics: metrics.clone(),
        slow: SlowCalls::default(),
        overload: carveout_grpc::OverloadConfig::default(),
    };
    let routes = Routes::new().add(api::server(Empty), api::FILE_DESCRIPTOR_SET);
    let stack = Stack::new(routes, &config, options)?;
    let listener = carveout_grpc::bind(&config).await?;
    let target = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        carveout_grpc::serve(listener, stack, &config, Duration::from_secs(5), stopped).await
    });
    health.enter(Phase::Serving);

    let channel =
        Channel::new(&ClientConfig::to(target))?.observed_by(&metrics, api::FILE_DESCRIPTOR_SET);
    let mut client = api::Client::new(channel);
    let id = "7".to_owned();
    match client.get_item(api::GetItemRequest { id }).await {
        Ok(answer) => println!("{:?}", answer.into_inner()),
        Err(status) => println!("{:?}: {}", status.code(), status.message()),
    }

    drop(client);
    drop(stop);
    println!("drained: {:?}", server.await?);
    let scrape = metrics.encode(None).body;
    let counts = scrape
        .lines()
        .filter(|line| line.contains("_duration_seconds_count{"));
    counts.for_each(|line| println!("{line}"));
    Ok(())
}
