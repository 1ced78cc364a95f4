use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The `[grpc]` section: where the server listens and what it allows a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address to listen on; `0.0.0.0` is every IPv4 interface, `::` every interface.
    pub host: String,
    /// Port to listen on; 0 takes any free one.
    pub port: u16,
    /// The longest that a call may take when its contract declares no deadline and its caller sends
    /// none.
    #[serde(with = "humantime_serde")]
    pub default_deadline: Duration,
    /// Calls that one connection may have under way at once; a caller waits for a free one.
    pub max_concurrent_streams: u32,
    /// A connection that was silent for so long is asked for a sign of life ...
    #[serde(with = "humantime_serde")]
    pub keepalive_interval: Duration,
    /// ... and closed when it gives none for so long.
    #[serde(with = "humantime_serde")]
    pub keepalive_timeout: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            host: "0.0.0.0".to_owned(),
            port: 50051,
            default_deadline: Duration::from_secs(30),
            max_concurrent_streams: 1024,
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
        }
    }
}

impl ServerConfig {
    /// Refuses values that no server can be run with: the key, and what it must be.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let durations = [
            ("default_deadline", self.default_deadline),
            ("keepalive_interval", self.keepalive_interval),
            ("keepalive_timeout", self.keepalive_timeout),
        ];
        match durations.iter().find(|(_, duration)| duration.is_zero()) {
            Some((key, _)) => Err((key, "must be above zero")),
            None if self.max_concurrent_streams == 0 => {
                Err(("max_concurrent_streams", "must be at least 1"))
            }
            None => Ok(()),
        }
    }
}
