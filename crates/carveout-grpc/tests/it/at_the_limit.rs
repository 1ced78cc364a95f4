//! A server in a process that has opened every file that it may: `at_the_limit kit|tonic`. It says
//! its address, and lets go of the files when it is told a line. `descriptors.rs` looks at it.

use std::fs::File;
use std::io::{BufRead, Write};
use std::time::Duration;

use carveout_grpc::{Routes, ServerConfig, SlowCalls, Stack, StackOptions};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let which = std::env::args().nth(1).unwrap();
    let config = ServerConfig {
        host: "127.0.0.1".into(),
        port: 0,
        ..ServerConfig::default()
    };
    let listener = carveout_grpc::bind(&config).await.unwrap();
    let addr = listener.local_addr().unwrap();
    // Lazily opened elsewhere: it must not be the one that finds no room.
    let health = Health::new();
    health.enter(Phase::Serving);
    let serving = match which.as_str() {
        "kit" => tokio::spawn(kit(listener, config, health)),
        _ => tokio::spawn(tonic(listener)),
    };
    tokio::task::yield_now().await;

    let files: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    println!("{addr}");
    std::io::stdout().flush().unwrap();
    std::thread::spawn(move || {
        std::io::stdin()
            .lock()
            .read_line(&mut String::new())
            .unwrap();
        drop(files);
    });
    serving.await.unwrap();
}

async fn kit(listener: TcpListener, config: ServerConfig, health: Health) {
    let metrics = Metrics::new(BuildInfo {
        service: "test".into(),
        version: "0".into(),
        commit: "0".into(),
    });
    let options = StackOptions {
        service: "test".into(),
        health,
        metrics,
        slow: SlowCalls::default(),
        overload: carveout_grpc::OverloadConfig::default(),
    };
    let stack = Stack::new(Routes::new(), &config, options).unwrap();
    carveout_grpc::serve(
        listener,
        stack,
        &config,
        Duration::ZERO,
        std::future::pending(),
    )
    .await;
}

async fn tonic(listener: TcpListener) {
    let reflection = tonic_reflection::server::Builder::configure()
        .build_v1()
        .unwrap();
    let server = tonic::transport::Server::builder().add_service(reflection);
    let incoming = TcpListenerStream::new(listener);
    server.serve_with_incoming(incoming).await.unwrap();
}
