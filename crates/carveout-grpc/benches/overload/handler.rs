use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use greeter_api as api;
use rustix::time::ClockId;
use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};

use crate::clock;
use crate::scenario::Scenario;

/// What every contender puts its limiter in front of.
#[derive(Clone)]
pub(crate) struct Handler {
    scenario: Scenario,
    /// How many times as long as usual a call takes.
    slowness: Arc<AtomicU32>,
    pool: Arc<Semaphore>,
    calls: Arc<AtomicU64>,
}

impl Handler {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            slowness: Arc::new(AtomicU32::new(1)),
            pool: Arc::new(Semaphore::new(2)),
            calls: Arc::default(),
        }
    }

    /// Halves the capacity from now on.
    pub(crate) fn halve(&self) {
        self.slowness.store(2, Ordering::Relaxed);
    }

    async fn work(&self) -> Result<(), Status> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let time = self.scenario.time(call) * self.slowness.load(Ordering::Relaxed);
        match self.scenario {
            Scenario::Cpu => spin(time),
            Scenario::Blocking | Scenario::Bimodal => block(time),
            Scenario::Pool => {
                let _connection = self.pool.acquire().await;
                tokio::time::sleep(time).await;
            }
            Scenario::Micro => {}
            Scenario::Refuse => return Err(Status::unavailable("overloaded")),
        }
        Ok(())
    }
}

/// Until the thread has had a processor for so long: what others use meanwhile does not count as
/// work done.
fn spin(time: Duration) {
    let begun = clock::read(ClockId::ThreadCPUTime);
    while clock::read(ClockId::ThreadCPUTime) - begun < time {
        std::hint::spin_loop();
    }
}

fn block(time: Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "handlers that stop their worker are what this scenario is about"
    )]
    std::thread::sleep(time);
}

#[tonic::async_trait]
impl api::Service for Handler {
    async fn get_item(
        &self,
        request: Request<api::GetItemRequest>,
    ) -> Result<Response<api::GetItemResponse>, Status> {
        self.work().await?;
        let item = Some(api::Item {
            id: request.into_inner().id,
            title: "the same for everybody".to_owned(),
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

    type WatchItemsStream = tokio_stream::Empty<Result<api::WatchItemsResponse, Status>>;

    async fn watch_items(
        &self,
        _: Request<api::WatchItemsRequest>,
    ) -> Result<Response<Self::WatchItemsStream>, Status> {
        Err(Status::unimplemented("not measured"))
    }
}
