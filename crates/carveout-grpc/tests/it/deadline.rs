//! S21 on the server: every call ends by its deadline, streamed bodies included.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use carveout_grpc::{Channel, ClientConfig, current_deadline};
use greeter_api::greeter_service_client::GreeterServiceClient;
use greeter_api::{WatchItemsRequest, WatchItemsResponse};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_stream::StreamExt;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::control::WHILE;
use crate::support::{Handlers, Server, read};

fn within<T>(timeout: Duration, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(timeout);
    request
}

#[tokio::test]
async fn an_expired_call_is_deadline_exceeded_and_its_handler_is_dropped() {
    struct Dropped(Arc<Mutex<bool>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = true;
        }
    }
    let dropped = Arc::new(Mutex::new(false));
    let watched = dropped.clone();
    let handlers = Handlers::default().read(move |_| {
        let guard = Dropped(watched.clone());
        async move {
            let _guard = guard;
            std::future::pending::<Result<(), Status>>().await
        }
    });
    let server = Server::start(handlers).await;
    let status = server
        .raw_client()
        .await
        .get_item(within(Duration::from_millis(50), read()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("DEADLINE_EXCEEDED", "test")
    );
    assert!(*dropped.lock().unwrap());
}

/// Its worker can do nothing while it blocks, and so the answer is late; but it is not taken for one
/// that came in time.
#[tokio::test]
async fn a_handler_that_blocks_beyond_its_deadline_is_too_late() {
    let handlers = Handlers::default().read(|_| async {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(120) {
            std::hint::spin_loop();
        }
        Ok(())
    });
    let server = Server::start(handlers).await;
    // Asked without a client that has a clock of its own.
    let mut request = Request::new(read());
    let budget = tonic::metadata::MetadataValue::from_static("50m");
    request.metadata_mut().insert("grpc-timeout", budget);
    let status = server.raw_client().await.get_item(request).await;
    let status = status.expect_err("the deadline was over");
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");
    assert_eq!(status.message(), "the deadline ended before the call did");
}

#[tokio::test]
async fn a_stream_that_never_pauses_ends_by_its_deadline() {
    let endless = || {
        Ok(tokio_stream::iter(std::iter::repeat_with(|| {
            Ok(WatchItemsResponse { item: None })
        })))
    };
    let server = Server::start(Handlers::default().watch(endless)).await;
    let request = within(Duration::from_millis(100), WatchItemsRequest {});
    let mut stream = server
        .raw_client()
        .await
        .watch_items(request)
        .await
        .unwrap()
        .into_inner();
    let status = loop {
        if let Err(status) = stream.message().await {
            break status;
        }
    };
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_silent_stream_ends_by_its_deadline() {
    let silent =
        || {
            Ok(tokio_stream::once(Ok(WatchItemsResponse { item: None }))
                .chain(tokio_stream::pending()))
        };
    let server = Server::start(Handlers::default().watch(silent)).await;
    let request = within(Duration::from_millis(100), WatchItemsRequest {});
    let mut stream = server
        .raw_client()
        .await
        .watch_items(request)
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();
    assert_eq!(
        stream.message().await.unwrap_err().code(),
        Code::DeadlineExceeded
    );
}

/// What the handler of a call sees as its deadline, as a time from the call's start.
async fn seen(timeout: Option<Duration>) -> Duration {
    let (tell, told) = std::sync::mpsc::channel();
    let handlers = Handlers::default().read(move |_| {
        let tell = tell.clone();
        async move {
            tell.send(current_deadline()).unwrap();
            Ok(())
        }
    });
    let server = Server::start(handlers).await;
    let start = Instant::now();
    let request = match timeout {
        Some(timeout) => within(timeout, read()),
        None => Request::new(read()),
    };
    server.raw_client().await.get_item(request).await.unwrap();
    told.recv().unwrap().unwrap() - start
}

#[tokio::test]
async fn the_contract_bounds_a_caller_that_asks_for_more_or_for_nothing() {
    // GetItem declares 500ms. The time that connecting took is in what is measured.
    for timeout in [None, Some(Duration::from_secs(3600))] {
        let seen = seen(timeout).await;
        assert!(
            (Duration::from_millis(500)..Duration::from_millis(900)).contains(&seen),
            "{seen:?}"
        );
    }
    let shorter = seen(Some(Duration::from_millis(250))).await;
    assert!(
        (Duration::from_millis(240)..Duration::from_millis(450)).contains(&shorter),
        "{shorter:?}"
    );
}

#[tokio::test]
async fn the_rest_of_the_budget_goes_to_the_calls_that_a_handler_makes() {
    let (tell, told) = std::sync::mpsc::channel();
    let inner = Server::start(Handlers::default().read(move |request| {
        let timeout = request
            .metadata()
            .get("grpc-timeout")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        tell.send(timeout).unwrap();
        async { Ok(()) }
    }))
    .await;
    let next = inner.client();
    let outer = Server::start(Handlers::default().read(move |_| {
        let mut next = next.clone();
        async move { next.get_item(read()).await.map(drop) }
    }))
    .await;
    outer
        .raw_client()
        .await
        .get_item(within(Duration::from_millis(300), read()))
        .await
        .unwrap();
    let micros: u64 = told
        .recv()
        .unwrap()
        .strip_suffix('u')
        .unwrap()
        .parse()
        .unwrap();
    // The client's own timeout is 5 s and the contract's is 500 ms; what counts is what is left of
    // the caller's 300.
    assert!((1..300_000).contains(&micros), "{micros} us");
}

#[tokio::test]
async fn a_timeout_that_is_none_is_refused_and_named() {
    let server = Server::start(Handlers::default()).await;
    for bad in ["5", "5x", "123456789S", "-1S", ""] {
        let mut request = Request::new(read());
        request
            .metadata_mut()
            .insert("grpc-timeout", bad.parse().unwrap());
        let status = server
            .raw_client()
            .await
            .get_item(request)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{bad:?}: {status}");
        assert_eq!(
            status.get_details_error_info().unwrap().reason,
            "INVALID_TIMEOUT"
        );
    }
}

#[tokio::test]
async fn the_client_keeps_its_deadline_when_the_server_does_not_answer_at_all() {
    // It accepts and never says a word: the connection is there, the HTTP/2 preface never is.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", silent.local_addr().unwrap());
    let config = ClientConfig {
        timeout: Duration::from_millis(100),
        ..ClientConfig::to(target)
    };
    let channel = Channel::new(&config).unwrap();
    let mut client = GreeterServiceClient::new(channel);
    let status = client.get_item(read()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

/// An address where to connect takes minutes: its queue of connections is full, and the kernel drops who
/// comes. It is so while what else is returned lives.
async fn crowded() -> Option<(String, impl Sized)> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..16 {
        let connecting = TcpStream::connect(addr);
        match tokio::time::timeout(WHILE, connecting).await {
            Ok(connected) => waiting.push(connected.unwrap()),
            Err(_) => return Some((format!("http://{addr}"), (listener, waiting))),
        }
    }
    None
}

#[tokio::test]
async fn the_client_keeps_its_deadline_while_it_cannot_connect() {
    let Some((target, _crowd)) = crowded().await else {
        eprintln!("skipped: this kernel takes more connections than it was told to");
        return;
    };
    let timeout = Duration::from_millis(100);
    let config = ClientConfig {
        timeout,
        ..ClientConfig::to(target.clone())
    };
    let mut client = GreeterServiceClient::new(Channel::new(&config).unwrap());
    let status = client.get_item(read()).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status:?}");

    // The control: tonic's own has a time-out for calls, and this one waits to become a call.
    let endpoint = Endpoint::from_shared(target).unwrap().timeout(timeout);
    let mut client = GreeterServiceClient::new(endpoint.connect_lazy());
    let waiting = tokio::time::timeout(WHILE, client.get_item(read())).await;
    assert!(waiting.is_err(), "it gives up by now: {waiting:?}");
}
