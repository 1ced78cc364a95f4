//! A process that may not open another file.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::Greeter;
use crate::rpc::get_missing_item;

const SILENT: usize = 300;

/// A scrape, which has to be answered at once.
async fn metrics(admin: SocketAddr) -> impl Fn(&str) -> f64 {
    let asked = Instant::now();
    let mut stream = TcpStream::connect(admin).await.unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.0\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        asked.elapsed() < Duration::from_secs(1),
        "{:?}",
        asked.elapsed()
    );
    move |name| {
        let line = answer.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{answer}"))
            .trim()
            .parse()
            .unwrap()
    }
}

#[tokio::test]
async fn callers_cannot_take_the_descriptors_of_the_admin_port() {
    let greeter = Greeter::start_limited(128, &[]).await;
    // More than there is room for, and none of them says a word.
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(greeter.grpc).await.unwrap());
    }
    let (mut open, mut refused) = (0.0, 0.0);
    while open + refused < SILENT as f64 {
        let value = metrics(greeter.admin).await;
        open = value("rpc_server_connections ");
        refused = value("rpc_server_connections_refused_total ");
        assert_eq!(value("rpc_server_accept_failures_total "), 0.0);
    }
    assert_eq!(open, 64.0);

    // There is room again as soon as they have gone.
    drop(silent);
    while metrics(greeter.admin).await("rpc_server_connections ") > 0.0 {}
    get_missing_item(greeter.grpc).await;
}
