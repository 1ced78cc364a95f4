//! Overload as callers of other languages see it: what a refusal says, and that a client with a retry
//! policy of its own does as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use carveout_testing::TestService;
use greeter_api as api;
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tonic::codegen::BoxStream;
use tonic::codegen::tokio_stream;
use tonic::{Code, Request, Response, Status};

use crate::rpc::{GET_ITEM, TRACEPARENT};
use crate::{foreign, tools};

/// A call waits for 100 ms before it is refused, and is told to stay away for ten times as long, more or
/// less a half.
const LEAST_PUSHBACK_MS: f64 = 500.0;
const MOST_ATTEMPTS: usize = 4;

/// A caller that is refused, and says what it was told.
pub(crate) fn python() -> Option<Command> {
    let mut python = tools::python("grpc, grpc_status")?;
    python.arg(foreign::script("overload.py"));
    Some(python)
}

/// The same.
pub(crate) fn node() -> Option<Command> {
    let mut node = tools::node("@grpc/grpc-js")?;
    node.arg(foreign::script("overload.js"));
    Some(node)
}

/// When gRPC is to try again. Without a word from the server it would do so at once: whoever waits does
/// it for the server's sake.
pub(crate) fn retries(codes: &[&str]) -> Value {
    json!({ "methodConfig": [{
        "name": [{ "service": api::SERVICE_NAME }],
        "retryPolicy": {
            "maxAttempts": MOST_ATTEMPTS,
            "initialBackoff": "0.001s",
            "maxBackoff": "0.001s",
            "backoffMultiplier": 1,
            "retryableStatusCodes": codes,
        },
    }] })
}

/// The id with which `GetItem` keeps its permit until the test releases it.
const HELD: &str = "held";

/// `GetItem` takes as long as its id says, in milliseconds, and `WatchItems` keeps its permit, too.
#[derive(Default)]
struct Held {
    taken: Notify,
    released: Notify,
    /// What each call of `GetItem` that was let in said of the attempts before it.
    previous: Mutex<Vec<Option<String>>>,
}

struct Handlers(Arc<Held>);

#[tonic::async_trait]
impl api::Service for Handlers {
    async fn get_item(
        &self,
        request: Request<api::GetItemRequest>,
    ) -> Result<Response<api::GetItemResponse>, Status> {
        let previous = request.metadata().get("grpc-previous-rpc-attempts");
        let previous = previous.map(|previous| previous.to_str().unwrap().to_owned());
        if request.get_ref().id == HELD {
            self.0.taken.notify_one();
            self.0.released.notified().await;
            return Ok(Response::new(api::GetItemResponse { item: None }));
        }
        self.0.previous.lock().unwrap().push(previous);
        if let Ok(takes) = request.get_ref().id.parse() {
            tokio::time::sleep(Duration::from_millis(takes)).await;
        }
        Ok(Response::new(api::GetItemResponse { item: None }))
    }

    async fn create_item(
        &self,
        _: Request<api::CreateItemRequest>,
    ) -> Result<Response<api::CreateItemResponse>, Status> {
        Ok(Response::new(api::CreateItemResponse { item: None }))
    }

    async fn list_items(
        &self,
        _: Request<api::ListItemsRequest>,
    ) -> Result<Response<api::ListItemsResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    type WatchItemsStream = BoxStream<api::WatchItemsResponse>;

    async fn watch_items(
        &self,
        _: Request<api::WatchItemsRequest>,
    ) -> Result<Response<Self::WatchItemsStream>, Status> {
        self.0.taken.notify_one();
        self.0.released.notified().await;
        Ok(Response::new(Box::pin(tokio_stream::empty())))
    }
}

/// The contract with a deadline for `GetItem` that no test outlasts, instead of 500 ms.
fn patient_contract() -> &'static [u8] {
    let (short, long) = (b"500ms", b"5000s");
    let mut contract = api::FILE_DESCRIPTOR_SET.to_vec();
    for at in 0..contract.len() - short.len() {
        if contract[at..].starts_with(short) {
            contract[at..][..long.len()].copy_from_slice(long);
        }
    }
    contract.leak()
}

/// A service with room for one call.
struct Small {
    service: TestService,
    held: Arc<Held>,
}

impl Small {
    async fn start() -> Self {
        let held = Arc::new(Held::default());
        let handlers = Handlers(held.clone());
        let set = [
            "overload.mode=enforce",
            "overload.initial_limit=1",
            "overload.min_limit=1",
            // Otherwise the call that is held would stall, and make room for another.
            "overload.stalled_after=1h",
            "priority.critical_plus_callers=[\"anonymous\"]",
        ];
        let service =
            TestService::start_with(greeter::ABOUT, &set, async |_, _: carveout::Live<()>| {
                Ok(carveout::Routes::new().add(api::server(handlers), patient_contract()))
            });
        Self {
            service: service.await,
            held,
        }
    }

    /// From now on there is no room, until [`release`](Self::release).
    async fn fill(&self) -> JoinHandle<()> {
        let mut client = api::Client::new(self.service.channel());
        let holds = tokio::spawn(async move {
            let mut request = Request::new(api::GetItemRequest { id: HELD.into() });
            request.set_timeout(Duration::from_secs(300));
            client.get_item(request).await.unwrap();
        });
        self.held.taken.notified().await;
        holds
    }

    /// The same for `WatchItems`: a method that has no permit yet is admitted beyond the limit.
    async fn fill_watches(&self) -> JoinHandle<()> {
        let mut client = api::Client::new(self.service.channel());
        let holds = tokio::spawn(async move {
            let mut request = Request::new(api::WatchItemsRequest {});
            request.set_timeout(Duration::from_secs(300));
            client.watch_items(request).await.unwrap();
        });
        self.held.taken.notified().await;
        holds
    }

    fn release(&self) {
        self.held.released.notify_one();
    }

    async fn called_by(&self, caller: Command, config: &Value, timeout: Option<&str>) -> Value {
        called_by(&self.service, caller, config, timeout).await
    }

    async fn answered(&self, code: &str) -> usize {
        answered(&self.service, code).await
    }

    async fn end(self, holds: JoinHandle<()>) {
        self.release();
        holds.await.unwrap();
        self.service.stop().await;
    }
}

/// What a foreign caller's `GetItem` comes to.
pub(crate) async fn called_by(
    service: &TestService,
    mut caller: Command,
    config: &Value,
    timeout: Option<&str>,
) -> Value {
    caller
        .arg(service.grpc_addr().to_string())
        .arg(config.to_string())
        .args(timeout);
    let said = tools::run_well(&mut caller).await;
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"))
}

/// How many calls of `GetItem` the service has answered so, by its own count: a foreign caller does not
/// say how many it has made.
pub(crate) async fn answered(service: &TestService, code: &str) -> usize {
    let series = format!(
        r#"rpc_server_call_duration_seconds_count{{rpc_system_name="grpc",rpc_method="{GET_ITEM}",rpc_response_status_code="{code}"}} "#
    );
    let metrics = service.admin_get("/metrics").await.body;
    let count = metrics.lines().find_map(|line| line.strip_prefix(&series));
    count.map_or(0, |count| count.parse().unwrap())
}

/// The delay that a refusal tells, as its details and its trailers have it.
pub(crate) fn delays(seen: &Value) -> (f64, i64) {
    let one = |field: &str| {
        let all = seen[field].as_array().unwrap();
        assert_eq!(all.len(), 1, "{field} of {seen}");
        all[0].clone()
    };
    let pushback = one("pushback");
    let pushback = pushback.as_str().unwrap().parse().unwrap();
    (one("retry_ms").as_f64().unwrap(), pushback)
}

async fn says_why_and_when_to_come_back(caller: Option<Command>) {
    let Some(caller) = caller else { return };
    let small = Small::start().await;
    let holds = small.fill().await;
    let seen = small.called_by(caller, &json!({}), None).await;
    assert_eq!(seen["code"], "UNAVAILABLE", "{seen}");
    assert_eq!(seen["reasons"], json!([["OVERLOADED", "greeter"]]));
    let (retry_ms, pushback) = delays(&seen);
    // One number, told to the program and to its gRPC library.
    assert_eq!(pushback, retry_ms as i64, "{seen}");
    assert!(retry_ms >= LEAST_PUSHBACK_MS, "{seen}");
    assert_eq!(small.answered("UNAVAILABLE").await, 1);
    small.end(holds).await;
}

#[tokio::test]
async fn python_is_told_why_and_when_to_come_back() {
    says_why_and_when_to_come_back(python()).await;
}

#[tokio::test]
async fn node_is_told_why_and_when_to_come_back() {
    says_why_and_when_to_come_back(node()).await;
}

/// A call that goes before others, of one user.
fn critical<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let metadata = request.metadata_mut();
    metadata.insert("x-criticality", "CRITICAL_PLUS".parse().unwrap());
    metadata.insert("traceparent", TRACEPARENT.parse().unwrap());
    request
}

/// The overload is over by the time that the client was told to come back.
async fn comes_back_when_told(caller: Option<Command>) -> Option<Value> {
    let caller = caller?;
    let small = Small::start().await;
    let holds = small.fill().await;
    let over = async {
        let refused = async || (small.answered("UNAVAILABLE").await > 0).then_some(());
        tools::eventually("a refusal", refused).await;
        small.release();
        std::future::pending().await
    };
    let config = retries(&["UNAVAILABLE"]);
    let seen = tokio::select! {
        seen = small.called_by(caller, &config, None) => seen,
        never = over => never,
    };
    assert_eq!(seen["code"], "OK", "{seen}");
    holds.await.unwrap();
    // One is the rule, and a machine that stood still for long may have refused it twice.
    let refused = small.answered("UNAVAILABLE").await;
    assert!((1..MOST_ATTEMPTS).contains(&refused), "{refused}");
    let previous = std::mem::take(&mut *small.held.previous.lock().unwrap());
    assert_eq!(previous, [Some(refused.to_string())]);
    small.service.stop().await;
    Some(json!({ "refused": refused, "seen": seen }))
}

#[tokio::test]
async fn python_comes_back_when_it_is_told_to() {
    let Some(came) = comes_back_when_told(python()).await else {
        return;
    };
    // It does not say what it was told; no less than this.
    let took = came["seen"]["took_ms"].as_f64().unwrap();
    assert!(took >= LEAST_PUSHBACK_MS, "{came}");
}

#[tokio::test]
async fn node_comes_back_when_it_is_told_to() {
    let Some(came) = comes_back_when_told(node()).await else {
        return;
    };
    let attempts = came["seen"]["attempts"].as_array().unwrap();
    assert_eq!(attempts.len() as u64, came["refused"].as_u64().unwrap() + 1);
    for (before, attempt) in attempts.iter().enumerate() {
        let previous = (before > 0).then(|| before.to_string());
        assert_eq!(attempt["previous"], json!(previous), "{came}");
    }
    for pair in attempts.windows(2) {
        let [first, second] = [&pair[0], &pair[1]].map(|it| it["begun_ms"].as_f64().unwrap());
        let pushback = pair[0]["pushback"].as_str().unwrap();
        let pushback: f64 = pushback.parse().unwrap();
        assert!(second - first >= pushback, "{came}");
    }
}

/// A call that takes longer than its caller has.
async fn does_not_repeat_what_is_doomed(caller: Option<Command>) {
    let Some(caller) = caller else { return };
    let small = Small::start().await;
    // From this the service knows how long they take.
    let slow = api::GetItemRequest { id: "60".into() };
    let mut client = api::Client::new(small.service.channel());
    client.get_item(slow).await.unwrap();
    let holds = small.fill().await;
    let config = retries(&["UNAVAILABLE", "DEADLINE_EXCEEDED"]);
    let seen = small.called_by(caller, &config, Some("20m")).await;
    assert_eq!(seen["code"], "DEADLINE_EXCEEDED", "{seen}");
    assert_eq!(seen["reasons"], json!([["DOOMED", "greeter"]]));
    assert_eq!(seen["pushback"], json!(["-1"]));
    assert_eq!(seen["retry_ms"], json!([]));
    assert_eq!(small.answered("DEADLINE_EXCEEDED").await, 1);
    assert_eq!(small.answered("UNAVAILABLE").await, 0);
    small.end(holds).await;
}

#[tokio::test]
async fn python_does_not_repeat_what_is_doomed() {
    does_not_repeat_what_is_doomed(python()).await;
}

#[tokio::test]
async fn node_does_not_repeat_what_is_doomed() {
    does_not_repeat_what_is_doomed(node()).await;
}

/// Calls, one after the other, that are refused all the time; and whether they have been told not to
/// come back.
///
/// Nobody else is as critical, so that it is these that the service's judgement rests on.
fn load(small: &Small) -> (JoinHandle<()>, watch::Receiver<bool>) {
    let mut client = api::Client::new(small.service.channel());
    let (told, lasts) = watch::channel(false);
    let load = tokio::spawn(async move {
        loop {
            let request = critical(api::WatchItemsRequest {});
            let refused = client.watch_items(request).await.unwrap_err();
            assert_eq!(refused.code(), Code::Unavailable, "{refused}");
            told.send_replace(refused.metadata().get("grpc-retry-pushback-ms").unwrap() == "-1");
        }
    });
    (load, lasts)
}

#[tokio::test]
async fn nobody_comes_back_once_it_lasts() {
    let callers: Vec<Command> = [python(), node()].into_iter().flatten().collect();
    if callers.is_empty() {
        return;
    }
    let small = Small::start().await;
    let holds = small.fill().await;
    let watches = small.fill_watches().await;
    let (load, mut lasts) = load(&small);
    // As nothing is answered, ten times a second.
    let lasts = lasts.wait_for(|lasts| *lasts);
    drop(tokio::time::timeout(tools::PATIENCE, lasts).await.unwrap());
    for (before, caller) in callers.into_iter().enumerate() {
        let config = retries(&["UNAVAILABLE"]);
        let seen = small.called_by(caller, &config, None).await;
        assert_eq!(seen["code"], "UNAVAILABLE", "{seen}");
        assert_eq!(seen["reasons"], json!([["OVERLOADED", "greeter"]]));
        let (retry_ms, pushback) = delays(&seen);
        assert_eq!(pushback, -1, "{seen}");
        // A program, or the person before it, may want to know when there is hope.
        assert!(retry_ms >= 1000.0, "{seen}");
        assert_eq!(small.answered("UNAVAILABLE").await, before + 1);
    }
    load.abort();
    small.release();
    small.release();
    holds.await.unwrap();
    watches.await.unwrap();
    small.service.stop().await;
}
