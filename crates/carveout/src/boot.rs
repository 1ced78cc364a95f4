use carveout_grpc::{Channel, ClientConfig, TargetError};
use carveout_health::Health;
use carveout_metrics::Metrics;

use crate::About;

/// What a service's start function can build on.
#[derive(Clone)]
pub struct Boot {
    about: About,
    health: Health,
    metrics: Metrics,
}

impl Boot {
    pub(crate) fn new(about: About, health: Health, metrics: Metrics) -> Self {
        Self {
            about,
            health,
            metrics,
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

    /// A measured channel to a downstream service, given its API crate's `FILE_DESCRIPTOR_SET`. It
    /// connects at the first call.
    pub fn channel(
        &self,
        config: &ClientConfig,
        descriptors: &[u8],
    ) -> Result<Channel, TargetError> {
        Ok(Channel::new(config)?.observed_by(&self.metrics, descriptors))
    }
}
