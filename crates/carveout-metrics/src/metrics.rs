use crate::format::Format;
use crate::guard::Decisions;
use crate::panics::Panics;
use crate::process::Process;
use crate::rpc::{Families, Side};
use crate::runtimes::Runtimes;
use crate::{BuildInfo, Exposition};
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Handle;

/// The metrics of one service: a handle, cheap to clone.
///
/// Families that several callers share (runtimes, RPC servers, RPC clients) are kept here, because
/// a registry would write a family twice if it were registered twice, and a scrape with a family in
/// it twice is invalid as a whole.
#[derive(Clone)]
pub struct Metrics(Arc<Shared>);

struct Shared {
    registry: Mutex<Registry>,
    panics: Panics,
    runtimes: Runtimes,
    server: Families,
    client: Families,
    guards: Decisions,
}

impl Metrics {
    /// A registry that holds what is known of the build and the process, and nothing else yet.
    pub fn new(build: BuildInfo) -> Self {
        let panics = Panics::default();
        let runtimes = Runtimes::default();
        let guards = Decisions::default();
        let (server, client) = (Families::new(Side::Server), Families::new(Side::Client));

        let mut registry = Registry::default();
        build.register(&mut registry);
        panics.register(&mut registry);
        let help = "Calls that a guard has let through or refused, or would have in the mode dark";
        registry.register("guard_decisions", help, guards.clone());
        registry.register_collector(Box::new(Process::new()));
        registry.register_collector(Box::new(runtimes.clone()));
        registry.register_collector(Box::new(server.clone()));
        registry.register_collector(Box::new(client.clone()));
        Self(Arc::new(Shared {
            registry: Mutex::new(registry),
            panics,
            runtimes,
            server,
            client,
            guards,
        }))
    }

    /// Registers metrics, at any time.
    ///
    /// Names, as `prometheus-client` wants them, go without the `_total` of a counter, and without
    /// the unit where one is given; help goes on one line, without a full stop. The registry is
    /// locked while `register` runs, against a scrape too: do not call back into `Metrics` from
    /// there.
    pub fn register<T>(&self, register: impl FnOnce(&mut Registry) -> T) -> T {
        register(&mut self.lock())
    }

    /// Shows how a tokio runtime is doing, as `tokio_*{runtime="name"}`.
    ///
    /// The numbers are read while a scrape is answered; nothing polls in between. A second runtime
    /// of the same name replaces the first.
    pub fn register_runtime(&self, handle: Handle, name: &'static str) {
        self.0.runtimes.add(handle, name);
    }

    /// Answers a scrape, in the format that its `accept` header asks for.
    ///
    /// OpenMetrics 1.0.0, with exemplars, if that is asked for and not ranked below plain text;
    /// Prometheus text 0.0.4, without exemplars, otherwise. If a collector that the service
    /// registered fails, the body is one that no scraper takes.
    pub fn encode(&self, accept: Option<&str>) -> Exposition {
        Exposition::of(&self.lock(), Format::negotiate(accept))
    }

    pub(crate) fn panics(&self) -> &Panics {
        &self.0.panics
    }

    pub(crate) fn families(&self, side: Side) -> &Families {
        match side {
            Side::Server => &self.0.server,
            Side::Client => &self.0.client,
        }
    }

    pub(crate) fn guard_decisions(&self) -> Decisions {
        self.0.guards.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // A panic in somebody's registration leaves the registry as it was or with a metric more.
        self.0
            .registry
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
