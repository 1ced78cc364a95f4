use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use carveout_grpc::{Routes, ServerConfig, SlowCalls, Stack, StackOptions};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use carveout_telemetry::{ServiceInfo, Telemetry, TelemetryConfig};
use greeter_api as api;

use crate::child::Child;
use crate::handler::Handler;
use crate::pin::{Side, pin};

/// The two that are compared.
#[derive(Clone, Copy)]
pub(crate) enum Server {
    Bare,
    Kit,
}

impl Server {
    pub(crate) const BOTH: [Server; 2] = [Server::Bare, Server::Kit];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Server::Bare => "bare",
            Server::Kit => "kit",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|server| server.name() == name)
    }

    /// Serves from now on, on the current runtime.
    async fn serve(self) -> SocketAddr {
        match self {
            Server::Bare => bare().await,
            Server::Kit => kit().await,
        }
    }
}

/// As a service sets it up.
pub(crate) fn telemetry() -> Telemetry {
    let info = ServiceInfo {
        name: "bench".into(),
        version: "0".into(),
    };
    carveout_telemetry::init(&TelemetryConfig::default(), info).expect("telemetry")
}

pub(crate) fn metrics() -> Metrics {
    Metrics::new(BuildInfo {
        service: "bench".into(),
        version: "0".into(),
        commit: "0".into(),
    })
}

/// The threads of a server's process, all of them on one processor.
#[derive(Clone, Copy)]
pub(crate) enum Threads {
    /// One runs everything, so that two runs execute the same instructions.
    One,
    /// A worker, and whatever else a service has.
    AsUsual,
}

impl Threads {
    const ONE: &str = "serve-on-one-thread";
    const AS_USUAL: &str = "serve";

    fn mode(self) -> &'static str {
        match self {
            Threads::One => Self::ONE,
            Threads::AsUsual => Self::AS_USUAL,
        }
    }
}

/// With these this program is `server`.
pub(crate) fn args(server: Server, threads: Threads) -> [&'static str; 2] {
    [threads.mode(), server.name()]
}

/// What [`args`] says, if that is what this program was asked for.
pub(crate) fn asked(args: &[String]) -> Option<(Server, Threads)> {
    let [mode, server] = args else { return None };
    let threads = match mode.as_str() {
        Threads::ONE => Threads::One,
        Threads::AS_USUAL => Threads::AsUsual,
        _ => return None,
    };
    Some((Server::named(server)?, threads))
}

/// Starts a process that is `server` and nothing else.
pub(crate) fn start(server: Server, threads: Threads) -> Result<Child, String> {
    let bench = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(bench);
    command.args(args(server, threads));
    Child::start(&mut command, |line| line.parse().ok())
}

/// Is that process: prints where it listens, and ends with its standard input.
pub(crate) fn run(server: Server, threads: Threads) {
    pin(Side::Server);
    let _telemetry = matches!(server, Server::Kit).then(telemetry);
    let runtime = match threads {
        Threads::One => crate::alone(),
        Threads::AsUsual => crate::runtime("worker", Side::Server),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        drop(stop);
    });
    runtime.block_on(async {
        let addr = server.serve().await;
        let mut out = std::io::stdout();
        writeln!(out, "{addr}").expect("somebody who reads");
        out.flush().expect("somebody who reads");
        let _ = stopped.await;
    });
}

async fn bare() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let addr = listener.local_addr().expect("an address");
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let server = tonic::transport::Server::builder().add_service(api::Server::new(Handler));
    tokio::spawn(server.serve_with_incoming(incoming));
    addr
}

async fn kit() -> SocketAddr {
    let config = ServerConfig {
        host: "127.0.0.1".into(),
        port: 0,
        ..ServerConfig::default()
    };
    let health = Health::new();
    let options = StackOptions {
        service: "bench".into(),
        health: health.clone(),
        metrics: metrics(),
        slow: SlowCalls::default(),
        // It decides as always and refuses nothing: callgrind makes everything fifty times as slow.
        overload: carveout_grpc::OverloadConfig {
            mode: carveout_grpc::GuardMode::Dark,
            ..carveout_grpc::OverloadConfig::default()
        },
    };
    let routes = Routes::new().add(api::server(Handler), api::FILE_DESCRIPTOR_SET);
    let stack = Stack::new(routes, &config, options).expect("a stack");
    let listener = carveout_grpc::bind(&config).await.expect("a port");
    let addr = listener.local_addr().expect("an address");
    health.enter(Phase::Serving);
    tokio::spawn(async move {
        let never = std::future::pending();
        carveout_grpc::serve(listener, stack, &config, Duration::ZERO, never).await
    });
    addr
}
