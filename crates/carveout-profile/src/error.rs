use std::time::Duration;

use crate::{HEAP_SETTING, MOST};

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// No time, or too much of it.
    #[error("a profile takes more than nothing and at most {} s, and not {asked:?}", MOST.as_secs())]
    Duration {
        /// What was asked for.
        asked: Duration,
    },
    /// Another profile is being taken.
    #[error("another profile is being taken; it is done in {} s", left.as_secs() + 1)]
    Busy {
        /// How long it takes still.
        left: Duration,
    },
    /// jemalloc does not keep track.
    #[error(
        "allocations are not tracked; start the process with {HEAP_SETTING} in its environment"
    )]
    HeapOff,
    /// The profiler itself failed.
    #[error("the profile failed: {0}")]
    Failed(String),
}

impl ProfileError {
    pub(crate) fn failed(why: impl ToString) -> Self {
        ProfileError::Failed(why.to_string())
    }
}
