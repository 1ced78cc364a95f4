use std::time::Duration;

use serde::de::{Deserializer, Error, Unexpected};
use serde::{Deserialize, Serialize};

use super::channel::address;

/// As gRPC has it, and tonic's generated clients.
const DEFAULT_MAX_MESSAGE_SIZE: usize = 4 * 1024 * 1024;

/// Longer than any call, and short enough to be added to any clock's time.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Where a downstream service is and how long to wait for it. A section, or part of one, of the
/// caller's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientConfig {
    /// `http://HOST:PORT`, or `https://HOST:PORT` with TLS. Configuration with any other value is
    /// refused when it is loaded.
    #[serde(deserialize_with = "target")]
    pub target: String,
    /// The longest that one call may take, connecting included. The rest of the caller's own
    /// deadline is used when that is shorter. `Duration::MAX` is no bound.
    #[serde(
        serialize_with = "humantime_serde::serialize",
        deserialize_with = "duration"
    )]
    pub timeout: Duration,
    /// The longest that making a connection may take.
    #[serde(
        serialize_with = "humantime_serde::serialize",
        deserialize_with = "duration"
    )]
    pub connect_timeout: Duration,
    /// A connection with calls under way that was silent for so long is asked for a sign of life
    /// ...
    #[serde(
        serialize_with = "humantime_serde::serialize",
        deserialize_with = "duration"
    )]
    pub keepalive_interval: Duration,
    /// ... and given up when it gives none for so long.
    #[serde(
        serialize_with = "humantime_serde::serialize",
        deserialize_with = "duration"
    )]
    pub keepalive_timeout: Duration,
    /// The largest message of an answer, in bytes as it is on the wire; a larger one ends the call with
    /// RESOURCE_EXHAUSTED. To raise it, raise the generated client's `max_decoding_message_size` too,
    /// which has the same default.
    pub max_message_size: usize,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            target: String::new(),
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(2),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            max_message_size: DEFAULT_MAX_MESSAGE_SIZE,
        }
    }
}

impl ClientConfig {
    /// The defaults, for `target`.
    pub fn to(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            ..Self::default()
        }
    }
}

fn target<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let target = String::deserialize(deserializer)?;
    match address(&target) {
        Ok(_) => Ok(target),
        Err(_) => Err(D::Error::invalid_value(
            Unexpected::Str(&target),
            &"an address such as \"http://orders:20000\"",
        )),
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let duration: Duration = humantime_serde::deserialize(deserializer)?;
    if duration.is_zero() || duration > LONGEST {
        return Err(D::Error::invalid_value(
            Unexpected::Str(&format!("{duration:?}")),
            &"a duration above zero and of at most 100 years",
        ));
    }
    Ok(duration)
}
