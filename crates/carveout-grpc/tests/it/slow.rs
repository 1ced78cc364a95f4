//! The slowest calls, and where their time went.

use std::time::Duration;

use greeter_api::greeter_service_client::GreeterServiceClient;
use tokio::io::AsyncWriteExt;
use tokio_stream::StreamExt;
use tonic::Status;

use crate::frames::{Attacker, DATA, END_HEADERS, END_STREAM, HEADERS, frame, head};
use crate::support::{Handlers, Server, read, until};

#[tokio::test]
async fn a_slow_call_tells_which_of_its_stages_was_slow() {
    let slow_one = Handlers::default().read(|_| async {
        tokio::time::sleep(Duration::from_millis(30)).await;
        Err(Status::not_found("after a while"))
    });
    let behind = Server::start(slow_one).await;
    // A client's method is `_OTHER` until its contract is known.
    let channel = behind
        .channel()
        .observed_by(&behind.metrics, greeter_api::FILE_DESCRIPTOR_SET);
    let server = Server::start(Handlers::default().read(move |_| {
        let mut client = GreeterServiceClient::new(channel.clone());
        async move {
            let _ = client.get_item(read()).await;
            Ok(())
        }
    }))
    .await;
    server.client().get_item(read()).await.unwrap();

    let calls = server.slow.list();
    let [call] = calls.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!(call.method, "acme.greeter.v1.GreeterService/GetItem");
    assert_eq!(call.code, "OK");
    assert!(call.took >= Duration::from_millis(30), "{call:?}");
    let names: Vec<&str> = call
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    assert_eq!(names, ["queue", call.method.as_str(), "handler", "answer"]);
    let downstream = &call.stages[1];
    assert_eq!(downstream.code, Some("NOT_FOUND"));
    assert!(downstream.took >= Duration::from_millis(30), "{call:?}");
    assert!(downstream.after + downstream.took <= call.took, "{call:?}");
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "a handler that blocks its worker is what this is about"
)]
async fn a_call_that_waits_for_a_worker_says_so() {
    // Two that come together, and one worker that the first of them blocks.
    let busy = Handlers::default().read(|_| async {
        std::thread::sleep(Duration::from_millis(30));
        Ok(())
    });
    let server = Server::start(busy).await;
    let Attacker(mut stream) = Attacker::connect(server.addr).await;
    let mut both = Vec::new();
    for id in [1, 3] {
        both.extend(frame(HEADERS, END_HEADERS, id, &head()));
        both.extend(frame(DATA, END_STREAM, id, &[0; 5]));
    }
    stream.write_all(&both).await.unwrap();
    until("both are answered", || server.slow.list().len() == 2).await;

    let calls = server.slow.list();
    let second = &calls[0];
    let [queue, handler, _] = second.stages.as_slice() else {
        panic!("{calls:?}");
    };
    assert_eq!((&*queue.name, &*handler.name), ("queue", "handler"));
    assert_eq!(queue.after, Duration::ZERO);
    assert!(queue.took >= Duration::from_millis(30), "{calls:?}");
    assert_eq!(handler.after, queue.took);
    assert!(handler.after + handler.took <= second.took, "{calls:?}");
}

#[tokio::test]
async fn a_stream_is_not_slow_because_it_is_open() {
    let paced = || {
        let message = |_| Ok(greeter_api::WatchItemsResponse { item: None });
        Ok(tokio_stream::iter(0..3)
            .map(message)
            .throttle(Duration::from_millis(30)))
    };
    let server = Server::start(Handlers::default().watch(paced)).await;
    let answer = server
        .client()
        .watch_items(greeter_api::WatchItemsRequest {})
        .await;
    let messages: Vec<_> = answer.unwrap().into_inner().collect().await;
    assert_eq!(messages.len(), 3);
    let calls = server.slow.list();
    assert!(calls[0].took < Duration::from_millis(30), "{calls:?}");
    let answer = calls[0].stages.last().unwrap();
    assert!(
        answer.name == "answer" && answer.took >= Duration::from_millis(60),
        "{calls:?}"
    );
}

#[tokio::test]
async fn of_many_calls_the_slowest_are_told() {
    let handlers = Handlers::default().read(|request| async move {
        if request.get_ref().id == "slow" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    });
    let server = Server::start(handlers).await;
    let mut client = server.client();
    for n in 0..100 {
        let id = if n == 7 { "slow" } else { "quick" };
        let request = greeter_api::GetItemRequest { id: id.into() };
        client.get_item(request).await.unwrap();
    }
    let calls = server.slow.list();
    assert_eq!(calls.len(), 32);
    assert!(calls[0].took >= Duration::from_millis(50), "{:?}", calls[0]);
    assert!(calls.is_sorted_by(|a, b| a.took >= b.took));
}
