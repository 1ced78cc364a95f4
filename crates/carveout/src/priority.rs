use carveout_config::Live;
use carveout_grpc::Priority;

use crate::reload;
use crate::settings::PriorityConfig;

/// Puts the callers and the secret into force, and from then on those of every new configuration.
pub(crate) fn enforce(priority: Priority, config: Live<PriorityConfig>) {
    let put = move |config: &PriorityConfig| {
        let secret = config.trace_secret.is_set();
        let secret = secret.then(|| config.trace_secret.expose().as_str());
        // The section's own check has read the callers already.
        if let Err(error) = priority.set(&config.critical_plus_callers, secret) {
            tracing::error!(%error, "priorities not changed");
        }
    };
    put(&config.get());
    reload::follow(config, move |changed| {
        put(changed);
        tracing::info!("new priorities are in force");
    });
}
