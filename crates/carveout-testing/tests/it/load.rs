//! k6 calls a service from outside, at a rate that does not wait for answers.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use crate::foreign::script;
use crate::talking::Talking;
use crate::tools::{program, repository};

/// What `tests/foreign/rolling.js` asks for each second.
const LISTED: u64 = 270;
const CREATED: u64 = 20;
// Not a divisor of the others: a proxy that takes turns would give one instance all of the watches.
const WATCHED: u64 = 7;

/// k6, while it calls.
pub(crate) struct Load {
    process: Talking,
    seconds: u64,
}

impl Load {
    /// `None` where there is no k6.
    pub(crate) fn start(target: SocketAddr, lasts: Duration) -> Option<Self> {
        let mut k6 = program("k6")?;
        let seconds = lasts.as_secs();
        k6.args(["run", "--quiet", "--no-color", "--no-usage-report"])
            // Its own control port, which is the same one for every k6 otherwise.
            .args(["--address", "127.0.0.1:0"])
            .arg(script("rolling.js"))
            .env("TARGET", target.to_string())
            .env("PROTO", repository().join("proto"))
            .env("SECONDS", seconds.to_string());
        let process = Talking::start(k6);
        Some(Self { process, seconds })
    }

    /// Waits for its end and answers what it saw.
    pub(crate) async fn end(mut self) -> Seen {
        let ended = self.process.end().await;
        let said = self.process.everything();
        assert!(ended.success(), "k6: {ended}\n{said}");
        let summary = said.lines().find(|line| line.starts_with("{\"listed\""));
        let summary = summary.unwrap_or_else(|| panic!("k6 counted nothing:\n{said}"));
        eprintln!("k6: {summary}");
        let seen = Seen {
            counts: serde_json::from_str(summary).unwrap(),
            said,
        };
        seen.assert_enough(self.seconds);
        seen
    }

    /// Whether it still calls.
    pub(crate) fn goes_on(&mut self) -> bool {
        self.process.runs()
    }
}

/// What the callers saw.
pub(crate) struct Seen {
    counts: Value,
    /// Each failure, and the counts.
    pub(crate) said: String,
}

impl Seen {
    /// How many calls of a kind there were, `failed` say.
    pub(crate) fn count(&self, kind: &str) -> u64 {
        self.counts[kind].as_u64().unwrap()
    }

    /// A load that hardly called proves nothing. A machine that has much else to do may keep k6 from
    /// half of it.
    fn assert_enough(&self, seconds: u64) {
        for (kind, rate) in [
            ("listed", LISTED),
            ("created", CREATED),
            ("watched", WATCHED),
        ] {
            let (count, planned) = (self.count(kind), rate * seconds);
            assert!(
                count + self.count("failed") >= planned / 2,
                "{count} were {kind} where {planned} were planned\n{}",
                self.said
            );
        }
    }
}
