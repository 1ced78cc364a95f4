use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use carveout_config::Live;
use carveout_grpc::{
    AccessError, Blocking, ContractError, Drained, Routes, SlowCalls, Stack, StackOptions,
};
use carveout_health::{Health, Phase};
use carveout_metrics::{BuildInfo, Metrics};
use carveout_telemetry::Telemetry;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::admin::{Admin, AdminPort, Work};
use crate::reload::Reloader;
use crate::settings::{LifecycleConfig, ServiceConfig, Settings};
use crate::state::StateMetrics;
use crate::{About, Boot, access, overload, priority, quota, secure};

/// How much longer than its budget a drain may take before the workers pass for stuck.
pub(crate) const STUCK: Duration = Duration::from_millis(500);

/// Whatever a service's start function fails with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The step that a start failed at, and why.
#[derive(Debug)]
pub enum StartError {
    /// The admin port could not be opened.
    Admin(io::Error),
    /// The certificates cannot be used.
    Tls(BoxError),
    /// The service's own start function failed.
    Dependencies(BoxError),
    /// The services that it built do not fit their contracts.
    Contract(ContractError),
    /// The access policy is not one of this service.
    Access(AccessError),
    /// The gRPC port could not be opened.
    Bind(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (step, why): (&str, &dyn fmt::Display) = match self {
            StartError::Admin(why) => ("admin", why),
            StartError::Tls(why) => ("tls", why),
            StartError::Dependencies(why) => ("dependencies", why),
            StartError::Contract(why) => ("contract", why),
            StartError::Access(why) => ("access", why),
            StartError::Bind(why) => ("bind", why),
        };
        write!(f, "start failed at {step}: {why}")
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::Admin(why) | StartError::Bind(why) => Some(why),
            StartError::Tls(why) | StartError::Dependencies(why) => Some(why.as_ref()),
            StartError::Contract(why) => Some(why),
            StartError::Access(why) => Some(why),
        }
    }
}

/// A service that serves. [`run`](crate::run) drives one for a process; a test starts and stops its
/// own.
pub struct Running {
    grpc: SocketAddr,
    health: Health,
    metrics: Metrics,
    lifecycle: Live<LifecycleConfig>,
    admin: AdminPort,
    stack: Stack,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<Drained>,
}

/// How a service came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that were cut because their calls had not ended within the budget.
    pub cut: usize,
}

impl Running {
    /// Takes every step of the start in order: admin port, TLS, dependencies, contract, access,
    /// bind, ready.
    ///
    /// Telemetry is the process's own business: [`run`](crate::run) sets it up first and passes it,
    /// so that the admin port controls and counts it.
    pub async fn start<C, F>(
        about: About,
        settings: Settings<C>,
        telemetry: Option<&Telemetry>,
        start: F,
    ) -> Result<Self, StartError>
    where
        C: ServiceConfig,
        F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
    {
        let health = Health::new();
        let metrics = Metrics::new(BuildInfo {
            service: about.name.to_owned(),
            version: about.version.to_owned(),
            commit: about.commit().to_owned(),
        });
        let workers = tokio::runtime::Handle::current();
        metrics.register_runtime(workers.clone(), "workers");
        let blocking = Blocking::new(settings.overload.get().max_blocking);
        let state = StateMetrics {
            blocking: blocking.clone(),
            config: settings.config.clone(),
            health: health.clone(),
            telemetry: telemetry.map(Telemetry::stats),
        };
        metrics.register(|registry| registry.register_collector(Box::new(state)));

        // First, so that the probes and metrics answer while a slow dependency is waited for.
        let slow = SlowCalls::default();
        let admission = Arc::new(OnceLock::new());
        let quota = Arc::new(OnceLock::new());
        let admin = Admin {
            slow: slow.clone(),
            admission: admission.clone(),
            quota: quota.clone(),
            about,
            health: health.clone(),
            metrics: metrics.clone(),
            reloader: Reloader {
                config: settings.config.clone(),
                admin: settings.admin.clone(),
                telemetry: settings.telemetry.clone(),
                overload: settings.overload.clone(),
                log: telemetry.map(Telemetry::log_control),
            },
            workers,
            work: Work::new(),
        };
        let admin = admin
            .open(&settings.admin.get())
            .map_err(StartError::Admin)?;

        let tls = settings.tls.get();
        let secure = secure::load(&tls, &metrics).map_err(StartError::Tls)?;
        let boot = Boot::new(
            about,
            health.clone(),
            metrics.clone(),
            secure.clone(),
            blocking,
        );
        let routes = start(boot, settings.service)
            .await
            .map_err(StartError::Dependencies)?;

        let config = settings.grpc.get();
        let options = StackOptions {
            service: about.name.to_owned(),
            health: health.clone(),
            metrics: metrics.clone(),
            slow,
            overload: settings.overload.get().as_ref().clone(),
        };
        let stack = Stack::new(routes, &config, options).map_err(StartError::Contract)?;
        let stack = match secure {
            Some(secure) => stack.secured_by(secure),
            None => stack,
        };
        access::enforce(stack.access(), settings.access).map_err(StartError::Access)?;
        let callers_are_known = tls.enabled && tls.require_client_certificate;
        quota::enforce(stack.quota().clone(), settings.quota, callers_are_known);
        priority::enforce(stack.priority().clone(), settings.priority);
        overload::follow(stack.admission().clone(), settings.overload);
        // Nobody else sets it.
        let _ = admission.set(stack.admission().clone());
        let _ = quota.set(stack.quota().clone());
        let listener = carveout_grpc::bind(&config)
            .await
            .map_err(StartError::Bind)?;
        let grpc = listener.local_addr().map_err(StartError::Bind)?;

        let (stop, stopped) = oneshot::channel::<()>();
        let lifecycle = settings.lifecycle;
        let drain = lifecycle.clone();
        let served = stack.clone();
        let server = tokio::spawn(async move {
            // A dropped sender, too, is somebody who wants it to end.
            let stopped = async { drop(stopped.await) };
            carveout_grpc::serve(
                listener,
                served,
                &config,
                drain.get().drain_timeout,
                stopped,
            )
            .await
        });
        health.enter(Phase::Serving);
        Ok(Self {
            grpc,
            health,
            metrics,
            lifecycle,
            admin,
            stack,
            stop: Some(stop),
            server,
        })
    }

    /// Where the gRPC server listens.
    pub fn grpc_addr(&self) -> SocketAddr {
        self.grpc
    }

    /// Where the admin port listens.
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin.addr()
    }

    /// The service's health.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// The service's metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Waits until the server has ended, which it does by itself only when something is wrong with
    /// it.
    pub(crate) async fn ended(&mut self) -> String {
        match (&mut self.server).await {
            Ok(_) => "the server ended by itself".to_owned(),
            Err(panic) => format!("the server ended by itself: {panic}"),
        }
    }

    /// Takes readiness back, and goes on serving for as long as balancers may take to notice.
    pub(crate) async fn lame_duck(&mut self) {
        self.health.enter(Phase::Draining);
        tokio::time::sleep(self.lifecycle.get().lame_duck).await;
    }

    /// Tells every caller to go and waits for their calls; the number of connections that had to be
    /// cut.
    pub(crate) async fn drain(&mut self) -> usize {
        self.health.enter(Phase::Stopped);
        // There is nobody to tell only when the server has ended already.
        let _ = self.stop.take().map(|stop| stop.send(()));
        // The server keeps the budget itself, unless its workers are stuck.
        let budget = self.lifecycle.get().drain_timeout + STUCK;
        match tokio::time::timeout(budget, &mut self.server).await {
            Ok(Ok(drained)) => drained.cut,
            Ok(Err(panic)) => {
                tracing::error!(%panic, "the server ended by itself");
                0
            }
            Err(_) => {
                tracing::error!("the workers are stuck: the drain was given up");
                self.stack.open_connections()
            }
        }
    }

    /// Takes every step of the stop in order: not ready, lame duck, GOAWAY and drain, cut. `flush`
    /// runs before the last one, which closes the admin port.
    pub async fn stop(mut self, flush: impl FnOnce()) -> Stopped {
        self.lame_duck().await;
        let cut = self.drain().await;
        flush();
        Stopped { cut }
    }
}
