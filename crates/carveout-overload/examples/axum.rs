//! An axum service that does what it can and refuses the rest.
//!
//! ```console
//! $ cargo run -p carveout-overload --release --example axum -- 127.0.0.1:8080
//! $ curl http://127.0.0.1:8080/primes/200000
//! ```
//!
//! Ask it for more than it can do (`oha -c 200 -z 5s http://127.0.0.1:8080/primes/200000`), and look at
//! `/overload`.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use carveout_overload::{Admission, AdmissionLayer, CallKind, OverloadConfig};
use tokio::net::TcpListener;
use tokio::runtime::Handle;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let address: SocketAddr = address.as_deref().unwrap_or("127.0.0.1:0").parse()?;

    // One method, and as many handlers at once as the runtime has workers. What a service can do is
    // measured, not configured.
    let workers = Handle::current().metrics().num_workers();
    let admission = Admission::new(OverloadConfig::default(), 1, workers);

    let layer = AdmissionLayer::new(admission.clone()).classified_by(|request| {
        match request.uri.path() {
            // Whoever looks after the service must get in when nobody does.
            "/overload" => CallKind::Exempt,
            _ => CallKind::Method(0),
        }
    });

    let router = Router::new()
        .route("/primes/{below}", get(primes))
        .route("/overload", get(overload))
        .with_state(admission)
        // The last that is added, and so the outermost: nothing is done for what is refused.
        .layer(layer);

    let listener = TcpListener::bind(address).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// Holds its worker for as long as it computes, and need not say so.
async fn primes(Path(below): Path<u32>) -> String {
    let is_prime = |n: &u32| {
        (2..)
            .take_while(|d| d * d <= *n)
            .all(|d| !n.is_multiple_of(d))
    };
    let primes = (2..below.min(1_000_000)).filter(is_prime).count();
    format!("{primes}\n")
}

async fn overload(State(admission): State<Admission>) -> String {
    format!("{:#?}\n", admission.snapshot())
}
