use std::io::{BufRead, Write};
use std::net::SocketAddr;

use greeter_api as api;

use crate::contender::Contender;
use crate::handler::Handler;
use crate::limiters::Limiter;
use crate::scenario::Scenario;
use crate::{kit, limiters};

/// What the capacity of handlers that hold their thread comes from.
pub(crate) const WORKERS: usize = 2;

/// A process that is a server and nothing else: prints where it listens, and halves its capacity when
/// it reads a line. It is killed.
pub(crate) fn serve(contender: Contender, scenario: Scenario) {
    let _telemetry = (contender == Contender::Carveout).then(kit::telemetry);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let built = builder.worker_threads(WORKERS).enable_all().build();
    let runtime = built.expect("a runtime");
    let handler = Handler::new(scenario);
    let addr = runtime.block_on(start(contender, handler.clone()));
    let mut out = std::io::stdout();
    writeln!(out, "{addr}").expect("somebody who reads");
    out.flush().expect("somebody who reads");
    for _ in std::io::stdin().lock().lines() {
        handler.halve();
    }
}

async fn start(contender: Contender, handler: Handler) -> SocketAddr {
    match contender {
        Contender::None | Contender::Envoy | Contender::EnvoyTuned => {
            tonic(handler, limiters::none()).await
        }
        Contender::Fixed => tonic(handler, limiters::fixed()).await,
        Contender::TowerAccVegas => {
            tonic(handler, limiters::tower_acc(tower_acc::Vegas::default())).await
        }
        Contender::TowerAccGradient2 => {
            let gradient = tower_acc::Gradient2::default();
            tonic(handler, limiters::tower_acc(gradient)).await
        }
        Contender::TowerResilienceVegas => {
            let vegas = tower_resilience_adaptive::Vegas::builder().build();
            let vegas = vegas.expect("the defaults are valid");
            tonic(handler, limiters::tower_resilience(vegas)).await
        }
        Contender::TowerResilienceGradient2 => {
            let gradient = tower_resilience_adaptive::Gradient2::builder().build();
            let gradient = gradient.expect("the defaults are valid");
            tonic(handler, limiters::tower_resilience(gradient)).await
        }
        Contender::LittleLoadshedder => tonic(handler, limiters::little_loadshedder()).await,
        Contender::Carveout => kit::start(handler).await,
    }
}

/// tonic's own server, which applies a layer once: all connections share one limiter.
async fn tonic(handler: Handler, limiter: impl Limiter) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let addr = listener.local_addr().expect("an address");
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let mut server = tonic::transport::Server::builder().layer(limiter);
    let server = server.add_service(api::Server::new(handler));
    tokio::spawn(server.serve_with_incoming(incoming));
    addr
}
