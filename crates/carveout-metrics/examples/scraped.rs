//! A service with a `main` of its own: it answers scrapes on a port of its choice, and counts what
//! it does.
//!
//! ```sh
//! cargo run -p carveout-metrics --example scraped &
//! curl -s http://127.0.0.1:9100/metrics
//! curl -s -H 'accept: application/openmetrics-text' http://127.0.0.1:9100/metrics
//! ```

use carveout_metrics::prometheus_client::metrics::counter::Counter;
use carveout_metrics::{BuildInfo, Metrics, RpcMetrics, install_panic_hook};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let metrics = Metrics::new(BuildInfo {
        service: "example".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: "unknown".to_owned(),
    });
    install_panic_hook(&metrics);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    metrics.register_runtime(runtime.handle().clone(), "workers");

    let placed = Counter::<u64>::default();
    metrics
        .register(|registry| registry.register("orders_placed", "Orders placed", placed.clone()));
    placed.inc();

    let rpc = RpcMetrics::server(&metrics, ["acme.orders.v1.OrdersService/GetItem"]);
    for (path, code) in [
        ("/acme.orders.v1.OrdersService/GetItem", "OK"),
        ("/made.up/Method", "UNIMPLEMENTED"),
    ] {
        let call = rpc.start(rpc.index_of(path));
        call.finish(code, Some(0x4bf92f3577b34da6a3ce929d0e0e4736));
    }

    let port = std::env::args().nth(1).unwrap_or_else(|| "9100".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    eprintln!("http://{}/metrics", listener.local_addr()?);
    for stream in listener.incoming() {
        // A scraper that went away is no reason to stop.
        let _ = answer(&metrics, stream?);
    }
    Ok(())
}

fn answer(metrics: &Metrics, mut stream: TcpStream) -> io::Result<()> {
    let mut accept = None;
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("accept") => {
                accept = Some(value.trim().to_owned())
            }
            _ if line.is_empty() => break,
            _ => {}
        }
    }
    let scrape = metrics.encode(accept.as_deref());
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{}",
        scrape.content_type,
        scrape.body.len(),
        scrape.body
    )
}
