use carveout_config::{Config, ConfigError, Live, Reload};
use carveout_grpc::OverloadConfig;
use carveout_telemetry::{LogControl, TelemetryConfig};

use crate::settings::AdminConfig;

/// What takes a new configuration into force, for the signal and for the admin port.
#[derive(Clone)]
pub(crate) struct Reloader {
    pub(crate) config: Config,
    pub(crate) admin: Live<AdminConfig>,
    pub(crate) telemetry: Live<TelemetryConfig>,
    pub(crate) overload: Live<OverloadConfig>,
    /// Absent where somebody else set the telemetry up.
    pub(crate) log: Option<LogControl>,
}

/// Sections that changed.
#[derive(Debug, Default)]
pub(crate) struct Reloaded {
    pub(crate) in_force: Vec<&'static str>,
    /// What is bound or connected at the start and stays as it is until the next one.
    pub(crate) after_restart: Vec<&'static str>,
}

/// Has `put` take every new configuration of a section into force, from now on.
pub(crate) fn follow<T: Send + Sync + 'static>(
    mut config: Live<T>,
    mut put: impl FnMut(&T) + Send + 'static,
) {
    tokio::spawn(async move {
        loop {
            let changed = config.changed().await;
            put(&changed);
        }
    });
}

impl Reloader {
    /// Everything that can change while a service runs does; the error lists every mistake, and then
    /// nothing has changed.
    pub(crate) fn reload(&self) -> Result<Reloaded, ConfigError> {
        let admin_before = self.admin.get();
        let before = self.telemetry.get();
        let overload_before = self.overload.get();
        let Reload::Applied { sections } = self.config.reload()? else {
            return Ok(Reloaded::default());
        };
        let after = self.telemetry.get();
        if let Some(log) = &self.log {
            // The section's own check has read it already.
            let _ = log.configure(&after.log_level);
        }
        let only_the_level = TelemetryConfig {
            log_level: after.log_level.clone(),
            ..TelemetryConfig::clone(&before)
        } == *after;
        let restart = |section: &&'static str| match *section {
            "grpc" | "tls" => true,
            // The token is asked for at every request.
            "admin" => !admin_before.listens_as(&self.admin.get()),
            "telemetry" => !only_the_level,
            "overload" => !overload_before.reloads_to(&self.overload.get()),
            _ => false,
        };
        let (after_restart, in_force) = sections.into_iter().partition(restart);
        Ok(Reloaded {
            in_force,
            after_restart,
        })
    }
}
