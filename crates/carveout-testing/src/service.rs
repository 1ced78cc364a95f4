use std::net::SocketAddr;

use carveout::{
    About, Boot, BoxError, Channel, ClientConfig, Live, Routes, Running, ServiceConfig, Settings,
    Sources, Stopped,
};

use crate::admin::{self, AdminAnswer};
use crate::config::sources;

/// A service that runs inside the test, on loopback and free ports, with the settings of its
/// `default.toml`.
///
/// Everything here panics with the reason when it fails: a test wants to stop there.
pub struct TestService {
    running: Running,
}

impl TestService {
    /// Starts the service and waits until it is bound.
    pub async fn start<C, F>(about: About, start: F) -> Self
    where
        C: ServiceConfig,
        F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
    {
        Self::start_with(about, &[], start).await
    }

    /// Starts the service with settings of the test's own, `service.max_items=2` say.
    pub async fn start_with<C, F>(about: About, set: &[&str], start: F) -> Self
    where
        C: ServiceConfig,
        F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
    {
        Self::run(about, sources(&about), set, start).await
    }

    /// Runs a fake of another service, which this one calls, for as long as the value lives. It reads
    /// no configuration: give [`target`](Self::target) to the service under test.
    ///
    /// A contract's `fake::Service` is the trait to write a fake of: methods that it leaves out
    /// answer UNIMPLEMENTED.
    pub async fn fake(routes: Routes) -> Self {
        const ABOUT: About = About {
            name: "fake",
            version: "0.0.0",
            commit: None,
        };
        let start = async |_: Boot, _: Live<()>| Ok(routes);
        Self::run(ABOUT, Sources::new(ABOUT.name), &[], start).await
    }

    async fn run<C, F>(about: About, sources: Sources, set: &[&str], start: F) -> Self
    where
        C: ServiceConfig,
        F: AsyncFnOnce(Boot, Live<C>) -> Result<Routes, BoxError>,
    {
        let here = [
            "grpc.host=127.0.0.1",
            "grpc.port=0",
            "admin.host=127.0.0.1",
            "admin.port=0",
            "lifecycle.lame_duck=0s",
            // Tests run side by side on a machine that is busy with them: nothing is refused for it.
            "overload.mode=dark",
        ];
        let sources = here
            .iter()
            .filter(|assignment| !overridden(assignment, set))
            .chain(set)
            .fold(sources, |sources, set| sources.set(*set));
        let settings = Settings::<C>::load(sources).unwrap_or_else(|error| panic!("{error}"));
        let running = Running::start(about, settings, None, start)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        Self { running }
    }

    /// A channel for a generated client.
    pub fn channel(&self) -> Channel {
        Channel::new(&ClientConfig::to(self.target())).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The gRPC server as the target of a [`ClientConfig`]: `http://127.0.0.1:PORT`.
    pub fn target(&self) -> String {
        format!("http://{}", self.grpc_addr())
    }

    /// Where the gRPC server listens.
    pub fn grpc_addr(&self) -> SocketAddr {
        self.running.grpc_addr()
    }

    /// Where the admin port listens.
    pub fn admin_addr(&self) -> SocketAddr {
        self.running.admin_addr()
    }

    /// The running service itself.
    pub fn running(&self) -> &Running {
        &self.running
    }

    /// Asks `grpc.health.v1` whether the service of this full name is serving; the empty name is
    /// the server as a whole.
    pub async fn serves(&self, service: &str) -> bool {
        carveout_grpc::check_health(self.channel(), service)
            .await
            .unwrap_or_else(|status| panic!("{status}"))
    }

    /// Gets a page of the admin port.
    pub async fn admin_get(&self, path: &str) -> AdminAnswer {
        admin::request(self.admin_addr(), "GET", path).await
    }

    /// Posts to the admin port, without a body.
    pub async fn admin_post(&self, path: &str) -> AdminAnswer {
        admin::request(self.admin_addr(), "POST", path).await
    }

    /// Stops the service as SIGTERM would.
    pub async fn stop(self) -> Stopped {
        self.running.stop(|| {}).await
    }
}

fn overridden(assignment: &str, set: &[&str]) -> bool {
    let key = |assignment: &str| {
        assignment
            .split('=')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    set.iter().any(|other| key(other) == key(assignment))
}
