use carveout_config::Live;
use carveout_grpc::{Access, AccessError};

use crate::reload::follow;
use crate::settings::AccessConfig;

/// Puts the policy into force, and from then on every one that a reload brings. A policy that is not
/// one of this service fails the start; later, the last good one stays.
pub(crate) fn enforce(access: &Access, config: Live<AccessConfig>) -> Result<(), AccessError> {
    let put =
        |access: &Access, config: &AccessConfig| access.set(config.mode, config.policy_file.get());
    put(access, &config.get())?;
    let access = access.clone();
    follow(config, move |changed| match put(&access, changed) {
        Ok(()) => tracing::info!(mode = %changed.mode, "a new access policy is in force"),
        Err(error) => {
            tracing::error!(%error, "access policy not reloaded, the last good one stays");
        }
    });
    Ok(())
}
