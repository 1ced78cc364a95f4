use carveout_config::Live;
use carveout_grpc::{Quota, QuotaConfig};

/// Puts the quotas into force, and from then on those of every new configuration.
pub(crate) fn enforce(quota: Quota, mut config: Live<QuotaConfig>) {
    quota.set(&config.get());
    tokio::spawn(async move {
        loop {
            let changed = config.changed().await;
            quota.set(&changed);
            tracing::info!(mode = %changed.mode, "new quotas are in force");
        }
    });
}
