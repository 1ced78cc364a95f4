use std::fmt;

use serde::{Deserialize, Serialize};

/// What a guard, something that may refuse calls, does with what it finds. The same three for all
/// of them, so that each can be watched before it is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardMode {
    /// It decides nothing.
    #[default]
    Off,
    /// It counts what it would have refused, and refuses nothing.
    Dark,
    /// It refuses.
    Enforce,
}

impl GuardMode {
    /// As it is written in configuration and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            GuardMode::Off => "off",
            GuardMode::Dark => "dark",
            GuardMode::Enforce => "enforce",
        }
    }
}

impl fmt::Display for GuardMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
