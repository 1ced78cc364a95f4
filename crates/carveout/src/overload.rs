use carveout_config::Live;
use carveout_grpc::{Admission, OverloadConfig};

use crate::reload;

/// Puts the mode and the times of every new configuration into force. Limits are those of the start:
/// what has been measured since is worth more than what is written.
pub(crate) fn follow(admission: Admission, config: Live<OverloadConfig>) {
    reload::follow(config, move |changed| {
        admission.configure(changed);
        tracing::info!(mode = %changed.mode, "a new overload configuration is in force");
    });
}
