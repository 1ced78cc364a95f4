//! A process that may not open another file.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::process::Greeter;
use crate::rpc::get_missing_item;

const SILENT: usize = 300;

/// The quickest of five scrapes, because tests run side by side, has to be answered at once.
async fn metrics(greeter: &Greeter) -> impl Fn(&str) -> f64 {
    let mut scrapes = Vec::new();
    for _ in 0..5 {
        let asked = Instant::now();
        let scrape = greeter.scrape().await;
        scrapes.push((asked.elapsed(), scrape));
    }
    let (took, scrape) = scrapes.into_iter().min().unwrap();
    assert!(took < Duration::from_millis(100), "{took:?}");
    move |name| {
        let line = scrape.lines().find_map(|line| line.strip_prefix(name));
        let value = line.unwrap_or_else(|| panic!("{scrape}"));
        value.trim().parse().unwrap()
    }
}

#[tokio::test]
async fn callers_cannot_take_the_descriptors_of_the_admin_port() {
    let greeter = Greeter::start_after("ulimit -n 128", &[]).await;
    // More than there is room for, and none of them says a word.
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(TcpStream::connect(greeter.grpc).await.unwrap());
    }
    let (mut open, mut refused) = (0.0, 0.0);
    while open + refused < SILENT as f64 {
        let value = metrics(&greeter).await;
        open = value("rpc_server_connections ");
        refused = value("rpc_server_connections_refused_total ");
        assert_eq!(value("rpc_server_accept_failures_total "), 0.0);
    }
    assert_eq!(open, 64.0);

    // There is room again as soon as they have gone.
    drop(silent);
    while metrics(&greeter).await("rpc_server_connections ") > 0.0 {}
    get_missing_item(greeter.grpc).await;
}
