use std::fmt;
use std::time::Duration;

/// What came of one scenario.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// What was refused, and how.
    pub(crate) outcome: String,
    /// Connections that were open at the most.
    pub(crate) held: u64,
    /// Of the healthy callers' calls, those that were answered.
    pub(crate) share: f64,
    pub(crate) p99: Duration,
    /// Fresh, before, at the most, after; in KiB.
    pub(crate) memory: [u64; 4],
    /// Of the server, in seconds of a core.
    pub(crate) cpu: f64,
    pub(crate) took: Duration,
    pub(crate) verdict: Verdict,
}

pub(crate) enum Verdict {
    Held,
    Failed(Vec<String>),
    Skipped(String),
}

impl Verdict {
    pub(crate) fn of(problems: Vec<String>) -> Self {
        match problems.is_empty() {
            true => Verdict::Held,
            false => Verdict::Failed(problems),
        }
    }

    pub(crate) fn is_failed(&self) -> bool {
        matches!(self, Verdict::Failed(_))
    }
}

impl Row {
    pub(crate) fn skipped(name: &'static str, why: String) -> Self {
        Self {
            name,
            outcome: String::new(),
            held: 0,
            share: 1.0,
            p99: Duration::ZERO,
            memory: [0; 4],
            cpu: 0.0,
            took: Duration::ZERO,
            verdict: Verdict::Skipped(why),
        }
    }
}

pub(crate) fn head() -> String {
    format!(
        "{} {}, {} CPUs\n\n{:19} {:>6} {:>8} {:>8} {:>27} {:>6} {:>6}  what was refused, and how",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        std::thread::available_parallelism().map_or(0, usize::from),
        "scenario",
        "held",
        "healthy",
        "p99",
        "MiB fresh/before/peak/after",
        "CPU s",
        "took s",
    )
}

pub(crate) fn foot() -> &'static str {
    "\nheld: connections open at the most, the four healthy ones included. healthy: calls of theirs that\n\
     were answered within a second. memory: before and after the second of two rounds, resident.\n\
     Bounds: healthy 99 %, memory after 1.10 of before, no scenario longer than a minute."
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Verdict::Skipped(why) = &self.verdict {
            return write!(f, "{:19} skipped: {why}", self.name);
        }
        let mib = self.memory.map(|kib| format!("{:.1}", kib as f64 / 1024.0));
        write!(
            f,
            "{:19} {:>6} {:>6.2} % {:>5.1} ms {:>27} {:>6.2} {:>6.1}  {}",
            self.name,
            self.held,
            self.share * 100.0,
            self.p99.as_secs_f64() * 1000.0,
            mib.join(" / "),
            self.cpu,
            self.took.as_secs_f64(),
            self.outcome,
        )?;
        match &self.verdict {
            Verdict::Failed(problems) => write!(f, "  FAILED: {}", problems.join(", ")),
            _ => Ok(()),
        }
    }
}
