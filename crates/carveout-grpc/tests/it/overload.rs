//! More calls than the server can answer: handlers that hold their worker, and callers in a runtime
//! of their own, so that nobody waits for the server but those that call it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use carveout_grpc::{GuardMode, OverloadConfig, check_health};
use futures_util::future::join_all;
use greeter_api::WatchItemsRequest;
use greeter_api::greeter_service_client::GreeterServiceClient;
use tokio::io::AsyncWriteExt;
use tokio::sync::{Mutex, MutexGuard, Semaphore};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::control::plain;
use crate::frames::*;
use crate::support::{Handlers, Raw, Server, raw_client, read, until};

const HOLDS: Duration = Duration::from_millis(5);

/// Keeps its worker, as a computation does.
fn hold() {
    let until = Instant::now() + HOLDS;
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

/// Each of these tests takes the whole machine.
static ALONE: Mutex<()> = Mutex::const_new(());

async fn server(mode: GuardMode) -> (Server, MutexGuard<'static, ()>) {
    let alone = ALONE.lock().await;
    let handlers = Handlers::default().read(|_| {
        hold();
        async { Ok(()) }
    });
    let server = Server::start(handlers).await;
    server.admission.configure(&OverloadConfig {
        mode,
        // So short that a client that is slow to send them does not spread its calls out enough.
        max_queue_wait: Duration::from_millis(10),
        ..OverloadConfig::default()
    });
    // Enough to know how long they take.
    for _ in 0..20 {
        assert!(calls(&server, 1, None).await[0].is_none());
    }
    (server, alone)
}

/// So many calls at once, from another runtime, each with the `grpc-timeout` of its client or none.
async fn calls(
    server: &Server,
    calls: usize,
    timeout: Option<&'static str>,
) -> Vec<Option<Status>> {
    let addr = server.addr;
    let callers = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (client, _) = crate::support::raw_client(addr).await;
            let call = |_| {
                let mut client = client.clone();
                let mut request = tonic::Request::new(read());
                if let Some(timeout) = timeout {
                    let timeout = timeout.parse().unwrap();
                    request.metadata_mut().insert("grpc-timeout", timeout);
                }
                async move { client.get_item(request).await.err() }
            };
            join_all((0..calls).map(call)).await
        })
    };
    tokio::task::spawn_blocking(callers).await.unwrap()
}

fn pushback(status: &Status) -> i64 {
    let pushback = status.metadata().get("grpc-retry-pushback-ms").unwrap();
    pushback.to_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_is_refused_and_the_rest_is_answered() {
    let (server, _alone) = server(GuardMode::Enforce).await;
    let answers = calls(&server, 400, None).await;
    let refused: Vec<&Status> = answers.iter().flatten().collect();
    // A second of work for two workers, and a hundredth of a second to wait for it.
    assert!((1..400).contains(&refused.len()), "{}", refused.len());
    for status in &refused {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        let info = status.get_details_error_info().unwrap();
        assert_eq!((&*info.reason, &*info.domain), ("OVERLOADED", "test"));
        assert!(
            status
                .get_details_retry_info()
                .unwrap()
                .retry_delay
                .is_some()
        );
        let pushback = pushback(status);
        assert!(pushback == -1 || pushback >= 50, "{pushback}");
    }
    let line = |outcome, reason| {
        format!(
            "guard_decisions_total{{guard=\"admission\",mode=\"enforce\",outcome=\"{outcome}\",reason=\"{reason}\"}}"
        )
    };
    assert_eq!(
        server.metric(&line("denied", "OVERLOADED")),
        refused.len() as f64
    );
    let admitted = server.metric(&line("allowed", "ADMITTED"));
    let queued = server.metric(&line("allowed", "QUEUED"));
    assert_eq!(admitted + queued, (20 + 400 - refused.len()) as f64);
    let snapshot = server.admission.snapshot();
    assert_eq!((snapshot.under_way, snapshot.queued), (0, 0));
    let waits = server.metric("admission_wait_seconds_count");
    let too_long = snapshot.counts.waited_too_long as f64;
    assert!(waits > 0.0);
    assert_eq!(waits, queued + too_long);
    let mean = server.metric("admission_wait_seconds_sum") / waits;
    // What all 400 would take, at the most.
    assert!((0.0..2.0).contains(&mean), "{mean}");
    for (name, is) in [
        ("admission_limit", snapshot.limit),
        ("admission_under_way", 0),
        ("admission_streams", 0),
        ("admission_queued", 0),
        ("admission_threshold", snapshot.threshold),
    ] {
        assert_eq!(server.metric(name), is as f64, "{name}");
    }
}

/// Calls that last, and say that they have begun.
fn lasting() -> (Handlers, Arc<AtomicUsize>, Arc<Semaphore>) {
    let (begun, end) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (counted, ended) = (begun.clone(), end.clone());
    let handlers = Handlers::default().read(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        let ended = ended.clone();
        async move {
            ended.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    (handlers, begun, end)
}

#[tokio::test]
async fn a_limit_is_that_of_the_server_and_not_of_each_connection() {
    let one = OverloadConfig {
        mode: GuardMode::Enforce,
        initial_limit: 1,
        min_limit: 1,
        max_queue_wait: Duration::from_millis(10),
        ..OverloadConfig::default()
    };
    let (handlers, begun, end) = lasting();
    let server = Server::limited(handlers, one).await;
    let call = |mut client: GreeterServiceClient<Raw>| {
        tokio::spawn(async move { client.get_item(read()).await })
    };
    let first = call(server.raw_client().await);
    until("the first has begun", || begun.load(Ordering::Relaxed) == 1).await;
    let second = call(server.raw_client().await);
    let status = second.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    end.add_permits(1);
    first.await.unwrap().unwrap();

    // The control: tonic's own lets in as many as there are connections, and its refusals have the code
    // of a quota.
    let (handlers, begun, end) = lasting();
    let limit = |server: tonic::transport::Server| {
        server.load_shed(true).concurrency_limit_per_connection(1)
    };
    let plain = plain(handlers, limit).await;
    let mut client = raw_client(plain.addr).await.0;
    let first = call(client.clone());
    until("the first has begun", || begun.load(Ordering::Relaxed) == 1).await;
    let second = call(raw_client(plain.addr).await.0);
    until("so has the second", || begun.load(Ordering::Relaxed) == 2).await;
    let status = client.get_item(read()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    end.add_permits(2);
    for call in [first, second] {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn streams_that_have_begun_are_in_nobodys_way() {
    let handlers = Handlers::default().watch(|| Ok(tokio_stream::pending()));
    let enforced = OverloadConfig {
        mode: GuardMode::Enforce,
        ..OverloadConfig::default()
    };
    let server = Server::limited(handlers, enforced).await;
    let mut client = server.raw_client().await;
    let mut streams = Vec::new();
    for _ in 0..150 {
        let stream = client.watch_items(WatchItemsRequest {}).await;
        streams.push(stream.unwrap().into_inner());
    }
    let snapshot = server.admission.snapshot();
    assert!(snapshot.limit < streams.len(), "{snapshot:?}");
    assert_eq!(snapshot.streams, streams.len());
    client.get_item(read()).await.unwrap();
    drop(streams);
    let gone = || server.admission.snapshot().under_way == 0;
    until("their places are free", gone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_answered_in_the_middle_of_it() {
    let (server, _alone) = server(GuardMode::Enforce).await;
    let (load, health) = tokio::join!(calls(&server, 400, None), async {
        let admitted = || server.admission.snapshot().counts.admitted;
        until("a call of the load arrives", || admitted() > 20).await;
        check_health(server.channel(), "").await
    });
    assert!(load.iter().any(Option::is_some));
    assert!(health.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dark_admission_refuses_nothing_and_counts_what_it_would_have() {
    let (server, _alone) = server(GuardMode::Dark).await;
    let would = r#"guard_decisions_total{guard="admission",mode="dark",outcome="denied",reason="OVERLOADED"}"#;
    // A tenth of a second of work: in time for each call's deadline, and more than may wait, but for a
    // client that the workers keep from sending it at once.
    for _ in 0..20 {
        let answers = calls(&server, 40, None).await;
        assert!(answers.iter().all(Option::is_none), "{answers:?}");
        if server.metric(would) > 0.0 {
            break;
        }
    }
    assert!(server.metric(would) > 0.0);
    let enforced = r#"guard_decisions_total{guard="admission",mode="enforce",outcome="denied",reason="OVERLOADED"}"#;
    assert_eq!(server.metric(enforced), 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_cannot_be_answered_in_time_is_not_begun() {
    let (server, _alone) = server(GuardMode::Enforce).await;
    // It waits for room, and there is none before its deadline.
    let answers = calls(&server, 100, Some("4m")).await;
    let doomed = answers.iter().flatten().filter(|status| {
        let info = status.get_details_error_info();
        info.is_some_and(|info| info.reason == "DOOMED")
    });
    let doomed: Vec<&Status> = doomed.collect();
    assert!(!doomed.is_empty(), "{:?}", server.admission.snapshot());
    for status in doomed {
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert_eq!(pushback(status), -1);
    }
}

fn enforced() -> OverloadConfig {
    OverloadConfig {
        mode: GuardMode::Enforce,
        ..OverloadConfig::default()
    }
}

#[tokio::test]
async fn requests_that_do_not_come_are_in_nobodys_way() {
    for (connections, heads) in [(1, 1000), (50, 20)] {
        let server = Server::limited(Handlers::default(), enforced()).await;
        let mut client = server.client();
        // Enough to know that the method holds no worker.
        for _ in 0..100 {
            client.get_item(read()).await.unwrap();
        }
        let mut attackers = Vec::new();
        for _ in 0..connections {
            let mut attacker = Attacker::connect(server.addr).await;
            let all = (0..heads).map(|call| frame(HEADERS, END_HEADERS, 2 * call + 1, &head()));
            let all: Vec<u8> = all.collect::<Vec<_>>().concat();
            attacker.0.write_all(&all).await.unwrap();
            attackers.push(attacker);
        }
        let have_come = || {
            let counts = server.admission.snapshot().counts;
            counts.admitted + counts.queued + counts.queue_full + counts.below_threshold >= 1100
        };
        until("all have come", have_come).await;
        until("none is in the queue", || {
            server.admission.snapshot().queued == 0
        })
        .await;
        for _ in 0..100 {
            client.get_item(read()).await.unwrap();
        }
        drop(attackers);
        let gone = || server.admission.snapshot().under_way == 0;
        until("their places are free", gone).await;
    }
}

#[tokio::test]
async fn a_request_that_comes_late_is_answered_and_one_too_many_is_refused() {
    let one = OverloadConfig {
        initial_limit: 1,
        min_limit: 1,
        ..enforced()
    };
    let (handlers, begun, end) = lasting();
    let server = Server::limited(handlers, one).await;
    let mut late = Attacker::connect(server.addr).await;
    late.0
        .write_all(&frame(HEADERS, END_HEADERS, 1, &head()))
        .await
        .unwrap();
    let waits = || server.admission.snapshot().waiting == 1;
    until("it is waited for", waits).await;
    // Another call gets its permit.
    let mut client = server.raw_client().await;
    let call = tokio::spawn(async move { client.get_item(read()).await });
    until("another has begun", || begun.load(Ordering::Relaxed) == 1).await;
    late.0
        .write_all(&frame(DATA, END_STREAM, 1, &[0; 5]))
        .await
        .unwrap();
    let refused = || server.admission.snapshot().counts.queue_full == 1;
    until("it is refused", refused).await;
    end.add_permits(2);
    call.await.unwrap().unwrap();
    // Half of a message does not resume the call.
    late.0
        .write_all(&frame(HEADERS, END_HEADERS, 3, &head()))
        .await
        .unwrap();
    until("it is waited for", waits).await;
    late.0.write_all(&frame(DATA, 0, 3, &[0; 3])).await.unwrap();
    late.0
        .write_all(&frame(DATA, END_STREAM, 3, &[0; 2]))
        .await
        .unwrap();
    until("it has begun", || begun.load(Ordering::Relaxed) == 2).await;
    until("it is answered", || {
        server.admission.snapshot().under_way == 0
    })
    .await;
}

#[tokio::test]
async fn a_dependency_that_hangs_keeps_nobody_from_another() {
    let few = OverloadConfig {
        initial_limit: 8,
        ..enforced()
    };
    let (handlers, begun, end) = lasting();
    let handlers = handlers.watch(|| Ok(tokio_stream::empty()));
    let server = Server::limited(handlers, few).await;
    let mut client = server.client();
    let mut hanging = Vec::new();
    for _ in 0..server.admission.snapshot().limit {
        let mut client = client.clone();
        hanging.push(tokio::spawn(async move { client.get_item(read()).await }));
    }
    until("all hang", || {
        begun.load(Ordering::Relaxed) == hanging.len()
    })
    .await;
    for _ in 0..20 {
        client.watch_items(WatchItemsRequest {}).await.unwrap();
    }
    end.add_permits(hanging.len());
    for call in hanging {
        // Or its deadline was over.
        let _ = call.await.unwrap();
    }
    until("all have left", || {
        server.admission.snapshot().under_way == 0
    })
    .await;
}
