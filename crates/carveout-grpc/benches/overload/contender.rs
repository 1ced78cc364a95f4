/// What stands between the callers and the handler.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    /// tonic's own server.
    None,
    /// tower's own limit of 8 calls at once, and its load shedding.
    Fixed,
    TowerAccVegas,
    TowerAccGradient2,
    TowerResilienceVegas,
    TowerResilienceGradient2,
    LittleLoadshedder,
    /// Envoy with its filter for adaptive concurrency, in front of tonic's own server.
    Envoy,
    /// The same, never below 8 calls at once.
    EnvoyTuned,
    /// The kit's server, as it comes.
    Carveout,
}

impl Contender {
    pub(crate) const ALL: [Contender; 10] = [
        Contender::None,
        Contender::Fixed,
        Contender::TowerAccVegas,
        Contender::TowerAccGradient2,
        Contender::TowerResilienceVegas,
        Contender::TowerResilienceGradient2,
        Contender::LittleLoadshedder,
        Contender::Envoy,
        Contender::EnvoyTuned,
        Contender::Carveout,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Contender::None => "none",
            Contender::Fixed => "fixed",
            Contender::TowerAccVegas => "tower-acc-vegas",
            Contender::TowerAccGradient2 => "tower-acc-gradient2",
            Contender::TowerResilienceVegas => "tower-resilience-vegas",
            Contender::TowerResilienceGradient2 => "tower-resilience-gradient2",
            Contender::LittleLoadshedder => "little-loadshedder",
            Contender::Envoy => "envoy",
            Contender::EnvoyTuned => "envoy-tuned",
            Contender::Carveout => "carveout",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// For those in front of which Envoy is started: the fewest calls at once that it may go down to,
    /// where that is not its own default.
    pub(crate) fn proxied(self) -> Option<Option<u32>> {
        match self {
            Contender::Envoy => Some(None),
            Contender::EnvoyTuned => Some(Some(8)),
            _ => None,
        }
    }
}
