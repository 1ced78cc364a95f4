use std::sync::Arc;

use carveout_grpc::{Blocking, Channel, ClientConfig, Secure, TargetError, check_health};
use carveout_health::{Dependency, Health};
use carveout_metrics::Metrics;

use crate::About;

/// What a service's start function can build on.
#[derive(Clone)]
pub struct Boot {
    about: About,
    health: Health,
    metrics: Metrics,
    secure: Option<Arc<dyn Secure>>,
    blocking: Blocking,
}

impl Boot {
    pub(crate) fn new(
        about: About,
        health: Health,
        metrics: Metrics,
        secure: Option<Arc<dyn Secure>>,
        blocking: Blocking,
    ) -> Self {
        Self {
            about,
            health,
            metrics,
            secure,
            blocking,
        }
    }

    /// Who the service is.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Where dependencies are registered, critical or optional.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Where the service's own metrics are registered.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Where handlers run what blocks a thread, a driver that knows no `async` say, or computes for
    /// long: `blocking.run(|| ...).await`. There are `overload.max_blocking` places.
    pub fn blocking(&self) -> &Blocking {
        &self.blocking
    }

    /// A measured channel to a downstream service, given its API crate's `FILE_DESCRIPTOR_SET`. It
    /// connects at the first call. An `https://` target gets the service's own TLS, `[tls]`.
    pub fn channel(
        &self,
        config: &ClientConfig,
        descriptors: &[u8],
    ) -> Result<Channel, TargetError> {
        let channel = match &self.secure {
            Some(secure) if config.target.starts_with("https://") => {
                Channel::secured(config, secure.clone())?
            }
            _ => Channel::new(config)?,
        };
        Ok(channel.observed_by(&self.metrics, descriptors))
    }

    /// Asks the service behind `channel` for its health (`grpc.health.v1`) on a timer, and counts it
    /// among the dependencies of this one. `service` is the API crate's `SERVICE_NAME`.
    ///
    /// Two services that are critical to each other never become ready: one of them has to do with
    /// [`Dependency::optional`].
    pub fn watch_service(&self, dependency: Dependency, channel: &Channel, service: &'static str) {
        let channel = channel.clone();
        self.health.watch_dependency(dependency, move || {
            let channel = channel.clone();
            async move {
                match check_health(channel, service).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(format!("{service} is not serving")),
                    Err(status) => Err(format!("{:?}: {}", status.code(), status.message())),
                }
            }
        });
    }
}
