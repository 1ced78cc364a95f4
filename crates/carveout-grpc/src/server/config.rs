use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::compression::Compression;

/// What is longer is a mistake, and more than the clock can be asked to add.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

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
    /// Connections that may be open at once; one more is closed at once. Lowered where the limit of
    /// open files is too low for so many.
    pub max_connections: usize,
    /// Calls that one connection may have under way at once; a caller waits for a free one.
    pub max_concurrent_streams: u32,
    /// A connection that was silent for so long is asked for a sign of life ...
    #[serde(with = "humantime_serde")]
    pub keepalive_interval: Duration,
    /// ... and closed when it gives none for so long, or when a call goes on for so long past its
    /// deadline because its caller does not read.
    #[serde(with = "humantime_serde")]
    pub keepalive_timeout: Duration,
    /// How long a new connection may take to say that it speaks HTTP/2.
    #[serde(with = "humantime_serde")]
    pub preface_timeout: Duration,
    /// A connection without a call for so long is told to go (GOAWAY).
    #[serde(with = "humantime_serde")]
    pub idle_timeout: Duration,
    /// A connection so old, a tenth more or less, is told to go, so that its caller balances anew.
    #[serde(with = "humantime_serde")]
    pub max_connection_age: Duration,
    /// One that was told to go is closed, calls and all, after so long.
    #[serde(with = "humantime_serde")]
    pub max_connection_age_grace: Duration,
    /// The largest message that a caller may send, in bytes, as it is before compression.
    pub max_request_bytes: usize,
    /// The largest message that a handler may answer with, in bytes, as it is before compression.
    pub max_response_bytes: usize,
    /// `off`, `accept` (compressed requests are taken) or `on` (answers are compressed too); gzip
    /// and zstd.
    pub compression: Compression,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            host: "0.0.0.0".to_owned(),
            port: 50051,
            default_deadline: Duration::from_secs(30),
            max_connections: 10_000,
            max_concurrent_streams: 1024,
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            preface_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10 * 60),
            max_connection_age: Duration::from_secs(30 * 60),
            max_connection_age_grace: Duration::from_secs(5 * 60),
            max_request_bytes: 4 * 1024 * 1024,
            max_response_bytes: 4 * 1024 * 1024,
            compression: Compression::default(),
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
            ("preface_timeout", self.preface_timeout),
            ("idle_timeout", self.idle_timeout),
            ("max_connection_age", self.max_connection_age),
            ("max_connection_age_grace", self.max_connection_age_grace),
        ];
        let numbers = [
            ("max_connections", self.max_connections),
            (
                "max_concurrent_streams",
                self.max_concurrent_streams as usize,
            ),
            ("max_request_bytes", self.max_request_bytes),
            ("max_response_bytes", self.max_response_bytes),
        ];
        let none = durations.iter().find(|(_, duration)| duration.is_zero());
        let endless = durations.iter().find(|(_, duration)| *duration > LONGEST);
        let zero = numbers.iter().find(|(_, number)| *number == 0);
        match (none, endless, zero) {
            (Some((key, _)), ..) => Err((key, "must be above zero")),
            (_, Some((key, _)), _) => Err((key, "must be at most 100 years")),
            (.., Some((key, _))) => Err((key, "must be at least 1")),
            (None, None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_no_clock_reaches_is_refused() {
        let config = |age: &str| ServerConfig {
            max_connection_age: humantime::parse_duration(age).unwrap(),
            ..ServerConfig::default()
        };
        assert_eq!(config("99years").check(), Ok(()));
        let endless = ("max_connection_age", "must be at most 100 years");
        assert_eq!(config("500000000000years").check(), Err(endless));
    }
}
