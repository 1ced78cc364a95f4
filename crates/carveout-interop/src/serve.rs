use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use carveout_grpc::{
    Drained, GuardMode, OverloadConfig, Routes, Secure, ServerConfig, SlowCalls, Stack,
    StackOptions,
};
use carveout_health::{Health, Phase};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::metrics::metrics;

const DRAIN_BUDGET: Duration = Duration::from_secs(5);

/// A server of the kit's that runs until it is dropped.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    _stop: oneshot::Sender<()>,
    _served: JoinHandle<Drained>,
}

/// Serves `routes` on loopback, with the kit's whole stack. A suite makes as many calls at once as it
/// can, so admission measures and refuses nothing.
pub async fn start(
    routes: Routes,
    config: ServerConfig,
    secure: Option<Arc<dyn Secure>>,
) -> Result<Running, Box<dyn std::error::Error + Send + Sync>> {
    let config = ServerConfig {
        host: "127.0.0.1".into(),
        ..config
    };
    let health = Health::new();
    let options = StackOptions {
        // A service without a name adds no `ErrorInfo` to its errors: suites compare details.
        service: String::new(),
        health: health.clone(),
        metrics: metrics(),
        slow: SlowCalls::default(),
        overload: OverloadConfig {
            mode: GuardMode::Dark,
            ..OverloadConfig::default()
        },
    };
    let mut stack = Stack::new(routes, &config, options)?;
    if let Some(secure) = secure {
        stack = stack.secured_by(secure);
    }
    let listener = carveout_grpc::bind(&config).await?;
    let addr = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(async move {
        let stopped = async { drop(stopped.await) };
        carveout_grpc::serve(listener, stack, &config, DRAIN_BUDGET, stopped).await
    });
    health.enter(Phase::Serving);
    Ok(Running {
        addr,
        _stop: stop,
        _served: served,
    })
}
