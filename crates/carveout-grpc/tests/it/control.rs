//! The same against tonic's own server. Each of these is a fault that the tests of the kit's server
//! would see: if one no longer is there, its remedy can go.

use std::net::SocketAddr;
use std::time::Duration;

use greeter_api::greeter_service_server::GreeterServiceServer;
use greeter_api::{GetItemRequest, WatchItemsRequest, WatchItemsResponse};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Code, Request};

use crate::support::{Handlers, raw_client, read};

/// Long enough for what is going to happen, short enough to wait for what is not.
pub(crate) const WHILE: Duration = Duration::from_millis(500);

pub(crate) struct Plain {
    pub(crate) addr: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), tonic::transport::Error>>,
}

pub(crate) async fn plain(handlers: Handlers, change: impl FnOnce(Server) -> Server) -> Plain {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let server = change(Server::builder()).add_service(GreeterServiceServer::new(handlers));
    let incoming = TcpListenerStream::new(listener);
    let served = server.serve_with_incoming_shutdown(incoming, async { drop(stopped.await) });
    Plain {
        addr,
        stop,
        served: tokio::spawn(served),
    }
}

fn timed<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert("grpc-timeout", "50m".parse().unwrap());
    request
}

#[tokio::test]
async fn a_silent_connection_holds_the_stop() {
    let mut plain = plain(Handlers::default(), |server| server).await;
    let _silent = TcpStream::connect(plain.addr).await.unwrap();
    raw_client(plain.addr)
        .await
        .0
        .get_item(read())
        .await
        .unwrap();
    plain.stop.send(()).unwrap();
    let stopped = tokio::time::timeout(WHILE, &mut plain.served).await;
    assert!(stopped.is_err(), "it stops by now");
}

#[tokio::test]
async fn a_silent_connection_is_never_closed() {
    let plain = plain(Handlers::default(), |server| {
        server.max_connection_age(Duration::from_millis(50))
    })
    .await;
    let mut silent = TcpStream::connect(plain.addr).await.unwrap();
    let mut said = Vec::new();
    let closed = tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut said);
    assert!(
        tokio::time::timeout(WHILE, closed).await.is_err(),
        "it is closed by now"
    );
}

#[tokio::test]
async fn an_expired_deadline_is_cancelled() {
    let handlers = Handlers::default().read(|_| std::future::pending());
    let plain = plain(handlers, |server| server).await;
    let (mut client, _connection) = raw_client(plain.addr).await;
    let status = client
        .get_item(timed(GetItemRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Cancelled, "{status}");
}

#[tokio::test]
async fn a_stream_goes_on_past_its_deadline() {
    let endless = || {
        let one = tokio_stream::once(Ok(WatchItemsResponse { item: None }));
        Ok(one.chain(tokio_stream::pending()))
    };
    let plain = plain(Handlers::default().watch(endless), |server| server).await;
    let (mut client, _connection) = raw_client(plain.addr).await;
    let answer = client.watch_items(timed(WatchItemsRequest {})).await;
    let mut stream = answer.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    assert!(
        tokio::time::timeout(WHILE, stream.message()).await.is_err(),
        "it ends by now"
    );
}

#[tokio::test]
async fn a_panic_resets_the_stream() {
    let handlers = Handlers::default().read(|_| async { panic!("on purpose") });
    let plain = plain(handlers, |server| server).await;
    let (mut client, _connection) = raw_client(plain.addr).await;
    let status = client.get_item(read()).await.unwrap_err();
    assert_ne!(status.code(), Code::Internal, "{status}");
}

#[tokio::test]
async fn a_message_too_large_is_out_of_range() {
    let plain = plain(Handlers::default(), |server| server).await;
    let (mut client, _connection) = raw_client(plain.addr).await;
    let id = "x".repeat(5 * 1024 * 1024);
    let status = client.get_item(GetItemRequest { id }).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
}

#[tokio::test]
async fn an_answer_of_any_size_is_sent() {
    let large = || {
        let title = "x".repeat(5 * 1024 * 1024);
        let item = Some(greeter_api::Item {
            title,
            ..greeter_api::Item::default()
        });
        Ok(tokio_stream::once(Ok(WatchItemsResponse { item })))
    };
    let plain = plain(Handlers::default().watch(large), |server| server).await;
    let (client, _connection) = raw_client(plain.addr).await;
    let mut client = client.max_decoding_message_size(usize::MAX);
    let answer = client.watch_items(WatchItemsRequest {}).await;
    let message = answer.unwrap().into_inner().message().await.unwrap();
    let title = message.unwrap().item.unwrap().title;
    assert_eq!(title.len(), 5 * 1024 * 1024);
}

#[tokio::test]
async fn an_old_connection_is_cut_with_its_call_and_no_goodbye() {
    let endless = || {
        let one = tokio_stream::once(Ok(WatchItemsResponse { item: None }));
        Ok(one.chain(tokio_stream::pending()))
    };
    let plain = plain(Handlers::default().watch(endless), |server| {
        server
            .max_connection_age(Duration::from_millis(50))
            .max_connection_age_grace(Duration::from_millis(50))
    })
    .await;
    let (mut client, connection) = raw_client(plain.addr).await;
    let answer = client.watch_items(WatchItemsRequest {}).await;
    let mut stream = answer.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    let cut = tokio::time::timeout(Duration::from_secs(10), stream.message()).await;
    cut.unwrap().unwrap_err();
    let _ = connection.await;
}
