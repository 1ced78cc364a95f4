//! A hyper service that does what it can and refuses the rest, over HTTP/1 and HTTP/2.
//!
//! ```console
//! $ cargo run -p carveout-overload --release --example hyper -- 127.0.0.1:8080
//! $ curl http://127.0.0.1:8080/
//! ```

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use carveout_overload::{Admission, AdmissionLayer, OverloadConfig};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let address: SocketAddr = address.as_deref().unwrap_or("127.0.0.1:0").parse()?;

    let workers = Handle::current().metrics().num_workers();
    let admission = Admission::new(OverloadConfig::default(), 1, workers);
    // Hyper asks it on the connection's task, before a request has one of its own. One for all
    // connections: what is known of the calls of one is of use to the others.
    let service = Arc::new(AdmissionLayer::new(admission).around(service_fn(primes)));

    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let http = auto::Builder::new(TokioExecutor::new());
            let connection = http.serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// Holds its worker for as long as it computes, and need not say so.
async fn primes(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_prime = |n: &u32| {
        (2..)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    };
    let primes = (2..200_000).filter(is_prime).count();
    Ok(Response::new(format!("{primes}\n").into()))
}
