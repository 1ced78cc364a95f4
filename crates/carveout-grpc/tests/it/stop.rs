//! The drain: calls under way end, new ones go elsewhere, and nothing holds the stop for longer
//! than its budget.

use std::sync::Arc;
use std::time::{Duration, Instant};

use greeter_api::{WatchItemsRequest, WatchItemsResponse};
use tokio::sync::Notify;
use tokio_stream::StreamExt;

use crate::support::{Handlers, Server, read};

#[tokio::test]
async fn a_call_under_way_is_answered_and_the_stop_waits_for_it() {
    let (arrived, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (arrived.clone(), go.clone());
    let handlers = Handlers::default().read(move |_| {
        let (tell, wait) = (tell.clone(), wait.clone());
        async move {
            tell.notify_one();
            wait.notified().await;
            Ok(())
        }
    });
    let server = Server::start(handlers).await;
    let mut client = server.client();
    let call = tokio::spawn(async move { client.get_item(read()).await });
    arrived.notified().await;
    let stop = tokio::spawn(server.stop());
    go.notify_one();
    call.await.unwrap().unwrap();
    assert_eq!(stop.await.unwrap().cut, 0);
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_at_the_budget_and_counted() {
    let silent =
        || {
            Ok(tokio_stream::once(Ok(WatchItemsResponse { item: None }))
                .chain(tokio_stream::pending()))
        };
    let server = Server::start_with(
        Handlers::default().watch(silent),
        Duration::from_millis(200),
    )
    .await;
    let mut stream = server
        .client()
        .watch_items(WatchItemsRequest {})
        .await
        .unwrap()
        .into_inner();
    stream.message().await.unwrap().unwrap();
    let asked = Instant::now();
    assert_eq!(server.stop().await.cut, 1);
    assert!(
        (Duration::from_millis(200)..Duration::from_secs(2)).contains(&asked.elapsed()),
        "{:?}",
        asked.elapsed()
    );
    stream.message().await.unwrap_err();
}

#[tokio::test]
async fn a_connection_that_never_speaks_does_not_hold_the_stop() {
    let server = Server::start_with(Handlers::default(), Duration::from_secs(60)).await;
    let _silent = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    // A call on another connection proves that the silent one, which came first, was accepted.
    server.client().get_item(read()).await.unwrap();
    let asked = Instant::now();
    assert_eq!(server.stop().await.cut, 0);
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
}
