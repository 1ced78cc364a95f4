use carveout_config::Live;
use carveout_grpc::{GuardMode, Quota, QuotaConfig};

use crate::reload;

/// Puts the quotas into force, and from then on those of every new configuration. Whether callers have
/// to say who they are, by a certificate, is decided at the start.
pub(crate) fn enforce(quota: Quota, config: Live<QuotaConfig>, callers_are_known: bool) {
    let put = move |config: &QuotaConfig| {
        if config.mode != GuardMode::Off && !callers_are_known {
            let named = config.callers.len();
            tracing::warn!(
                named,
                "quotas without mutual TLS: all callers are one, `anonymous`"
            );
        }
        quota.set(config);
    };
    put(&config.get());
    reload::follow(config, move |changed| {
        put(changed);
        tracing::info!(mode = %changed.mode, "new quotas are in force");
    });
}
