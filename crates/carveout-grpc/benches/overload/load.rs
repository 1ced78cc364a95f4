use std::time::Duration;

/// What callers do.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Load {
    /// Call so many times the capacity.
    Times(f64),
    /// Call 0.8 times the capacity while that becomes half of what it was.
    Halved,
    /// Call twice the capacity of a process that has just started.
    Cold,
    /// Call twice the capacity for a while, try up to three times more what has failed, and go on
    /// with 0.8 times the capacity.
    Retries,
    /// Call three times the capacity; what is critical would fit.
    Mix,
}

/// What a load comes to.
pub(crate) struct Plan {
    /// How long, and how many times the capacity.
    pub(crate) phases: Vec<(Duration, f64)>,
    /// Calls count that are due from here to the end of the phases.
    pub(crate) counted_from: Duration,
    /// When the capacity halves.
    pub(crate) halved_at: Option<Duration>,
    /// When it should go well again.
    pub(crate) recovers_from: Option<Duration>,
    /// How often a call is tried again.
    pub(crate) retries: u32,
    /// The share of calls that are critical, where calls say what they are.
    pub(crate) critical: Option<f64>,
}

impl Load {
    pub(crate) const ALL: [Load; 9] = [
        Load::Times(0.8),
        Load::Times(1.4),
        Load::Times(2.0),
        Load::Times(3.0),
        Load::Times(10.0),
        Load::Halved,
        Load::Cold,
        Load::Retries,
        Load::Mix,
    ];

    pub(crate) fn name(self) -> String {
        match self {
            Load::Times(times) => format!("{times}x"),
            Load::Halved => "halved".into(),
            Load::Cold => "cold".into(),
            Load::Retries => "retries".into(),
            Load::Mix => "mix".into(),
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|load| load.name() == name)
    }

    pub(crate) fn plan(self, measured: Duration) -> Plan {
        const WARM: Duration = Duration::from_secs(1);
        let steady = |times| Plan {
            phases: vec![(WARM + measured, times)],
            counted_from: WARM,
            halved_at: None,
            recovers_from: None,
            retries: 0,
            critical: None,
        };
        match self {
            Load::Times(times) => steady(times),
            Load::Halved => Plan {
                halved_at: Some(WARM),
                recovers_from: Some(WARM),
                ..steady(0.8)
            },
            Load::Cold => Plan {
                phases: vec![(measured, 2.0)],
                counted_from: Duration::ZERO,
                recovers_from: Some(Duration::ZERO),
                ..steady(2.0)
            },
            Load::Retries => Plan {
                phases: vec![(WARM, 0.8), (measured / 2, 2.0), (measured, 0.8)],
                recovers_from: Some(WARM + measured / 2),
                retries: 3,
                ..steady(0.8)
            },
            Load::Mix => Plan {
                critical: Some(0.3),
                ..steady(3.0)
            },
        }
    }
}

impl Plan {
    pub(crate) fn end(&self) -> Duration {
        self.phases.iter().map(|(time, _)| *time).sum()
    }

    /// How many times the capacity its heaviest phase is.
    pub(crate) fn most(&self) -> f64 {
        self.phases
            .iter()
            .map(|(_, times)| *times)
            .fold(0.0, f64::max)
    }

    /// The share of the usual capacity that is there while calls count.
    pub(crate) fn capacity(&self) -> f64 {
        if self.halved_at.is_some() { 0.5 } else { 1.0 }
    }
}
