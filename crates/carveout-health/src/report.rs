use serde::Serialize;

use crate::dependency::Criticality;
use crate::health::Phase;

/// What is known of a dependency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No check has ended yet.
    Unknown,
    /// The last checks passed.
    Up,
    /// The last checks failed.
    Down,
}

/// One dependency at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct DependencyReport {
    /// The name that it was registered under.
    pub name: String,
    /// What its loss means.
    pub criticality: Criticality,
    /// What is known of it.
    pub state: State,
    /// Why the last check failed; empty when it passed.
    pub last_error: String,
}

/// The service's health at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where the service is in its life.
    pub phase: Phase,
    /// Every dependency, in the order of registration.
    pub dependencies: Vec<DependencyReport>,
}

impl Report {
    /// Whether the start steps are done.
    pub fn is_started(&self) -> bool {
        self.phase != Phase::Starting
    }

    /// Whether calls should be sent here.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Serving && self.all_up(Criticality::Critical)
    }

    /// Whether some optional dependency is not up. Calls are served all the same.
    pub fn is_degraded(&self) -> bool {
        !self.all_up(Criticality::Optional)
    }

    fn all_up(&self, criticality: Criticality) -> bool {
        self.dependencies
            .iter()
            .filter(|d| d.criticality == criticality)
            .all(|d| d.state == State::Up)
    }
}
