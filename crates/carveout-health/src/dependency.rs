use std::time::Duration;

use serde::Serialize;

use crate::report::State;

/// What the loss of a dependency means for the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Criticality {
    /// Nothing useful can be answered without it: its loss makes the service not ready.
    Critical,
    /// Answers get worse without it: its loss makes the service degraded, still ready.
    Optional,
}

/// A dependency and how it is checked.
#[derive(Clone, Debug)]
pub struct Dependency {
    pub(crate) name: String,
    pub(crate) criticality: Criticality,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) failures: u32,
    pub(crate) successes: u32,
}

impl Dependency {
    /// A dependency without which the service is not ready.
    pub fn critical(name: impl Into<String>) -> Self {
        Self::new(name.into(), Criticality::Critical)
    }

    /// A dependency without which the service is degraded.
    pub fn optional(name: impl Into<String>) -> Self {
        Self::new(name.into(), Criticality::Optional)
    }

    fn new(name: String, criticality: Criticality) -> Self {
        Self {
            name,
            criticality,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(1),
            failures: 3,
            successes: 1,
        }
    }

    /// Time between the end of one check and the start of the next; 5 s unless said otherwise.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// A check that takes longer has failed; 1 s unless said otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// So many failures in a row take it from up to down (3 unless said otherwise), so many
    /// successes in a row bring it back (1). A threshold of 0 counts as 1.
    pub fn thresholds(mut self, failures: u32, successes: u32) -> Self {
        self.failures = failures.max(1);
        self.successes = successes.max(1);
        self
    }
}

/// Counts checks in a row, so that one odd result changes nothing.
#[derive(Debug)]
pub(crate) struct Streak {
    failures: u32,
    successes: u32,
    in_a_row: u32,
}

impl Streak {
    pub(crate) fn new(dependency: &Dependency) -> Self {
        Self {
            failures: dependency.failures,
            successes: dependency.successes,
            in_a_row: 0,
        }
    }

    /// The state after one more check. The first check of all decides at once: nothing is known
    /// that it could contradict.
    pub(crate) fn next(&mut self, state: State, passed: bool) -> State {
        let (agrees, needed, other) = match state {
            State::Unknown => return if passed { State::Up } else { State::Down },
            State::Up => (passed, self.failures, State::Down),
            State::Down => (!passed, self.successes, State::Up),
        };
        self.in_a_row = if agrees { 0 } else { self.in_a_row + 1 };
        if self.in_a_row < needed {
            return state;
        }
        self.in_a_row = 0;
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_full_streak_changes_the_state() {
        let dependency = Dependency::critical("d").thresholds(3, 2);
        let mut streak = Streak::new(&dependency);
        let checks = [
            true, false, false, true, false, false, false, true, false, true, true,
        ];
        let mut state = State::Unknown;
        let seen: String = checks
            .iter()
            .map(|passed| {
                state = streak.next(state, *passed);
                if state == State::Up { 'U' } else { 'D' }
            })
            .collect();
        assert_eq!(seen, "UUUUUUDDDDU");
    }

    #[test]
    fn a_first_failure_is_believed() {
        let dependency = Dependency::critical("d");
        assert_eq!(
            Streak::new(&dependency).next(State::Unknown, false),
            State::Down
        );
    }
}
