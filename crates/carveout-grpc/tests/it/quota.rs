//! Quotas by callers that have names. The rates are so low that no test lives to see room for one
//! more call: what happens in time is tested beside the code, on a clock that stands still.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use carveout_grpc::{
    GuardMode, Handshake, Identity, QuotaConfig, Rate, Secure, Secured, Stream, check_health,
};
use greeter_api::greeter_service_client::GreeterServiceClient;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::errors::assert_explained;
use crate::support::{Handlers, Raw, Server, raw_client_on, read, until};

const BILLING: &str = "spiffe://acme.test/billing";
const BATCH: &str = "spiffe://acme.test/batch";

/// One call in a quarter of an hour.
fn rate(burst: u32) -> Rate {
    Rate {
        calls_per_second: 0.001,
        burst,
    }
}

fn config(mode: GuardMode, burst: u32, own: &[(&str, u32)]) -> QuotaConfig {
    let own = own
        .iter()
        .map(|(name, burst)| ((*name).to_owned(), rate(*burst)));
    QuotaConfig {
        mode,
        calls_per_second: rate(burst).calls_per_second,
        burst,
        callers: own.collect(),
    }
}

/// Knows callers by where they come from.
#[derive(Default)]
struct Known(Mutex<HashMap<SocketAddr, Identity>>);

impl Secure for Known {
    fn accept(&self, tcp: TcpStream) -> Handshake<Secured> {
        let peer = tcp.peer_addr().unwrap();
        let identity = self.0.lock().unwrap().get(&peer).cloned();
        let stream: Stream = Box::new(tcp);
        Box::pin(async move { Ok(Secured { stream, identity }) })
    }

    fn connect(&self, _: TcpStream, _: &str) -> Handshake<Stream> {
        Box::pin(async { Err(io::Error::other("nobody connects here")) })
    }
}

struct World {
    server: Server,
    known: Arc<Known>,
}

impl World {
    async fn new(handlers: Handlers) -> Self {
        let known = Arc::new(Known::default());
        let server = Server::secured(handlers, known.clone()).await;
        Self { server, known }
    }

    async fn client(&self, name: &str) -> GreeterServiceClient<Raw> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let identity = Identity::new([name.to_owned()]);
        let from = socket.local_addr().unwrap();
        self.known.0.lock().unwrap().insert(from, identity);
        raw_client_on(socket.connect(self.server.addr).await.unwrap())
            .await
            .0
    }

    fn decided(&self, mode: &str, outcome: &str, reason: &str) -> f64 {
        self.server.metric(&format!(
            "guard_decisions_total{{guard=\"quota\",mode=\"{mode}\",outcome=\"{outcome}\",reason=\"{reason}\"}}"
        ))
    }

    fn denied(&self, caller: &str, mode: &str) -> f64 {
        self.server.metric(&format!(
            "quota_denied_total{{caller=\"{caller}\",mode=\"{mode}\"}}"
        ))
    }
}

/// Calls until one is refused, at most ten times: how many were answered, and the refusal.
async fn until_refused(client: &mut GreeterServiceClient<Raw>) -> (usize, Option<Status>) {
    for answered in 0..10 {
        if let Err(status) = client.get_item(read()).await {
            return (answered, Some(status));
        }
    }
    (10, None)
}

async fn answered(client: &mut GreeterServiceClient<Raw>) -> usize {
    until_refused(client).await.0
}

#[tokio::test]
async fn a_caller_over_its_quota_is_told_which_and_when_to_come_back() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let handlers = Handlers::default().read(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(()) }
    });
    let world = World::new(handlers).await;
    world
        .server
        .quota
        .set(&config(GuardMode::Enforce, 5, &[(BATCH, 2)]));

    let (served, refused) = until_refused(&mut world.client(BATCH).await).await;
    let refused = refused.unwrap();
    assert_eq!(served, 2);
    assert_eq!(asked.load(Ordering::Relaxed), 2, "the handler heard of it");
    assert_explained(&refused, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    let quota = "0.001 calls a second, 2 at once";
    let said = format!("{BATCH} is over its quota of {quota}");
    assert_eq!(refused.message(), said);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["caller"], BATCH);
    let violations = &details.quota_failure().unwrap().violations;
    let violations: Vec<_> = violations
        .iter()
        .map(|it| (it.subject.as_str(), it.description.as_str()))
        .collect();
    assert_eq!(violations, [(BATCH, quota)]);
    // What governor says, and up to half as much.
    let delay = details.retry_info().unwrap().retry_delay.unwrap();
    let range = Duration::from_secs(900)..=Duration::from_secs(1500);
    assert!(range.contains(&delay), "{delay:?}");
    let pushback = refused.metadata().get("grpc-retry-pushback-ms").unwrap();
    assert_eq!(pushback.to_str().unwrap(), delay.as_millis().to_string());

    assert_eq!(world.decided("enforce", "allowed", "WITHIN_QUOTA"), 2.0);
    assert_eq!(world.decided("enforce", "denied", "QUOTA_EXCEEDED"), 1.0);
    assert_eq!(world.denied(BATCH, "enforce"), 1.0);
    // Like every other refusal, it is a call with a code.
    let slow = world.server.slow.list();
    assert!(
        slow.iter().any(|call| call.code == "RESOURCE_EXHAUSTED"),
        "{slow:?}"
    );
}

#[tokio::test]
async fn what_one_caller_does_is_nothing_to_another() {
    let world = World::new(Handlers::default()).await;
    world
        .server
        .quota
        .set(&config(GuardMode::Enforce, 3, &[(BATCH, 1)]));
    let (mut batch, mut billing) = (world.client(BATCH).await, world.client(BILLING).await);
    assert_eq!(answered(&mut batch).await, 1);
    assert_eq!(answered(&mut billing).await, 3);
    assert_eq!(
        answered(&mut world.client(BILLING).await).await,
        0,
        "anew by another connection"
    );
    // Those without a name are one caller, however many they are.
    assert_eq!(answered(&mut world.server.raw_client().await).await, 3);
    assert_eq!(answered(&mut world.server.raw_client().await).await, 0);
    assert_eq!(answered(&mut world.client("cn:another").await).await, 3);

    // A caller that nobody has named makes no time series.
    let metrics = world.server.metrics.encode(None).body;
    assert!(metrics.contains(BATCH) && !metrics.contains(BILLING));
    assert_eq!(world.denied("_OTHER", "enforce"), 5.0);
}

#[tokio::test]
async fn a_dark_quota_refuses_nothing_and_counts_what_it_would_have() {
    let world = World::new(Handlers::default()).await;
    let mut client = world.client(BATCH).await;
    assert_eq!(answered(&mut client).await, 10);
    assert_eq!(world.decided("dark", "denied", "QUOTA_EXCEEDED"), 0.0);

    world
        .server
        .quota
        .set(&config(GuardMode::Dark, 9, &[(BATCH, 4)]));
    assert_eq!(answered(&mut client).await, 10);
    assert_eq!(world.decided("dark", "allowed", "WITHIN_QUOTA"), 4.0);
    assert_eq!(world.decided("dark", "denied", "QUOTA_EXCEEDED"), 6.0);
    assert_eq!(world.denied(BATCH, "dark"), 6.0);
    assert_eq!(world.decided("enforce", "denied", "QUOTA_EXCEEDED"), 0.0);
    assert_eq!(world.denied(BATCH, "enforce"), 0.0);
}

#[tokio::test]
async fn health_and_reflection_are_open_to_a_caller_that_has_nothing_left() {
    let world = World::new(Handlers::default()).await;
    world.server.quota.set(&config(GuardMode::Enforce, 1, &[]));
    let mut nobody = world.server.raw_client().await;
    assert_eq!(answered(&mut nobody).await, 1);
    for _ in 0..5 {
        let serving = check_health(world.server.channel(), "").await;
        assert!(serving.unwrap());
    }
    // The method of reflection is there, and nothing was sent to it.
    let reflected = reflect(world.server.channel()).await;
    assert_ne!(reflected, Some(Code::ResourceExhausted));
    assert_eq!(answered(&mut nobody).await, 0);
}

async fn reflect(channel: carveout_grpc::Channel) -> Option<Code> {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    let nothing = tokio_stream::empty();
    let mut client = ServerReflectionClient::new(channel);
    let answer = client.server_reflection_info(nothing).await;
    match answer {
        Ok(stream) => stream.into_inner().message().await.err(),
        Err(status) => Some(status),
    }
    .map(|status| status.code())
}

#[tokio::test]
async fn a_reload_is_no_amnesty() {
    let world = World::new(Handlers::default()).await;
    let quota = &world.server.quota;
    let (mut batch, mut billing) = (world.client(BATCH).await, world.client(BILLING).await);
    quota.set(&config(GuardMode::Enforce, 3, &[(BATCH, 1)]));
    assert_eq!(answered(&mut batch).await, 1);
    assert_eq!(answered(&mut billing).await, 3);

    quota.set(&config(GuardMode::Enforce, 3, &[(BATCH, 4)]));
    assert_eq!(answered(&mut batch).await, 3, "it has three more now");
    assert_eq!(answered(&mut billing).await, 0, "nothing has changed");

    // One that is named now and has what it had goes on from where it was.
    quota.set(&config(GuardMode::Enforce, 5, &[(BATCH, 4), (BILLING, 3)]));
    assert_eq!(answered(&mut billing).await, 0);
    assert_eq!(answered(&mut batch).await, 0);
    // One that is named no longer has what all others have.
    quota.set(&config(GuardMode::Enforce, 5, &[(BILLING, 3)]));
    assert_eq!(answered(&mut batch).await, 1);

    quota.set(&config(GuardMode::Off, 5, &[(BILLING, 3)]));
    assert_eq!(answered(&mut billing).await, 10);
    quota.set(&config(GuardMode::Enforce, 5, &[(BILLING, 3)]));
    assert_eq!(answered(&mut billing).await, 0, "off is no amnesty");
}

#[tokio::test]
async fn a_call_over_quota_takes_no_permit() {
    let gate = Arc::new(Semaphore::new(0));
    let held = gate.clone();
    let handlers = Handlers::default().read(move |_| {
        let held = held.clone();
        async move {
            held.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    let world = World::new(handlers).await;
    world.server.quota.set(&config(GuardMode::Enforce, 1, &[]));
    let under_way = || world.server.admission.snapshot().under_way;
    let admitted = || world.server.admission.snapshot().counts.admitted;

    let client = world.client(BATCH).await;
    let mut waiting = client.clone();
    let first = tokio::spawn(async move { waiting.get_item(read()).await });
    until("it is under way", || under_way() == 1).await;
    for _ in 0..5 {
        let mut client = client.clone();
        let refused = client.get_item(read()).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert_eq!((under_way(), admitted()), (1, 1));
    }
    gate.add_permits(1);
    first.await.unwrap().unwrap();
    until("it is answered", || under_way() == 0).await;
    assert_eq!(admitted(), 1);
}
