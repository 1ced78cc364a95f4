use std::time::Duration;

/// What a handler does with a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    /// Computes for 5 ms.
    Cpu,
    /// Holds its thread for 5 ms without computing, as a driver without an async interface does.
    Blocking,
    /// Waits for one of two connections of a pool, and then 5 ms for the answer on it.
    Pool,
    /// Holds its thread for 1 ms in nine calls of ten, and for 50 ms in the tenth.
    Bimodal,
    /// Answers at once.
    Micro,
    /// Refuses at once. Not compared: it says what a refusal costs at the least.
    Refuse,
}

impl Scenario {
    pub(crate) const ALL: [Scenario; 5] = [
        Scenario::Cpu,
        Scenario::Blocking,
        Scenario::Pool,
        Scenario::Bimodal,
        Scenario::Micro,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Scenario::Cpu => "cpu",
            Scenario::Blocking => "blocking",
            Scenario::Pool => "pool",
            Scenario::Bimodal => "bimodal",
            Scenario::Micro => "micro",
            Scenario::Refuse => "refuse",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter().chain([Scenario::Refuse]);
        all.find(|scenario| scenario.name() == name)
    }

    /// How long the handler takes for the call of this number.
    pub(crate) fn time(self, call: u64) -> Duration {
        match self {
            Scenario::Cpu | Scenario::Blocking | Scenario::Pool => Duration::from_millis(5),
            Scenario::Bimodal if scattered(call).is_multiple_of(10) => Duration::from_millis(50),
            Scenario::Bimodal => Duration::from_millis(1),
            Scenario::Micro | Scenario::Refuse => Duration::ZERO,
        }
    }

    /// Whether the processor is what there is too little of under overload, so that refusals are paid
    /// from the same purse as answers.
    pub(crate) fn uses_processor(self) -> bool {
        matches!(self, Scenario::Cpu | Scenario::Micro)
    }

    /// Calls under way at once that keep a server busy and that hardly wait for each other. A handler
    /// that takes no time is busy only when many calls come with one wake-up.
    pub(crate) fn callers(self) -> usize {
        match self {
            Scenario::Micro => 32,
            _ => 8,
        }
    }
}

/// The long calls come in no pattern, and in the same one every time (Fibonacci hashing).
fn scattered(call: u64) -> u64 {
    call.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}
